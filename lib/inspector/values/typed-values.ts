import { NdArray } from '../../arrays/nd-array.js';
import { listsOf } from '../../arrays/shape.js';
import { loads } from '../../serpent/index.js';
import { RemoteProxy } from '../../client/proxy/remote-proxy.js';
import { objectOf } from '../../serializers/contract/plain-object.js';
import { PyroUri } from '../../protocol/uri.js';
import { configError } from '../../options/option-checks.js';
import { parseJson } from './exact-json.js';

/**
 * Reads an argument of a call: JSON as its value, another text as itself. So `12` is a number, and `'"12"'` a text. Ints beyond 2**53
 * keep their digits.
 *
 * @param literal Python's literals instead of JSON, for what JSON does not have: `(1, 2)`, `{1, 2}`, `b"x"`, `1+2j`, `None`
 * @throws {PyroError} `CONFIG`, when a literal cannot be read
 */
export function valueOfText(text: string, literal = false): unknown {
  if (literal) return literalOf(text);
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof SyntaxError) return text;
    throw error;
  }
}

function literalOf(text: string): unknown {
  try {
    return loads(text, { values: 'faithful' });
  } catch (error) {
    throw configError(`${JSON.stringify(text)} is no Python literal: ${(error as Error).message}`, error as Error);
  }
}

/**
 * Makes a JSON value of the result of a call. Keys of dicts become texts, a set becomes a list, a large int or an infinite number a text.
 * Bytes become a dict as in serpent, an array nested lists, and a remote object its URI.
 *
 * @param nodes limits the values inside; lists and dicts are cut at the limit
 */
export function jsonOf(value: unknown, nodes = new NodeBudget(Infinity)): unknown {
  if (value === undefined) return null;
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array) return { data: Buffer.from(value).toString('base64'), encoding: 'base64' };
  if (value instanceof Date) return value.toISOString();
  if (value instanceof RemoteProxy) return String(value.$uri);
  if (value instanceof PyroUri) return String(value);
  if (value instanceof NdArray) return arrayOf(value, nodes);
  if (value instanceof Map) return mapOf(value, nodes);
  if (Symbol.iterator in value) return listOf(value as Iterable<unknown>, nodes);
  return objectOf(
    Array.from(nodes.some(Object.entries(value)), ([name, member]): [string, unknown] => [name, jsonOf(member, nodes)]),
  );
}

/** Counts the values that are shown. */
export class NodeBudget {
  /** True when values were left out. */
  isCut = false;

  constructor(private left: number) {}

  has(nodes: number): boolean {
    return nodes <= this.left;
  }

  /** Gives as many of the items as the limit leaves. */
  *some<T>(items: Iterable<T>): Iterable<T> {
    for (const item of items) {
      if (this.left === 0) {
        this.isCut = true;
        return;
      }
      this.left--;
      yield item;
    }
  }
}

function listOf(items: Iterable<unknown>, nodes: NodeBudget): unknown[] {
  return Array.from(nodes.some(items), (item) => jsonOf(item, nodes));
}

/** Makes nested lists of an array up to the limit, so that a long array is not converted as a whole. */
function arrayOf(array: NdArray, nodes: NodeBudget): unknown {
  const isShort = array.shape.length === 0 || nodes.has(array.size + listsOf(array.shape));
  return isShort ? jsonOf(array.toJSON(), nodes) : listOf(array.rows(), nodes);
}

/**
 * Makes a dict whose keys are texts, as Python's `json.dumps` writes them. A dict with other keys, or with two keys of the same text,
 * becomes a list of pairs.
 */
function mapOf(map: ReadonlyMap<unknown, unknown>, nodes: NodeBudget): unknown {
  const entries = Array.from(nodes.some(map), ([key, member]): [unknown, unknown] => [jsonOf(key, nodes), jsonOf(member, nodes)]);
  const texts = new Set(entries.map(([key]) => textOfKey(key)));
  const hasTexts = texts.size === entries.length && !texts.has(undefined);
  return hasTexts ? objectOf(entries.map(([key, member]) => [textOfKey(key)!, member])) : entries;
}

function textOfKey(key: unknown): string | undefined {
  return typeof key === 'object' ? undefined : String(key as number);
}
