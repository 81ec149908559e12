import { processWide } from '../../copies/process-wide.js';
import type { FieldType } from '../../classes/fields/field-types.js';
import type { AnyFunction } from '../../objects/decorated-functions.js';
import type { AnyClass } from '../../objects/decorated-member.js';
import type { MethodParameters } from '../../objects/parameters/parameter-reader.js';
import { isPrivateName } from '../../objects/private-names.js';

/** The buffer between an Observable and the client that reads its items. */
export interface PyroStreamOptions {
  /** Largest number of items that wait for the client. Default 1,000. */
  buffer?: number;
  /** Treatment of an item when the buffer is full. Default `error`: the stream fails. */
  overflow?: 'error' | 'dropOldest' | 'dropNewest';
}

export const DEFAULT_STREAM_OPTIONS: Readonly<Required<PyroStreamOptions>> = { buffer: 1_000, overflow: 'error' };

/** The metadata of `@PyroMethod`. */
export interface MethodMetadata {
  readonly kind: 'method';
  readonly key: string;
  /** The method as `@PyroMethod` saw it. A decorator above may have put another function in its place. */
  readonly decorated: AnyFunction;
  /** Wire name; undefined when the decorator gives none. */
  readonly name: string | undefined;
  readonly oneway: boolean;
  readonly callback: boolean;
  readonly stream: Required<PyroStreamOptions> | undefined;
  /** Undefined when the parameters cannot be read from the source. */
  readonly parameters: MethodParameters | undefined;
  /** Names of parameters that a bundler or minifier has changed. */
  readonly changedNames: readonly string[];
  /** Types of parameters, by the names that clients use. */
  readonly types: Readonly<Record<string, FieldType>>;
  /** True when the decorator gives the parameter names: they are wire names, and `naming` does not change them. */
  readonly namesGiven: boolean;
}

/** The metadata of `@PyroProperty`. */
export interface PropertyMetadata {
  readonly kind: 'property';
  readonly key: string;
  readonly name: string | undefined;
  /** Type of the values that clients set. */
  readonly type: FieldType | undefined;
  /** Names of the companion methods that the pipeline runs for the accessor, whether or not it has a getter and a setter. */
  readonly getter: string;
  readonly setter: string;
}

export type MemberMetadata = MethodMetadata | PropertyMetadata;

/** Metadata by the prototype that declares the member. An override is another member: it must be decorated again. */
const membersOf = processWide('members', () => new WeakMap<object, Map<string, MemberMetadata>>());

export function addMemberMetadata(prototype: object, metadata: MemberMetadata): void {
  let members = membersOf.get(prototype);
  if (members === undefined) membersOf.set(prototype, (members = new Map()));
  if (members.has(metadata.key))
    throw new TypeError(
      `${decoratedClassName(prototype)}.${metadata.key} is decorated twice; one @PyroMethod or @PyroProperty is enough`,
    );
  members.set(metadata.key, metadata);
}

/**
 * The function that has the metadata of a method, guards among them: the method as all its decorators have left it; the decorated
 * function where a decorator above has replaced the method by a getter.
 */
export function handlerOf(prototype: object, { key, decorated }: MethodMetadata): (...args: never[]) => unknown {
  const method: unknown = Object.getOwnPropertyDescriptor(prototype, key)?.value;
  return typeof method === 'function' ? (method as MethodMetadata['decorated']) : decorated;
}

/** The metadata of a member, and the prototype that declares the member. */
export interface DeclaredMember {
  readonly metadata: MemberMetadata;
  readonly prototype: object;
}

/** Exposed members of a class, own and inherited. A member that is overridden without a decorator is not exposed. */
export function exposedMembers(type: AnyClass): DeclaredMember[] {
  const members: DeclaredMember[] = [];
  const seen = new Set<string>();
  for (const prototype of prototypesOf(type)) {
    const declared = membersOf.get(prototype);
    for (const key of Object.getOwnPropertyNames(prototype)) {
      if (seen.has(key)) continue;
      seen.add(key);
      const metadata = declared?.get(key);
      if (metadata) members.push({ metadata, prototype });
    }
  }
  return members;
}

/** An exposed member of an object whose instances may be of another class than the class with `@PyroController`. */
export interface ServedMember extends DeclaredMember {
  /** The member of the class with `@PyroController` that this member was decorated in place of. */
  readonly replaced: DeclaredMember | undefined;
  /** The prototype of the instances' class that overrides the member, and does not decorate it. */
  readonly override: object | undefined;
}

/**
 * The exposed members of a class, and those that the class of its instances adds. The instances may be of a class that extends `type`, or
 * of a stand-in. A member that they override without a decorator stays exposed as `type` exposes it.
 */
export function servedMembers(type: AnyClass, instanceType: AnyClass): ServedMember[] {
  const own = new Map(exposedMembers(instanceType).map((member) => [member.metadata.key, member]));
  const members = exposedMembers(type).map((member): ServedMember => {
    const { key, kind } = member.metadata;
    const found = own.get(key);
    own.delete(key);
    if (found?.metadata === member.metadata) return { ...member, replaced: undefined, override: undefined };
    if (found?.metadata.kind === kind) return { ...found, replaced: member, override: undefined };
    const override = prototypesOf(instanceType).find((prototype) => Object.hasOwn(prototype, key));
    return { ...member, replaced: undefined, override: override === member.prototype ? undefined : override };
  });
  return [...members, ...[...own.values()].map((member) => ({ ...member, replaced: undefined, override: undefined }))];
}

/** Names of members that override a decorated member, but have no decorator. */
export function undecoratedOverrides(type: AnyClass): string[] {
  const exposed = new Set(exposedMembers(type).map(({ metadata }) => metadata.key));
  return prototypesOf(type)
    .flatMap((prototype) => [...(membersOf.get(prototype)?.keys() ?? [])])
    .filter((key) => !exposed.has(key));
}

/** Names of the public methods that the class itself declares. */
export function ownMethods(type: AnyClass): string[] {
  const members = Object.entries(Object.getOwnPropertyDescriptors(type.prototype));
  return members
    .filter(([key, { value }]) => key !== 'constructor' && !isPrivateName(key) && typeof value === 'function')
    .map(([key]) => key);
}

/** The prototypes of a class and of its base classes. The prototype of the class comes first. */
function prototypesOf(type: AnyClass): object[] {
  const prototypes: object[] = [];
  let prototype = type.prototype as object | null;
  for (; prototype !== null && prototype !== Object.prototype; prototype = Object.getPrototypeOf(prototype) as object | null)
    prototypes.push(prototype);
  return prototypes;
}

export function decoratedClassName(prototype: object): string {
  return (prototype.constructor as { name?: string } | undefined)?.name || 'Object';
}
