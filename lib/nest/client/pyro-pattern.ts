import { GET_ATTRIBUTE, SET_ATTRIBUTE } from '../../protocol/constants.js';
import { safeText } from '../../protocol/texts/safe-text.js';

/** A pattern of `PyroClient.send` and `emit`: the name of a method, or an attribute to read or write. */
export type PyroPattern =
  | string
  | {
      /** Wire name of the method to call. The text alone means the same. */
      method: string;
    }
  | {
      /** Wire name of the attribute to read. The call has no data. */
      get: string;
    }
  | {
      /** Wire name of the attribute to write. The data is the value. */
      set: string;
    };

/** A remote call, as arguments of a proxy's `$call`. */
export interface RemoteCall {
  method: string;
  args: unknown[];
}

/**
 * Makes the remote call of a pattern and its data.
 *
 * Data of a method: an Array is the list of arguments, with `kwargs(…)` as the last; undefined means no arguments; every other
 * value is the only argument. Data of `{ set }` is the value.
 *
 * @throws {TypeError} when the pattern is no PyroPattern
 */
export function remoteCallOf(pattern: unknown, data: unknown): RemoteCall {
  if (typeof pattern === 'string') return { method: pattern, args: argumentsOf(data) };
  const entries = typeof pattern === 'object' && pattern !== null ? Object.entries(pattern) : [];
  const [kind, name] = entries[0] ?? [];
  if (entries.length === 1 && typeof name === 'string') {
    if (kind === 'method') return { method: name, args: argumentsOf(data) };
    if (kind === 'set') return { method: SET_ATTRIBUTE, args: [name, data] };
    if (kind === 'get') {
      if (data !== undefined) throw new TypeError(`reading the attribute "${name}" takes no data`);
      return { method: GET_ATTRIBUTE, args: [name] };
    }
  }
  throw new TypeError(
    `${shown(pattern)} is no pattern of a PyroClient: give a method name, { method: name }, { get: name } or { set: name }`,
  );
}

function argumentsOf(data: unknown): unknown[] {
  if (data === undefined) return [];
  return Array.isArray(data) ? [...(data as unknown[])] : [data];
}

function shown(pattern: unknown): string {
  try {
    return JSON.stringify(pattern) ?? safeText(pattern);
  } catch {
    return safeText(pattern);
  }
}
