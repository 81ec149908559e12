import { inspect, types } from 'node:util';
import type { ObservedCall } from '../daemon/contract/observer.js';
import { safeText } from '../protocol/safe-text.js';
import { printable } from '../reports/printable.js';
import { isPlainObject, objectOf } from '../serializers/contract/plain-object.js';
import { SerializedBlob } from '../serializers/contract/serialized-blob.js';

/** Longest text of the arguments of a call. */
const MAX_CHARS = 1_000;
/** Most members of a list or dict that are shown. */
const MAX_MEMBERS = 20;
/** Most values that are shown in all: a text of 1,000 characters has no room for more. */
const MAX_VALUES = 500;
const STYLE = { depth: 3, maxArrayLength: MAX_MEMBERS, maxStringLength: 200, breakLength: Infinity, compact: true };

/** The arguments of a call as a text of at most 1,000 characters. */
export function argumentsText({ args, kwargs }: Pick<ObservedCall, 'args' | 'kwargs'>): string {
  const values = new ShownValues();
  try {
    const shown = args.slice(0, MAX_MEMBERS + 1).map((value) => values.shown(value));
    if (Object.keys(kwargs).length > 0) shown.push(values.shown(kwargs));
    return printable(inspect(shown, STYLE), MAX_CHARS);
  } catch {
    // a getter of an argument threw
    return 'arguments without a text';
  }
}

/** Makes copies that have only what a text shows: `inspect` makes a text of all members of an object, however many there are. */
class ShownValues {
  private left = MAX_VALUES;

  shown(value: unknown, depth = STYLE.depth): unknown {
    if (typeof value !== 'object' || value === null) return this.left-- > 0 ? value : '…';
    if (this.left-- <= 0 || depth < 0) return Array.isArray(value) ? ['…'] : { '…': '…' };
    if (Array.isArray(value)) return value.slice(0, MAX_MEMBERS + 1).map((item) => this.shown(item, depth - 1));
    if (types.isMap(value)) return new Map(this.first(value, depth));
    if (types.isSet(value)) return new Set(this.first(value.entries(), depth).map(([item]) => item));
    if (types.isNativeError(value)) return safeText(value);
    if (value instanceof SerializedBlob) return { blob: this.shown(value.info, depth - 1) };
    if (isPlainObject(value)) return objectOf(this.ofDict(value, depth));
    return isInstance(value) ? this.ofInstance(value, depth) : value;
  }

  private ofInstance(value: object, depth: number): object {
    const copy = Object.create(Object.getPrototypeOf(value) as object | null) as object;
    return Object.defineProperties(copy, Object.getOwnPropertyDescriptors(objectOf(this.ofDict(value as never, depth))));
  }

  private ofDict(dict: Record<string, unknown>, depth: number): [string, unknown][] {
    const names = Object.keys(dict);
    const first = names.slice(0, MAX_MEMBERS).map((name): [string, unknown] => [name, this.shown(dict[name], depth - 1)]);
    return names.length > MAX_MEMBERS ? [...first, ['…', names.length - MAX_MEMBERS]] : first;
  }

  private first(entries: Iterable<[unknown, unknown]>, depth: number): [unknown, unknown][] {
    const first: [unknown, unknown][] = [];
    for (const [key, value] of entries) {
      if (first.length === MAX_MEMBERS) return [...first, ['…', '…']];
      first.push([this.shown(key, depth - 1), this.shown(value, depth - 1)]);
    }
    return first;
  }
}

/** True for an instance of a class of the application, whose members may be large. Other objects have a short text of their own. */
function isInstance(value: object): boolean {
  return !(inspect.custom in value) && Object.prototype.toString.call(value) === '[object Object]';
}
