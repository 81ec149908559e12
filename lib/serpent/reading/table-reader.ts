import { readBase64Dict } from './base64.js';
import { CHARACTERS } from '../text/characters.js';
import { isLongText } from '../costs/hash-collisions.js';
import { newIndexTable, storeIndexKeysInHashTable } from '../costs/index-keys.js';
import { KeyKind, ReadKey } from './read-keys.js';
import type { PythonKeys } from '../keys/python-keys.js';
import { ROOMY_ENTRIES, SetReader } from './set-reader.js';
import { decodeSpecialMap, decodeSpecialObject } from './special-dicts.js';
import { COSTS, dictCost, TABLE_MEMBER_COST, TABLE_MEMBERS } from '../costs/value-costs.js';
import { PyComplex } from '../values/values.js';

const { COMMA, COLON, BRACE_CLOSE } = CHARACTERS;

/** The most keys that are remembered while one message is read. Further keys count as new each time. */
const MOST_KEYS = 4_096;
/** The most keys of one dict that are remembered. */
const DEEPEST_KEY = 128;
/** The longest {@link ReadKey.source}, in bytes. */
const LONGEST_SOURCE = 128;

/** Reads dicts. */
export class TableReader extends SetReader {
  /** True when a dict has a `__class__` key. The dicts of nan and complex numbers, which are decoded already, do not count. */
  protected sawClass = false;
  /** True when a dict has a key `dtype` or `nd`: it may stand for an array. */
  protected sawArray = false;
  /** The start of the keys of all dicts. */
  private root = new ReadKey('', -1, true);
  /** The key whose value is read. */
  private node = this.root;
  private knownKeys = 0;

  /** Forgets the state of the last message. */
  protected override reset(): void {
    this.sawClass = this.sawArray = false;
    super.reset();
    if (this.knownKeys === 0) return;
    this.knownKeys = 0;
    this.root = this.node = new ReadKey('', -1, true);
  }

  protected override brace(): unknown {
    const { scanner, root } = this;
    if (this.inKey) this.unhashable('a dict or set');
    this.enter();
    const code = scanner.token();
    if (code === BRACE_CLOSE) {
      this.leave();
      scanner.spend(scanner.faithful ? COSTS.map : COSTS.dict);
      return scanner.faithful ? new Map() : {};
    }
    const start = scanner.pos;
    const expected = this.node.first ?? root.next;
    if (expected !== undefined && scanner.takes(expected.source)) return this.dict(expected, expected.key, start);
    const key = this.key(code);
    if (scanner.token() !== COLON) return this.set(key);
    scanner.pos++;
    return this.dict(typeof key === 'string' ? this.remember(root, key, start) : undefined, key, start);
  }

  /**
   * Reads the rest of a dict. The cursor is after the colon of the first key.
   *
   * @param node the first key, when it is a string
   * @param start offset of the first key
   */
  private dict(node: ReadKey | undefined, key: unknown, start: number): unknown {
    const { scanner } = this;
    const outer = this.node;
    let value: unknown;
    if (node !== undefined) {
      if (node.isKept) outer.first = node;
      if (node.key === 'data') value = readBase64Dict(scanner);
    }
    if (value !== undefined) this.leave();
    else if (node === undefined) value = this.map(new Map(), this.root, key, KeyKind.plain);
    else if (scanner.faithful || isLongText(node.key)) value = this.map(new Map(), node, key, node.kind);
    else value = this.object(node, start);
    this.node = outer;
    return value;
  }

  /** Reads a dict in natural mode, as long as its keys are strings that are no {@link isLongText}. */
  private object(first: ReadKey, firstStart: number): unknown {
    const { scanner } = this;
    const { spent } = scanner;
    /** Set once there are index keys, which JavaScript puts before all others. */
    let keysInOrder: string[] | undefined;
    let dict: Record<string, unknown>;
    if (first.kind === KeyKind.index) {
      dict = newIndexTable();
      keysInOrder = [];
      scanner.spend(COSTS.indexTable);
    } else {
      dict = {};
    }
    let last = first;
    let start = firstStart;
    let kinds = 0;
    for (;;) {
      this.node = last;
      const value = this.value(scanner.token());
      if (last.kind === KeyKind.plain) {
        dict[last.key] = value;
      } else {
        if (last.kind === KeyKind.index) keysInOrder ??= this.makeHashTable(dict);
        this.setUnusual(dict, last, value, start);
        kinds |= last.kind;
      }
      keysInOrder?.push(last.key);
      if (last.count > TABLE_MEMBERS) scanner.spend(TABLE_MEMBER_COST);
      const expected = last.next;
      if (expected !== undefined && scanner.takes(expected.source)) {
        last = expected;
        continue;
      }
      const end = scanner.pos;
      const code = this.nextKey();
      if (code === BRACE_CLOSE) break;
      start = scanner.pos;
      const key = this.dictKey(code);
      if (typeof key !== 'string') return this.map(this.mapOf(dict, keysInOrder), last, key, kinds);
      last = this.remember(last, key, end);
      if (isLongText(key)) return this.map(this.mapOf(dict, keysInOrder), last, key, kinds);
    }
    scanner.spend(dictCost(last.count));
    this.leave();
    return (kinds & KeyKind.special) === 0 ? dict : this.special(dict, spent);
  }

