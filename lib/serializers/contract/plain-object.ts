import { isIndexKey, storeIndexKeysInHashTable } from '../../serpent/costs/index-keys.js';

/** The kinds of members of a plain object: each kind is set in another way. */
export const MemberKind = { plain: 0, index: 1, inherited: 2 } as const;
export type MemberKind = (typeof MemberKind)[keyof typeof MemberKind];

const INHERITED: ReadonlySet<string> = new Set(Object.getOwnPropertyNames(Object.prototype));

export function kindOf(name: string): MemberKind {
  if (INHERITED.has(name)) return MemberKind.inherited;
  return isIndexKey(name) ? MemberKind.index : MemberKind.plain;
}

/** Sets a member of a plain object; before its first index member the object goes through {@link storeIndexKeysInHashTable}. */
export function setMember(object: Record<string, unknown>, name: string, value: unknown, kind: MemberKind): void {
  if (kind !== MemberKind.inherited) object[name] = value;
  else Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
}

/**
 * Makes a plain object of members that a peer has named: an `Object.fromEntries` in which no name costs more than another.
 *
 * @param members without `__proto__`: the caller has refused this name
 */
export function objectOf(members: Iterable<readonly [string, unknown]>): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  let hasIndexKeys = false;
  for (const [name, value] of members) {
    const kind = kindOf(name);
    if (kind === MemberKind.index && !hasIndexKeys) {
      hasIndexKeys = true;
      storeIndexKeysInHashTable(object);
    }
    setMember(object, name, value, kind);
  }
  return object;
}

/** True for an object that a literal makes, and for a dict that was read whose keys are all texts. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

/** A dict that was read: a plain object, or a Map. */
export type Dict = Record<string, unknown> | Map<unknown, unknown>;

export function isDict(value: object): value is Dict {
  return value instanceof Map || isPlainObject(value);
}

/** A member of a dict; undefined when there is none. */
export function memberOf(dict: Dict, key: string): unknown {
  if (dict instanceof Map) return dict.get(key);
  return Object.hasOwn(dict, key) ? dict[key] : undefined;
}
