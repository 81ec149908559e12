import { inspect, type InspectOptions, types } from 'node:util';
import { peerText } from '../protocol/texts/peer-text.js';
import { safeText } from '../protocol/texts/safe-text.js';
import { isPlainObject, objectOf } from '../serializers/contract/plain-object.js';
import { SerializedBlob } from '../serializers/contract/serialized-blob.js';

/** Most members of a list or dict that are shown. */
export const SHOWN_MEMBERS = 20;
/** Most values that are shown in all: a text of 1,000 characters has no room for more. */
const MAX_VALUES = 500;
/** Longest text, and longest name of a member. */
const MAX_TEXT = 200;
/** Longest text of a value that has a text of its own, such as an array. */
const MAX_OWN_TEXT = 1_000;
/** An int beyond this is shown without its digits: V8 takes a long time to make them. */
const LARGEST_INT = 10n ** BigInt(MAX_TEXT);

/** Stands for further members. */
const MORE = '…';

/** The style in which shown values are printed. */
export const SHOWN_STYLE: InspectOptions & { depth: number } = {
  depth: 3,
  maxArrayLength: SHOWN_MEMBERS,
  maxStringLength: MAX_TEXT,
  breakLength: Infinity,
  compact: true,
};

/**
 * Makes copies of values that have only what a text shows, for `inspect`. `inspect` makes the text of all members of an object, however many
 * there are, and escapes their names whole, however long they are.
 *
 * A copy has 500 values at most, each with a name of 200 and a text of 1,000 characters at most.
 */
export class LoggedValues {
  private left = MAX_VALUES;

  /** @throws what code of the value throws */
  shown(value: unknown, depth = SHOWN_STYLE.depth): unknown {
    if (this.left-- <= 0) return new ShownText(MORE);
    if (typeof value !== 'object' || value === null) return shownPrimitive(value);
    if (types.isBoxedPrimitive(value)) return shownPrimitive(value.valueOf());
    if (depth < 0) return Array.isArray(value) ? [MORE] : { [MORE]: MORE };
    if (Array.isArray(value)) return this.ofList(value, depth);
    if (types.isMap(value)) return this.ofMap(value, depth);
    if (types.isSet(value)) return this.ofSet(value, depth);
    if (types.isNativeError(value) || value instanceof Error) return this.shown(safeText(value), depth);
    if (value instanceof SerializedBlob) return { blob: this.shown(value.info, depth - 1) };
    if (isPlainObject(value)) return objectOf(this.ofDict(value, depth));
    if (types.isRegExp(value)) return new ShownText(peerText(String(value), MAX_TEXT));
    if (types.isDate(value)) return new ShownText(inspect(new Date(value.valueOf())));
    if (ArrayBuffer.isView(value)) return value;
    if (inspect.custom in value) return new ShownText(peerText(inspect(value, SHOWN_STYLE), MAX_OWN_TEXT));
    return isInstance(value) ? this.ofInstance(value, depth) : value;
  }

  /** The first 20 items of a list, and how many others there are. */
  private ofList(list: readonly unknown[], depth: number): unknown {
    const first = list.slice(0, SHOWN_MEMBERS).map((item) => this.shown(item, depth - 1));
    return list.length > SHOWN_MEMBERS ? new CutCollection('', list.length, first.map(alone)) : first;
  }

  private ofMap(map: ReadonlyMap<unknown, unknown>, depth: number): unknown {
    const first = firstOf(map).map(([key, item]) => [this.shown(key, depth - 1), this.shown(item, depth - 1)] as const);
    return map.size > SHOWN_MEMBERS ? new CutCollection('Map', map.size, first) : new Map(first);
  }

  private ofSet(set: ReadonlySet<unknown>, depth: number): unknown {
    const first = firstOf(set).map((item) => this.shown(item, depth - 1));
    return set.size > SHOWN_MEMBERS ? new CutCollection('Set', set.size, first.map(alone)) : new Set(first);
  }

  private ofInstance(value: object, depth: number): object {
    const copy = Object.create(Object.getPrototypeOf(value) as object | null) as object;
    return Object.defineProperties(copy, Object.getOwnPropertyDescriptors(objectOf(this.ofDict(value as never, depth))));
  }

  private ofDict(dict: Record<string, unknown>, depth: number): [string, unknown][] {
    const names = Object.keys(dict);
    const shownNames = new Set<string>();
    const first = names.slice(0, SHOWN_MEMBERS).map((name): [string, unknown] => {
      let short = peerText(name, MAX_TEXT);
      // long names may begin alike
      while (shownNames.has(short)) short += '…';
      shownNames.add(short);
      return [short, this.shown(dict[name], depth - 1)];
    });
    return names.length > SHOWN_MEMBERS ? [...first, [MORE, names.length - SHOWN_MEMBERS]] : first;
  }
}

function firstOf<T>(items: Iterable<T>): T[] {
  const first: T[] = [];
  for (const item of items) {
    if (first.length === SHOWN_MEMBERS) break;
    first.push(item);
  }
  return first;
}

const alone = (item: unknown): readonly unknown[] => [item];

/** The first members of a large list, Map or Set. `inspect` shows it as it shows the whole. */
class CutCollection {
  /**
   * @param className empty: a list
   * @param first of a Map: keys with their values; of lists and Sets: each member alone
   */
  constructor(
    readonly className: 'Map' | 'Set' | '',
    readonly size: number,
    readonly first: readonly (readonly unknown[])[],
  ) {}

  [inspect.custom](depth: number, options: InspectOptions): string {
    if (depth < 0) return `[${this.className || 'Array'}]`;
    const shown = this.first.map((parts) => parts.map((part) => inspect(part, { ...options, depth: depth - 1 })).join(' => '));
    const more = this.size - this.first.length;
    const text = `${shown.join(', ')}, ... ${more} more item${more === 1 ? '' : 's'}`;
    return this.className === '' ? `[ ${text} ]` : `${this.className}(${this.size}) { ${text} }`;
  }
}

/** A text that `inspect` shows as it is. */
class ShownText {
  constructor(readonly text: string) {}

  [inspect.custom](): string {
    return this.text;
  }
}

function shownPrimitive(value: unknown): unknown {
  if (typeof value === 'string') return value.length > MAX_TEXT ? shownLongText(value) : value;
  if (typeof value === 'symbol') return new ShownText(`Symbol(${peerText(value.description ?? '', MAX_TEXT)})`);
  if (typeof value === 'bigint' && (value > LARGEST_INT || value < -LARGEST_INT))
    return new ShownText(`<int of more than ${MAX_TEXT} digits>`);
  if (typeof value === 'function')
    return new ShownText(`[Function: ${peerText(safeText(value.name), MAX_TEXT) || '(anonymous)'}]`);
  return value;
}

/** As `inspect` shows a long text. */
function shownLongText(text: string): ShownText {
  return new ShownText(`${inspect(text.slice(0, MAX_TEXT), SHOWN_STYLE)}... ${text.length - MAX_TEXT} more characters`);
}

/** True for an object whose members may be large. Other objects have a short text of their own. */
function isInstance(value: object): boolean {
  return Object.prototype.toString.call(value) === '[object Object]' || Object.keys(value).length > 0;
}
