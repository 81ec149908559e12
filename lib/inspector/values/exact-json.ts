import { objectOf } from '../../serializers/contract/plain-object.js';

/** Sixteen digits: the text may have an int that a number of JavaScript cannot hold. */
const LONG_INT = /\d{16}/;
const INT = /^-?\d+$/;
/** The tokens of a correct JSON text, except commas and colons. */
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|[[\]{}]|[^\s,:[\]{}"]+/g;

/**
 * Reads JSON as `JSON.parse` does, but each int beyond 2**53 as a bigint with all its digits. Node 20 and older browsers do not tell the
 * source of a number to the reviver of `JSON.parse`.
 *
 * @throws {SyntaxError} when the text is no JSON
 */
export function parseJson(text: string): unknown {
  const value = JSON.parse(text) as unknown;
  if (!LONG_INT.test(text)) return value;
  const tokens = text.matchAll(TOKEN);
  const next = (): string => tokens.next().value![0];
  return valueFrom(next(), next);
}

/** `JSON.parse` has accepted the text, so every list and dict has its end. */
function valueFrom(token: string, next: () => string): unknown {
  if (token === '[') {
    const items: unknown[] = [];
    for (let item = next(); item !== ']'; item = next()) items.push(valueFrom(item, next));
    return items;
  }
  if (token === '{') {
    const members: [string, unknown][] = [];
    for (let name = next(); name !== '}'; name = next()) members.push([JSON.parse(name) as string, valueFrom(next(), next)]);
    return objectOf(members);
  }
  return intOf(token) ?? (JSON.parse(token) as unknown);
}

/** The int of a text of digits: a bigint beyond 2**53. Undefined for another text. */
function intOf(text: string): number | bigint | undefined {
  if (!INT.test(text)) return undefined;
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : BigInt(text);
}

/** Writes a value from which {@link parseJson} reads the same value. */
export function jsonText(value: unknown): string {
  if (typeof value === 'bigint') return String(value);
  // JSON has no word for infinity, but numbers that are larger than every finite one
  if (value === Infinity || value === -Infinity) return value > 0 ? '1e999' : '-1e999';
  if (Array.isArray(value)) return `[${value.map(jsonText).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${jsonText(member)}`).join(',')}}`;
}
