import { DaemonError, PyroError } from '../protocol/errors.js';
import { isPrivateName } from './private-names.js';
import type { ObjectMetadata } from './target.js';

type AnyFunction = (...args: never[]) => unknown;
type AnyClass = abstract new (...args: never[]) => object;

/** What was said of a function. Functions carry it, as in Pyro5: an override is another function and must be exposed again. */
interface Marks {
  exposed?: boolean;
  oneway?: boolean;
  callback?: boolean;
}

const marksOf = new WeakMap<object, Marks>();
const metadataOf = new WeakMap<object, ObjectMetadata>();

/** Members that belong to JavaScript or to Nest, not to the remote interface; exposing a whole class passes them over. */
const LIFECYCLE_NAMES = new Set([
  'constructor',
  'toJSON',
  'toString',
  'toLocaleString',
  'valueOf',
  'then',
  'onModuleInit',
  'onModuleDestroy',
  'onApplicationBootstrap',
  'onApplicationShutdown',
  'beforeApplicationShutdown',
  'onPyroConnect',
  'onPyroDisconnect',
  'onPyroHousekeeping',
]);

/** Decorator of both kinds (TypeScript's and the standard's), for methods, accessors and classes. */
// oxlint-disable-next-line typescript/no-explicit-any -- decorators of both kinds have no common type
export type AnyDecorator = (...args: any[]) => any;

/**
 * Exposes a method, an accessor (as a remote attribute), named members of a class, or all own public members of a class.
 *
 * As a decorator: `@expose` on a member or a class. As a function: `expose(Thing, 'add', 'total')`, `expose(Thing)`.
 * Of a class, members it inherits are not exposed by this, nor are lifecycle hooks.
 *
 * @throws {PyroError} on private names (`_x`) and names the class does not have
 * @see Pyro5/server.py, `expose`
 */
export const expose: AnyDecorator = (target: unknown, ...rest: unknown[]): unknown => {
  if (typeof target === 'function' && rest.length > 0 && rest.every((name) => typeof name === 'string')) {
    for (const name of rest) exposeMember((target as AnyClass).prototype as object, name);
    return target;
  }
  if (typeof target === 'function' && isClassDecoration(rest)) {
    exposeClass(target as unknown as AnyClass);
    return target;
  }
  for (const { name, fn } of decorated(target, rest)) mark(fn, checkName(name), { exposed: true });
  return undefined;
};

/** Marks a method oneway: clients do not wait for it. @see Pyro5/server.py, `oneway` */
export const oneway: AnyDecorator = (target: unknown, ...rest: unknown[]): unknown => markMember(target, rest, { oneway: true });

/** Marks a method a callback: its errors also surface on this side, as the daemon's `callError`. @see Pyro5/server.py, `callback` */
export const callback: AnyDecorator = (target: unknown, ...rest: unknown[]): unknown =>
  markMember(target, rest, { callback: true });

/** Exposed members of an object's class and of the object itself. Cached per class until {@link resetMetadata}. */
export function metadataFor(source: object): ObjectMetadata {
  const start = typeof source === 'function' ? ((source as unknown as AnyClass).prototype as object) : source;
  const ownNames = typeof source === 'function' ? [] : Object.getOwnPropertyNames(source);
  const own = ownNames.some((name) => marksOf.has(functionOf(Object.getOwnPropertyDescriptor(source, name)!) ?? source));
  const key = own || typeof source === 'function' ? start : (Object.getPrototypeOf(start) as object);
  let metadata = metadataOf.get(key);
  if (metadata === undefined) metadataOf.set(key, (metadata = collectMetadata(key)));
  return metadata;
}

/** Has the members of an object's class looked up anew. */
export function resetMetadata(source: object): void {
  metadataOf.delete(source);
  metadataOf.delete(
    typeof source === 'function'
      ? ((source as unknown as AnyClass).prototype as object)
      : (Object.getPrototypeOf(source) as object),
  );
}

/** True for methods marked {@link callback}. */
export function isCallbackMethod(source: object, name: string): boolean {
  const fn = functionOf(findDescriptor(source, name));
  return fn !== undefined && marksOf.get(fn)?.callback === true;
}

