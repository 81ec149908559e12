import { types } from 'node:util';
import { SerializeError } from '../protocol/errors.js';
import { PyComplex, PyFloat, PyTuple } from '../serpent/index.js';
import { encodeObject } from './class-dicts.js';
import type { SerializerOptions } from './serializer.js';
import { pathOf } from '../serpent/path.js';
import { unsendableKind } from '../serpent/unsendable.js';

/** Where a binary or json serializer puts the parts of a value; containers announce their length, then come their members. */
export interface ValueSink {
  none(): void;
  bool(value: boolean): void;
  int(value: number | bigint): void;
  float(value: number): void;
  complex?(value: PyComplex): void;
  string(value: string): void;
  bytes?(value: Uint8Array): void;
  list(length: number): void;
  tuple(length: number): void;
  set(length: number): void;
  /** Its keys and values follow by turns. */
  dict(length: number): void;
  end(): void;
}

/** Walks a value by the table of docs/values.md, with its limits, and puts it into a sink. */
export class ValueWriter {
  private readonly ancestors: object[] = [];
  private readonly steps: unknown[] = [];
  private readonly tooLongInt: bigint;

  constructor(
    private readonly serializer: string,
    private readonly sink: ValueSink,
    private readonly options: SerializerOptions,
  ) {
    this.tooLongInt = 10n ** BigInt(options.maxIntDigits);
  }

  /** @throws {SerializeError} naming the path to what cannot be written */
  write(value: unknown): void {
    switch (typeof value) {
      case 'string':
        return this.sink.string(value);
      case 'number':
        return this.number(value);
      case 'boolean':
        return this.sink.bool(value);
      case 'undefined':
        return this.sink.none();
      case 'bigint':
        if (value >= this.tooLongInt || value <= -this.tooLongInt)
          this.fail(`an int of more than ${this.options.maxIntDigits} digits (maxIntDigits)`);
        return this.sink.int(value);
      case 'symbol':
        return this.fail('a symbol');
      default:
        if (value === null) return this.sink.none();
        return this.object(value as object);
    }
  }

  private number(value: number): void {
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) this.sink.int(value);
    else this.sink.float(value);
  }

  private object(value: object): void {
    if (value instanceof PyTuple) return this.items(value, value, true);
    if (value instanceof PyFloat) return this.sink.float(value.value);
    if (value instanceof PyComplex) return this.sink.complex ? this.sink.complex(value) : this.fail('a complex number');
    if (!Array.isArray(value)) {
      const replacement = encodeObject(value, this.options);
      if (replacement !== undefined) return this.within(value, () => this.replacement(replacement));
    }
    this.plain(value);
  }

  /** What replaces an object is not asked to be replaced again. */
  private replacement(value: unknown): void {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) this.plain(value);
    else this.write(value);
  }

  private plain(value: object): void {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === null) return this.members(value);
    if (Array.isArray(value)) return this.items(value, value, false);
    if (types.isMap(value)) return this.map(value);
    if (types.isSet(value)) return this.set(value);
    if (types.isUint8Array(value)) return this.bytes(value);
    if (types.isAnyArrayBuffer(value)) return this.bytes(new Uint8Array(value));
    if (value instanceof DataView) return this.bytes(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
    if (ArrayBuffer.isView(value)) return this.typedArray(value);
    if (types.isDate(value)) return this.sink.string(this.dateText(value));
    if (types.isBoxedPrimitive(value)) return this.write(value.valueOf());
    const kind = unsendableKind(value);
    if (kind !== undefined) this.fail(`a ${kind}`);
    const { toJSON } = value as { toJSON?: unknown };
    if (typeof toJSON !== 'function') return this.members(value);
    const replacement: unknown = toJSON.call(value, '');
    if (replacement === value) return this.members(value);
    this.within(value, () => this.write(replacement));
  }

  private bytes(value: Uint8Array): void {
    if (this.sink.bytes === undefined) this.fail('bytes');
    this.sink.bytes!(value);
  }

  private typedArray(view: ArrayBufferView): void {
    const items = [...(view as unknown as Iterable<number | bigint>)];
    const isFloat = types.isFloat32Array(view) || types.isFloat64Array(view);
    this.sink.list(items.length);
    for (const item of items) {
      if (isFloat) this.sink.float(item as number);
      else this.sink.int(item);
    }
    this.sink.end();
  }

  private items(container: object, items: readonly unknown[], tuple: boolean): void {
    this.within(container, (at) => {
      if (tuple) this.sink.tuple(items.length);
      else this.sink.list(items.length);
      for (let i = 0; i < items.length; i++) {
        this.steps[at] = i;
        this.write(items[i]);
      }
      this.sink.end();
    });
  }

  private members(value: object): void {
    this.within(value, (at) => {
      const members: [string, unknown][] = [];
      for (const key of Object.keys(value)) {
        const member = (value as Record<string, unknown>)[key];
        if (member !== undefined) members.push([key, member]);
      }
      this.sink.dict(members.length);
      for (const [key, member] of members) {
        this.steps[at] = key;
        this.sink.string(key);
        this.write(member);
      }
      this.sink.end();
    });
  }

  private map(map: Map<unknown, unknown>): void {
    this.within(map, (at) => {
      this.sink.dict(map.size);
      for (const [key, member] of map) {
        this.steps[at] = key;
        this.key(key);
        this.write(member);
      }
      this.sink.end();
    });
  }

  private set(set: Set<unknown>): void {
    this.within(set, (at) => {
      this.sink.set(set.size);
      for (const member of set) {
        this.steps[at] = member;
        this.key(member);
      }
      this.sink.end();
    });
  }

  /** A dict key or set member: what Python can hash. Arrays are written as tuples. */
  private key(key: unknown): void {
    if (!Array.isArray(key)) {
      if (typeof key === 'object' && key !== null && !isHashable(key))
        this.fail('a dict key or set member that Python cannot hash');
      return this.write(key);
    }
    this.within(key, (at) => {
      this.sink.tuple(key.length);
      for (let i = 0; i < key.length; i++) {
        this.steps[at] = i;
        this.key(key[i]);
      }
      this.sink.end();
    });
  }

  private within(container: object, body: (at: number) => void): void {
    const { ancestors, steps } = this;
    const { maxDepth } = this.options;
    if (ancestors.includes(container)) this.fail('a value that contains itself');
    if (ancestors.length >= maxDepth) this.fail(`more than ${maxDepth} nested containers (maxDepth)`);
    const at = ancestors.length;
    ancestors.push(container);
    steps[at] = undefined;
    body(at);
    ancestors.pop();
    steps.length = at;
  }

  private dateText(date: Date): string {
    if (Number.isNaN(date.getTime())) this.fail('an invalid Date');
    return date.toISOString().replace(/\.(\d{3})Z$/, (_, millis) => (millis === '000' ? '+00:00' : `.${millis}000+00:00`));
  }

  private fail(what: string): never {
    throw new SerializeError(`${what} cannot be written in ${this.serializer}, at ${pathOf(this.ancestors, this.steps)}`);
  }
}

function isHashable(key: object): boolean {
  return (
    key instanceof PyFloat ||
    key instanceof PyComplex ||
    types.isUint8Array(key) ||
    types.isDate(key) ||
    types.isBoxedPrimitive(key)
  );
}
