import { types } from 'node:util';
import { groupedMessages } from './grouped-messages.js';
import { isPrivateName } from '../../objects/private-names.js';
import { isAttributeName } from '../../protocol/python-exception-rules.js';
import { safeText } from '../../protocol/texts/safe-text.js';
import { objectOf } from '../../serializers/contract/plain-object.js';

/** Depth up to which details are sent as they are. */
const MAX_DEPTH = 20;
/** Keys that a dict on the wire cannot have: `__class__` would make the dict a class dict, `__proto__` is refused. */
const REFUSED_KEYS = new Set(['__class__', '__proto__']);
/** Methods of Python's exceptions. An attribute with one of these names would hide the method. */
const PYTHON_METHODS = new Set(['add_note', 'with_traceback']);

/**
 * The details of an exception's response as attributes of the Python exception: all members but the message and the status.
 *
 * The member `error` that Nest adds to `statusCode` ("Bad Request") is left out: the Python type says the same.
 */
export function responseAttributes(response: unknown): Record<string, unknown> {
  if (typeof response !== 'object' || response === null || Array.isArray(response) || response instanceof Error) return {};
  const attributes: [string, unknown][] = [];
  const isByNest = typeof (response as { statusCode?: unknown }).statusCode === 'number';
  for (const [name, value] of Object.entries(response)) {
    const isSaid =
      (name === 'message' && (typeof value === 'string' || Array.isArray(value) || groupedMessages(response) !== undefined)) ||
      name === 'statusCode' ||
      (name === 'status' && (typeof value === 'number' || value === 'error')) ||
      (name === 'error' && isByNest && typeof value === 'string');
    if (isSaid || value === undefined || !isSettable(name)) continue;
    attributes.push([name, sendable(value, 0)]);
  }
  return objectOf(attributes);
}

/** The members of an object that can be attributes of a Python exception, as they are. */
export function settableAttributes(given: unknown): Record<string, unknown> {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return {};
  return objectOf(Object.entries(given).filter(([name]) => isSettable(name)));
}

function isSettable(name: string): boolean {
  return isAttributeName(name) && !PYTHON_METHODS.has(name) && !isPrivateName(name) && !name.startsWith('__');
}

/**
 * Copies a detail so that every serializer can write it, because a detail that cannot be written would take the place of the error.
 * A Set becomes a list, bytes become base64, an object with `toJSON` what that gives, functions and errors become texts.
 */
export function sendable(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null) {
    return typeof value === 'function' || typeof value === 'symbol' ? safeText(value) : value;
  }
  if (depth >= MAX_DEPTH) return '…';
  if (value instanceof Error) return safeText(value);
  if (Array.isArray(value)) return value.map((item) => sendable(item, depth + 1));
  if (types.isSet(value)) return [...value].map((item) => sendable(item, depth + 1));
  if (types.isMap(value))
    return new Map([...value].filter(isSendable).map(([key, member]) => [keyOf(key), sendable(member, depth + 1)]));
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if ('toJSON' in value && typeof value.toJSON === 'function') return sendable(jsonOf(value as { toJSON(): unknown }), depth + 1);
  const members = Object.entries(value).filter(isSendable);
  return objectOf(members.map(([name, member]) => [name, sendable(member, depth + 1)]));
}

function isSendable([key, member]: [unknown, unknown]): boolean {
  return member !== undefined && !REFUSED_KEYS.has(key as string);
}

function keyOf(key: unknown): unknown {
  return typeof key === 'number' || typeof key === 'bigint' || typeof key === 'boolean' ? key : safeText(key);
}

/** An invalid Date gives null. */
function jsonOf(value: { toJSON(): unknown }): unknown {
  try {
    return value.toJSON() ?? safeText(value);
  } catch {
    return safeText(value);
  }
}