/** The property as the object or its prototype chain has it; nothing of `Object.prototype`. */
export function findDescriptor(source: object, name: string): PropertyDescriptor | undefined {
  for (
    let holder: object | null = source;
    holder && holder !== Object.prototype;
    holder = Object.getPrototypeOf(holder) as object | null
  ) {
    const descriptor = Object.getOwnPropertyDescriptor(holder, name);
    if (descriptor) return descriptor;
  }
  return undefined;
}

function collectMetadata(source: object): ObjectMetadata {
  const methods = new Set<string>();
  const onewayNames = new Set<string>();
  const attrs = new Set<string>();
  const seen = new Set<string>();
  for (
    let holder: object | null = source;
    holder && holder !== Object.prototype;
    holder = Object.getPrototypeOf(holder) as object | null
  ) {
    for (const name of Object.getOwnPropertyNames(holder)) {
      if (seen.has(name)) continue;
      seen.add(name);
      if (isPrivateName(name)) continue;
      const descriptor = Object.getOwnPropertyDescriptor(holder, name)!;
      const fn = functionOf(descriptor);
      const marks = fn && marksOf.get(fn);
      if (!marks?.exposed) continue;
      if (typeof descriptor.value !== 'function') attrs.add(name);
      else {
        methods.add(name);
        if (marks.oneway) onewayNames.add(name);
      }
    }
  }
  return { methods, oneway: onewayNames, attrs };
}

function exposeClass(type: AnyClass): void {
  const prototype = type.prototype as object;
  for (const name of Object.getOwnPropertyNames(prototype)) {
    if (LIFECYCLE_NAMES.has(name) || name.startsWith('$') || isPrivateName(name)) continue;
    const fn = functionOf(Object.getOwnPropertyDescriptor(prototype, name)!);
    if (fn) mark(fn, name, { exposed: true });
  }
  metadataOf.delete(prototype);
}

function exposeMember(prototype: object, name: string): void {
  const fn = functionOf(findDescriptor(prototype, name));
  if (fn === undefined) throw new PyroError(`expose: the class has no method or accessor "${name}"`);
  mark(fn, checkName(name), { exposed: true });
  metadataOf.delete(prototype);
}

function markMember(target: unknown, rest: unknown[], marks: Marks): unknown {
  if (typeof target === 'function' && rest.length > 0 && rest.every((name) => typeof name === 'string')) {
    const prototype = (target as unknown as AnyClass).prototype as object;
    for (const name of rest) {
      const fn = functionOf(findDescriptor(prototype, name));
      if (fn === undefined) throw new PyroError(`the class has no method "${name}"`);
      mark(fn, name, marks);
    }
    metadataOf.delete(prototype);
    return target;
  }
  for (const { name, fn } of decorated(target, rest)) mark(fn, name, marks);
  return undefined;
}

function mark(fn: object, name: string, marks: Marks): void {
  if (name.startsWith('$')) throw new PyroError(`"${name}" cannot be exposed: names with $ are a proxy's own`);
  marksOf.set(fn, { ...marksOf.get(fn), ...marks });
}

function checkName(name: string): string {
  if (isPrivateName(name)) throw new PyroError(`exposing private names (starting with _) is not allowed: "${name}"`);
  return name;
}

function functionOf(descriptor: PropertyDescriptor | undefined): AnyFunction | undefined {
  const fn: unknown = descriptor?.get ?? descriptor?.set ?? descriptor?.value;
  return typeof fn === 'function' ? (fn as AnyFunction) : undefined;
}

/** True for `@expose class`, of either kind, and for `expose(Class)`. */
function isClassDecoration(rest: unknown[]): boolean {
  const [context] = rest;
  return context === undefined || (isContext(context) && context.kind === 'class');
}

function isContext(value: unknown): value is { kind: string; name: string | symbol } {
  return typeof value === 'object' && value !== null && 'kind' in value && 'name' in value;
}

/** The function that a member decorator of either kind was put on. */
function decorated(target: unknown, rest: unknown[]): { name: string; fn: object }[] {
  const [second, descriptor] = rest;
  if (isContext(second) && typeof second.name === 'string') {
    if (typeof target === 'function') return [{ name: second.name, fn: target }];
  } else if (typeof second === 'string' && typeof target === 'object' && target !== null) {
    const fn = functionOf((descriptor as PropertyDescriptor | undefined) ?? Object.getOwnPropertyDescriptor(target, second));
    if (fn) return [{ name: second, fn }];
  }
  throw new DaemonError(
    'expose, oneway and callback decorate methods and accessors (expose also classes), not fields or parameters',
  );
}