  /**
   * Reads the rest of a dict that becomes a Map. The cursor is after the colon of `key`.
   *
   * @param lastNode the node of `key` when `key` is a string, else of the last string key
   * @param kindsBefore the kinds of the string keys that were read, joined by OR
   */
  private map(map: Map<unknown, unknown>, lastNode: ReadKey, firstKey: unknown, kindsBefore: number): unknown {
    const { scanner } = this;
    let last = lastNode;
    let key = firstKey;
    let kinds = kindsBefore;
    let keys: PythonKeys | undefined;
    let capacity = ROOMY_ENTRIES;
    const { spent } = scanner;
    scanner.spend(COSTS.map);
    for (;;) {
      this.node = typeof key === 'string' ? last : this.root;
      const value = this.value(scanner.token());
      keys ??= this.unusualKeys(map, firstKey, key);
      for (; map.size >= capacity; capacity *= 2) scanner.spend(capacity * COSTS.mapEntry);
      map.set(this.admitted(map, keys, key), value);
      const end = scanner.pos;
      const expected = last.next;
      if (expected !== undefined && scanner.takes(expected.source)) {
        last = expected;
        key = last.key;
      } else {
        const code = this.nextKey();
        if (code === BRACE_CLOSE) break;
        key = this.dictKey(code);
        if (typeof key === 'string') last = this.remember(last, key, end);
      }
      kinds |= last.kind;
    }
    this.leaveTable(keys);
    return (kinds & KeyKind.special) === 0 ? map : this.special(map, spent);
  }

  /** @returns the first character of the next key; the closing brace after the last entry */
  private nextKey(): number {
    const { scanner } = this;
    const code = scanner.token();
    if (code === COMMA) {
      scanner.pos++;
      return scanner.token();
    }
    return code === BRACE_CLOSE ? code : scanner.expected('"," or "}"');
  }

  private dictKey(code: number): unknown {
    const { scanner } = this;
    const key = this.key(code);
    if (scanner.token() !== COLON) scanner.expected('":" after a dict key');
    scanner.pos++;
    return key;
  }

  /**
   * Finds the key after `last`, or remembers it. The cursor is after the colon of the key. @param start end of the value before the key, or
   * start of the dict
   */
  private remember(last: ReadKey, key: string, start: number): ReadKey {
    const { scanner } = this;
    const known = last.follow(key);
    const length = scanner.pos - start;
    const isKept = last.isKept && this.knownKeys < MOST_KEYS && last.count < DEEPEST_KEY && length <= LONGEST_SOURCE;
    const node = known ?? (isKept ? last.add(key) : new ReadKey(key, last.count, false));
    if (known === undefined) {
      if (isKept) this.knownKeys++;
      if (node.kind !== KeyKind.index) scanner.spend(newKeyCost(key, last.count, scanner.faithful));
    }
    // the same key may be written in another way, with a space before the colon
    if (node.isKept && length <= LONGEST_SOURCE) node.source = scanner.copy(start);
    return node;
  }

  private makeHashTable(dict: Record<string, unknown>): string[] {
    const keys = Object.keys(dict);
    storeIndexKeysInHashTable(dict);
    this.scanner.spend(COSTS.indexTable);
    return keys;
  }

  private setUnusual(dict: Record<string, unknown>, { key, kind }: ReadKey, value: unknown, at: number): void {
    if (kind === KeyKind.index) this.scanner.spent += COSTS.indexMember;
    if (key === '__proto__') {
      this.scanner.fail('the dict key "__proto__" is only read with values: "faithful"; found', 'PROTO_KEY', at);
    }
    if (!(key in Object.prototype)) dict[key] = value;
    else Object.defineProperty(dict, key, { value, writable: true, enumerable: true, configurable: true });
  }

  /**
   * Decodes a dict that serpent writes for a value without a literal. The dict itself is dropped, and its cost given back.
   *
   * @param before what was spent before the dict
   */
  private special(dict: Record<string, unknown> | Map<unknown, unknown>, before: number): unknown {
    const { scanner } = this;
    const isMap = dict instanceof Map;
    const special = isMap ? decodeSpecialMap(dict) : decodeSpecialObject(dict);
    if (special !== undefined) {
      scanner.giveBack(before);
      scanner.spend(specialCost(special));
      return special;
    }
    const has = (key: string): boolean => (isMap ? dict.has(key) : Object.hasOwn(dict, key));
    if (has('__class__')) this.sawClass = true;
    else if (has('dtype') || has('nd')) this.sawArray = true;
    return dict;
  }

  /**
   * Makes a Map of an unfinished dict.
   *
   * @param keysInOrder the keys in the order of the text; undefined: the keys of the object are in this order
   */
  private mapOf(dict: Record<string, unknown>, keysInOrder: readonly string[] | undefined): Map<unknown, unknown> {
    const map = new Map<unknown, unknown>();
    for (const key of keysInOrder ?? Object.keys(dict)) map.set(this.admitted(map, undefined, key), dict[key]);
    return map;
  }
}

/** The cost of a value of a special dict. */
function specialCost(special: unknown): number {
  if (Buffer.isBuffer(special)) return COSTS.bytes + special.length;
  if (special instanceof PyComplex) return COSTS.complex;
  return typeof special === 'number' ? COSTS.number : COSTS.float;
}

/** The cost of a new key, in addition to the cost of its string. @param before number of the keys before it */
function newKeyCost({ length }: string, before: number, isFaithful: boolean): number {
  const spent = length > 1 ? COSTS.string + length : 0;
  // a Map has no hidden class
  return (before < TABLE_MEMBERS && !isFaithful ? COSTS.newMember : COSTS.string) + length - spent;
}
