import type { CanActivate, ExceptionFilter, NestInterceptor, PipeTransform, Type } from '@nestjs/common';
import type { AnyClass } from '../../objects/decorated-member.js';
import type { Parameters } from '../../objects/parameters.js';
import { isPrivateName } from '../../objects/private-names.js';

/** How an Observable result is kept until the client asks for it. */
export interface PyroStreamOptions {
  /** Items that wait for the client at most. Default 1,000. */
  buffer?: number;
  /** What becomes of an item that finds the buffer full. Default `error`: the stream fails. */
  overflow?: 'error' | 'dropOldest' | 'dropNewest';
}

export const DEFAULT_STREAM_OPTIONS: Readonly<Required<PyroStreamOptions>> = { buffer: 1_000, overflow: 'error' };

/** Enhancers of one attribute: Nest's own decorators refuse accessors. */
export interface PyroPropertyOptions {
  /** Wire name. Default: that of the accessor. */
  name?: string;
  /** Run on each read and write, behind those of the class. */
  guards?: (CanActivate | Type<CanActivate>)[];
  /** For the value that is written, behind those of the class. */
  pipes?: (PipeTransform | Type<PipeTransform>)[];
  /** Around each read and write, within those of the class. */
  interceptors?: (NestInterceptor | Type<NestInterceptor>)[];
  /** For what a read or write throws, before those of the class. */
  filters?: (ExceptionFilter | Type<ExceptionFilter>)[];
}

/** What `@PyroMethod` said about a method. */
export interface MethodMark {
  readonly kind: 'method';
  readonly key: string;
  /** Wire name, if one was given. */
  readonly name: string | undefined;
  readonly oneway: boolean;
  readonly callback: boolean;
  readonly stream: Required<PyroStreamOptions> | undefined;
  /** Undefined when they cannot be read. */
  readonly parameters: Parameters | undefined;
  /** The names were given: they are wire names as they stand. */
  readonly namesGiven: boolean;
}

/** What `@PyroProperty` said about an accessor. */
export interface PropertyMark {
  readonly kind: 'property';
  readonly key: string;
  readonly name: string | undefined;
  /** Methods beside the accessor that the pipeline runs, and whose enhancers Nest finds; undefined: no getter. */
  readonly getter: string | undefined;
  readonly setter: string | undefined;
}

export type MemberMark = MethodMark | PropertyMark;

/** Marks by the prototype that declares the member: an override is another member and must be decorated again. */
const marksOf = new WeakMap<object, Map<string, MemberMark>>();

export function addMark(prototype: object, mark: MemberMark): void {
  let marks = marksOf.get(prototype);
  if (marks === undefined) marksOf.set(prototype, (marks = new Map()));
  if (marks.has(mark.key))
    throw new TypeError(`${classNameOf(prototype)}.${mark.key} is decorated twice; one @PyroMethod or @PyroProperty is enough`);
  marks.set(mark.key, mark);
}

/** A mark and the prototype that carries its member. */
export interface DeclaredMember {
  readonly mark: MemberMark;
  readonly prototype: object;
}

/** Exposed members of a class, inherited ones too; a member that is overridden without a decorator is not exposed. */
export function exposedMembers(type: AnyClass): DeclaredMember[] {
  const members: DeclaredMember[] = [];
  const seen = new Set<string>();
  for (const prototype of prototypesOf(type)) {
    const marks = marksOf.get(prototype);
    for (const key of Object.getOwnPropertyNames(prototype)) {
      if (seen.has(key)) continue;
      seen.add(key);
      const mark = marks?.get(key);
      if (mark) members.push({ mark, prototype });
    }
  }
  return members;
}

/** Names of members that override a decorated one without being decorated themselves. */
export function overridesWithoutMark(type: AnyClass): string[] {
  const exposed = new Set(exposedMembers(type).map(({ mark }) => mark.key));
  return prototypesOf(type)
    .flatMap((prototype) => [...(marksOf.get(prototype)?.keys() ?? [])])
    .filter((key) => !exposed.has(key));
}

/** Names of methods that the class itself declares, public ones. */
export function ownMethods(type: AnyClass): string[] {
  const members = Object.entries(Object.getOwnPropertyDescriptors(type.prototype));
  return members
    .filter(([key, { value }]) => key !== 'constructor' && !isPrivateName(key) && typeof value === 'function')
    .map(([key]) => key);
}

/** Of the class and all it extends, the class' own first. */
function prototypesOf(type: AnyClass): object[] {
  const prototypes: object[] = [];
  let prototype = type.prototype as object | null;
  for (; prototype !== null && prototype !== Object.prototype; prototype = Object.getPrototypeOf(prototype) as object | null)
    prototypes.push(prototype);
  return prototypes;
}

export function classNameOf(prototype: object): string {
  return (prototype.constructor as { name?: string } | undefined)?.name || 'Object';
}
