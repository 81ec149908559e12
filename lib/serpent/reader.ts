import { CHARACTERS } from './characters.js';
import { SerpentError } from './errors.js';
import { ExpressionReader } from './expression-reader.js';
import { storeIndexKeysInHashTable } from './index-keys.js';
import { KeyCrowds } from './key-crowds.js';
import { KeyMemo, mapOf } from './key-memo.js';
import { CROWDED, isOwnStandIn, PythonKeys } from './keys.js';
import { checkLimits, type CheckedLimits, type SerpentLimits } from './limits.js';
import { NumberKind } from './scanner.js';
import { decodeSpecialMap, decodeSpecialObject } from './special-dicts.js';
import { PyTuple } from './values.js';

const { PAREN_CLOSE, COMMA, COLON, BRACKET_CLOSE, BRACE_CLOSE } = CHARACTERS;

export interface LoadsOptions extends SerpentLimits {
  /**
   * `natural` (default): plain JavaScript values. `faithful`: tuples, floats and all dicts stay apart (PyTuple, PyFloat,
   * Map), so that the value is written back as the same Python value.
   */
  values?: 'natural' | 'faithful';
}

/** The result of {@link parse}. */
export interface Parsed {
  value: unknown;
  /** True when a dict has a `__class__` key. The dicts of nan and complex numbers, which are decoded already, do not count. */
  sawClass: boolean;
}

/**
 * Reads a Python literal: serpent's output, and all that `repr` and `pprint` print and `ast.literal_eval` takes.
 *
 * @param data UTF-8 bytes, or a string
 * @throws {SerpentError} when the text is no such literal; `offset` says where
 */
export function loads(data: Uint8Array | string, options?: LoadsOptions): unknown {
  return parse(data, options).value;
}

/** As {@link loads}, and says whether there are class dicts to convert. */
export function parse(data: Uint8Array | string, options: LoadsOptions = {}): Parsed {
  const { values = 'natural' } = options;
  if (values !== 'natural' && values !== 'faithful') {
    throw new SerpentError(`values is ${String(values)}; it has to be "natural" or "faithful"`, 'BAD_OPTION');
  }
  const limits = checkLimits(options);
  return new Reader(bufferOf(data), limits, values === 'faithful').read();
}

