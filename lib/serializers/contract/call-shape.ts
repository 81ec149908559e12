import { GET_ATTRIBUTE, SET_ATTRIBUTE } from '../../protocol/constants.js';
import { isLongText, LONGEST_HASHED_TEXT } from '../../serpent/costs/hash-collisions.js';
import { isPlainObject, objectOf } from './plain-object.js';
import { UnreadableError } from './unreadable-error.js';
import type { SerializedCall } from './serializer.js';

/** Object id and method of a call that could not be read. A part is undefined if it could not be read. */
export interface CallTarget {
  objectId: string | undefined;
  method: string | undefined;
}

/**
 * Reads the call of serpent, marshal and msgpack: (object id, method, args, kwargs).
 *
 * @throws {UnreadableError} naming the expected shape, when the value has another shape
 */
export function callOf(value: unknown): SerializedCall {
  if (!Array.isArray(value) || value.length !== 4) throw badCall('a tuple of four');
  const parts = value as unknown[];
  return callOfParts(parts[0], parts[1], parts[2], parts[3]);
}

/** Reads the call of json: an object with `object`, `method`, `params` and `kwargs`. Other members are ignored. */
export function callOfMembers(value: unknown): SerializedCall {
  const get = memberReader(value);
  if (get === undefined) throw badCall('an object with the members object, method, params and kwargs');
  return callOfParts(get('object'), get('method'), get('params'), get('kwargs'));
}

/** Object id and method of a tuple that may be a call, whose first items are enough. */
export function targetOf(value: unknown): CallTarget {
  const [objectId, method] = Array.isArray(value) ? (value as unknown[]) : [];
  return { objectId: textOf(objectId), method: textOf(method) };
}

/** Object id and method of an object that may be a call in json. */
export function targetOfMembers(value: unknown): CallTarget {
  const get = memberReader(value);
  return { objectId: textOf(get?.('object')), method: textOf(get?.('method')) };
}

/** A member of a call in json, as source text: its name and its value, when both are texts. */
const TEXT_MEMBER = /^\s*"(object|method)"\s*:\s*"(.*)"\s*$/;

/**
 * Object id and method of a call in json that could not be read to its end.
 *
 * @param sources the source texts of its first members, as placeInLiteral in serpent/place.ts gives them: a few, each cut
 */
export function targetOfSources(sources: readonly unknown[]): CallTarget {
  const target: CallTarget = { objectId: undefined, method: undefined };
  for (const source of sources) {
    const [, name, text] = typeof source === 'string' ? (TEXT_MEMBER.exec(source) ?? []) : [];
    if (name === 'object') target.objectId ??= text || undefined;
    else if (name === 'method') target.method ??= text || undefined;
  }
  return target;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function memberReader(value: unknown): ((name: string) => unknown) | undefined {
  if (value instanceof Map) return (name) => (value as Map<unknown, unknown>).get(name);
  if (!isPlainObject(value)) return undefined;
  return (name) => (Object.hasOwn(value, name) ? value[name] : undefined);
}

function callOfParts(objectId: unknown, method: unknown, args: unknown, kwargs: unknown): SerializedCall {
  if (typeof objectId !== 'string') throw badCall('a string as object id');
  if (typeof method !== 'string') throw badCall('a string as method');
  if (!Array.isArray(args)) throw badCall('a tuple or list as args');
  // a PyTuple becomes a plain Array
  const plain = Object.getPrototypeOf(args) === Array.prototype ? (args as unknown[]) : Array.from(args as unknown[]);
  return { objectId, method, args: plain, kwargs: kwargsOf(kwargs) };
}

/** The name of the attribute that a call reads or sets. Undefined for other calls, and when the name is no text. */
export function attributeOf(method: string, [name]: readonly unknown[]): string | undefined {
  return method === GET_ATTRIBUTE || method === SET_ATTRIBUTE ? textOf(name) : undefined;
}

/**
 * The keyword arguments of a call, and of an entry of a batch. `None` is read as no keyword arguments.
 *
 * @throws {UnreadableError} when the value is no dict of texts, or has a keyword `__proto__` or a long one
 */
export function kwargsOf(value: unknown): Record<string, unknown> {
  if (value === null) return {};
  if (isPlainObject(value)) return value;
  if (!(value instanceof Map)) throw badCall('a dict or None as kwargs');
  for (const name of (value as Map<unknown, unknown>).keys()) {
    if (typeof name !== 'string') throw badCall('strings as keys of kwargs');
    if (name === '__proto__') throw badCall('no keyword argument __proto__');
    if (isLongText(name)) throw badCall(`keywords of at most ${LONGEST_HASHED_TEXT} characters, not of ${name.length}`);
  }
  return objectOf(value as Map<string, unknown>);
}

function badCall(expected: string): UnreadableError {
  return new UnreadableError(`a call is (object id, method, args, kwargs): expected ${expected}`);
}