function bufferOf(data: Uint8Array | string): Buffer {
  if (typeof data === 'string') {
    const at = data.search(/\p{Surrogate}/u);
    if (at !== -1) throw new SerpentError(`half of a surrogate pair in the text, at index ${at}`, 'ENCODING');
    return Buffer.from(data, 'utf8');
  }
  return Buffer.isBuffer(data) ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

class Reader extends ExpressionReader {
  private readonly maxDepth: number;
  private depth = 0;
  private sawClass = false;
  private memo = new KeyMemo('', '');
  private readonly crowds = new KeyCrowds();

  constructor(bytes: Buffer, limits: CheckedLimits, faithful: boolean) {
    super(bytes, limits, faithful);
    this.maxDepth = limits.maxDepth;
  }

  read(): Parsed {
    const { scanner } = this;
    let value = this.value(scanner.token());
    if (scanner.token() === COMMA) value = this.openTuple(value);
    if (scanner.token() !== -1) scanner.expected('the end');
    return { value, sawClass: this.sawClass };
  }

  /** `1, 2` without parentheses. */
  private openTuple(first: unknown): unknown[] {
    const { scanner } = this;
    const items = this.newTuple();
    items.push(first);
    while (scanner.token() === COMMA) {
      scanner.pos++;
      const code = scanner.token();
      if (code === -1) break;
      items.push(this.value(code));
    }
    return items;
  }

  private enter(): void {
    if (++this.depth > this.maxDepth) {
      this.scanner.fail(`more than ${this.maxDepth} nested containers: the limit is maxDepth`, 'TOO_DEEP');
    }
    this.scanner.pos++;
  }

  private leave(): void {
    this.scanner.pos++;
    this.scanner.kind = NumberKind.none;
    this.depth--;
  }

  protected override list(): unknown[] {
    const { scanner } = this;
    if (this.inKey) this.unhashable('a list');
    this.enter();
    const items: unknown[] = [];
    let code = scanner.token();
    while (code !== BRACKET_CLOSE) {
      items.push(this.value(code));
      code = scanner.token();
      if (code === COMMA) {
        scanner.pos++;
        code = scanner.token();
      } else if (code !== BRACKET_CLOSE) {
        scanner.expected('"," or "]"');
      }
    }
    this.leave();
    return items;
  }

  /** A tuple, or an expression in parentheses, which keeps its number kind. */
  protected override paren(): unknown {
    const { scanner } = this;
    this.enter();
    let code = scanner.token();
    if (code === PAREN_CLOSE) {
      this.leave();
      return this.newTuple();
    }
    const first = this.value(code);
    code = scanner.token();
    if (code === PAREN_CLOSE) {
      scanner.pos++;
      this.depth--;
      return first;
    }
    const items = this.newTuple();
    items.push(first);
    while (code !== PAREN_CLOSE) {
      if (code !== COMMA) scanner.expected('"," or ")"');
      scanner.pos++;
      code = scanner.token();
      if (code === PAREN_CLOSE) break;
      items.push(this.value(code));
      code = scanner.token();
    }
    this.leave();
    return items;
  }

  private newTuple(): unknown[] {
    return this.scanner.faithful ? new PyTuple() : [];
  }

  protected override brace(): unknown {
    const { scanner } = this;
    if (this.inKey) this.unhashable('a dict or set');
    this.enter();
    const code = scanner.token();
    if (code === BRACE_CLOSE) {
      this.leave();
      return scanner.faithful ? new Map() : {};
    }
    const memo = this.memo.first;
    if (memo !== undefined && scanner.text.startsWith(memo.source, scanner.pos)) return this.dict(undefined);
    const start = scanner.pos;
    const key = this.key(code);
    return scanner.token() === COLON ? this.dict({ start, key }) : this.set(key);
  }

  private key(code: number): unknown {
    this.inKey = true;
    const key = this.value(code);
    this.inKey = false;
    return key;
  }

  private set(first: unknown): Set<unknown> {
    const { scanner } = this;
    const members = new Set<unknown>();
    let keys: PythonKeys | undefined;
    let member = first;
    for (;;) {
      if (keys === undefined && !isOwnStandIn(member)) keys = new PythonKeys(members, this.crowds);
      members.add(this.admitted(members, keys, member));
      let code = scanner.token();
      if (code === COMMA) {
        scanner.pos++;
        code = scanner.token();
      } else if (code !== BRACE_CLOSE) {
        scanner.expected(code === COLON ? '"," or "}" of a set' : '"," or "}"');
      }
      if (code === BRACE_CLOSE) break;
      member = this.key(code);
    }
    this.leave();
    return members;
  }

  /** Reads the rest of a dict. @param first the first key, when it was read already */
  private dict(first: { start: number; key: unknown } | undefined): unknown {
    const { scanner } = this;
    const parent = this.memo;
    const dict: Record<string, unknown> = {};
    let map: Map<unknown, unknown> | undefined = scanner.faithful ? new Map() : undefined;
    let keys: PythonKeys | undefined;
    let special = false;
    let hasIndexKeys = false;
    let last = parent;
    let pending = first;
    for (;;) {
      const expected = last === parent ? parent.first : last.next;
      const start: number = pending === undefined ? scanner.pos : pending.start;
      let key: unknown;
      let memo: KeyMemo | undefined;
      if (pending === undefined && expected !== undefined && scanner.text.startsWith(expected.source, scanner.pos)) {
        memo = expected;
        key = memo.key;
        scanner.pos += memo.source.length;
      } else {
        key = pending === undefined ? this.key(scanner.token()) : pending.key;
        pending = undefined;
        if (scanner.token() !== COLON) scanner.expected('":" after a dict key');
        scanner.pos++;
        if (typeof key === 'string') {
          memo = new KeyMemo(scanner.text.slice(start, scanner.pos), key);
          if (last === parent) parent.first = memo;
          else last.next = memo;
        }
      }
      if (memo !== undefined) {
        this.memo = memo;
        last = memo;
      }
      const value = this.value(scanner.token());
      if (map === undefined && typeof key !== 'string') map = mapOf(dict, parent, last);
      if (map !== undefined) {
        if (keys === undefined && !isOwnStandIn(key)) keys = new PythonKeys(map, this.crowds);
        map.set(this.admitted(map, keys, key), value);
        special ||= memo !== undefined && memo.special;
      } else if (memo!.special) {
        special = true;
        this.setSpecial(dict, key as string, value, start);
      } else {
        if (memo!.isIndex && !hasIndexKeys) {
          hasIndexKeys = true;
          storeIndexKeysInHashTable(dict);
        }
        dict[key as string] = value;
      }
      let code = scanner.token();
      if (code === COMMA) {
        scanner.pos++;
        code = scanner.token();
      } else if (code !== BRACE_CLOSE) {
        scanner.expected('"," or "}"');
      }
      if (code === BRACE_CLOSE) break;
    }
    this.memo = parent;
    this.leave();
    return special ? this.decodeSpecial(dict, map) : (map ?? dict);
  }

  private setSpecial(dict: Record<string, unknown>, key: string, value: unknown, at: number): void {
    if (key === '__proto__') {
      this.scanner.fail('the dict key "__proto__" is only read with values: "faithful"; found', 'PROTO_KEY', at);
    }
    if (!(key in Object.prototype)) dict[key] = value;
    else Object.defineProperty(dict, key, { value, writable: true, enumerable: true, configurable: true });
  }

  private decodeSpecial(dict: Record<string, unknown>, map: Map<unknown, unknown> | undefined): unknown {
    const decoded = map === undefined ? decodeSpecialObject(dict) : decodeSpecialMap(map);
    if (decoded !== undefined) return decoded;
    if (map === undefined ? Object.hasOwn(dict, '__class__') : map.has('__class__')) this.sawClass = true;
    return map ?? dict;
  }

  /** The key to add to a table: the equal key in the table, else `key` itself. */
  private admitted(table: Map<unknown, unknown> | Set<unknown>, keys: PythonKeys | undefined, key: unknown): unknown {
    const admitted = keys !== undefined ? keys.resolve(key) : this.crowds.admits(table, key) ? key : CROWDED;
    if (admitted !== CROWDED) return admitted;
    return this.scanner.fail('number keys that collide so often that they were made for it; found', 'CROWDED_KEYS');
  }
}
