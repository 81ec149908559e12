import { types } from 'node:util';
import { SerializeError } from '../../protocol/errors.js';
import { overLimit } from '../../protocol/over-limit.js';
import { peerText } from '../../protocol/texts/peer-text.js';
import { PyComplex, PyFloat, PyFrozenSet, PyTuple } from '../../serpent/index.js';
import { checkParts } from '../../serpent/values/values.js';
import { type DictKey, Unwritable, type ValueSink } from './value-sink.js';
import { MarshalSingleton } from '../contract/marshal-singleton.js';
import { NestedLists } from '../../serpent/values/nested-lists.js';
import { Nesting } from '../../serpent/values/nesting.js';
import {
  isContainer,
  isFloatArray,
  isoformat,
  isPyNumber,
  unsendableKind,
  withArticle,
} from '../../serpent/values/value-kinds.js';

export interface ValueWriterOptions {
  maxDepth: number;
  maxIntDigits: number;
  /** Called for every object except plain arrays and the Py classes. Undefined: the writer's own rule. */
  encodeObject: (value: object) => unknown;
}

/**
 * Walks a value by the table of docs/values.md, with its limits, and puts the parts into a sink.
 *
 * The serpent writer has its own walk, with the same rules. With this walk and a serpent sink, which has to choose a separator before each
 * part, records take 20 to 40% longer to write.
 */
export class ValueWriter {
  private readonly nesting: Nesting;
  private tooLongInt: bigint | undefined;

  constructor(
    private readonly serializer: string,
    private readonly sink: ValueSink,
    private readonly options: ValueWriterOptions,
  ) {
    this.nesting = new Nesting(options.maxDepth, (what, fault) => {
      throw new Unwritable(what, fault === 'TOO_DEEP' ? 'maxDepth' : undefined);
    });
  }

  /** @throws {SerializeError} naming the serializer, and the path to the value that cannot be written */
  dump(value: unknown): void {
    try {
      this.write(value);
    } catch (error) {
      if (!(error instanceof Unwritable)) throw error;
      const unwritable = new SerializeError(`${this.nesting.path}: ${error.what} cannot be written in ${this.serializer}`);
      throw error.limit === undefined ? unwritable : overLimit(error.limit, unwritable);
    }
  }

  private write(value: unknown): void {
    switch (typeof value) {
      case 'string':
        return this.sink.string(value);
      case 'number':
        if (Number.isSafeInteger(value) && (value !== 0 || !Object.is(value, -0))) return this.sink.int(value);
        return this.sink.float(value);
      case 'boolean':
        return this.sink.bool(value);
      case 'undefined':
        return this.sink.none();
      case 'bigint':
        return this.sink.int(this.checkedInt(value));
      case 'symbol':
        throw new Unwritable('a symbol');
      default:
        if (value === null) return this.sink.none();
        return this.object(value as object);
    }
  }

  private checkedInt(value: bigint): bigint {
    const { maxIntDigits } = this.options;
    const limit = (this.tooLongInt ??= 10n ** BigInt(maxIntDigits));
    if (value >= limit || value <= -limit) {
      throw new Unwritable(`an int of more than ${maxIntDigits} digits (maxIntDigits)`, 'maxIntDigits');
    }
    return value;
  }

  private object(value: object): void {
    if (Array.isArray(value) && (Object.getPrototypeOf(value) === Array.prototype || value instanceof PyTuple)) {
      return this.items(value);
    }
    if (Object.getPrototypeOf(value) !== Object.prototype) {
      if (value instanceof PyFloat) return this.sink.float(checkedNumber(value).value);
      if (value instanceof PyComplex) return this.sink.complex(checkedNumber(value));
      if (value instanceof NestedLists) return this.lists(value);
    }
    const replacement = this.options.encodeObject(value);
    if (replacement === undefined) return this.byDefault(value);
    this.nesting.enterReplaced(value);
    // `encodeObject` is not called for its own result
    if (isContainer(replacement)) this.byDefault(replacement);
    else this.write(replacement);
    this.nesting.leaveReplaced();
  }

  private byDefault(value: object): void {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === null) this.members(value);
    else if (Array.isArray(value)) this.items(value);
    else if (types.isMap(value)) this.map(value);
    else if (types.isSet(value)) this.set(value);
    else if (ArrayBuffer.isView(value)) this.view(value);
    else if (types.isAnyArrayBuffer(value)) this.sink.bytes(new Uint8Array(value));
    else if (types.isDate(value)) this.sink.string(dateText(value));
    else if (types.isBoxedPrimitive(value)) this.write(value.valueOf());
    else this.instance(value);
  }

  private instance(value: object): void {
    const kind = unsendableKind(value);
    if (kind !== undefined) throw new Unwritable(withArticle(kind));
    if (value instanceof MarshalSingleton && this.sink.singleton) return this.sink.singleton(value);
    const { toJSON } = value as { toJSON?: unknown };
    if (typeof toJSON !== 'function') return this.members(value);
    const replacement: unknown = toJSON.call(value, '');
    if (replacement === value) return this.members(value);
    this.nesting.enter(value);
    this.write(replacement);
    this.nesting.leave();
  }

  private view(view: ArrayBufferView): void {
    if (types.isUint8Array(view)) return this.sink.bytes(view);
    if (view instanceof DataView) return this.sink.bytes(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
    const items = view as ArrayBufferView & ArrayLike<number | bigint>;
    this.sink.list(items.length);
    this.numbers(items, isFloatArray(view), 0, items.length, 1);
    this.sink.end();
  }

  private numbers(items: ArrayLike<number | bigint>, areFloats: boolean, start: number, count: number, step: number): void {
    for (let left = count, at = start; left > 0; left--, at += step) {
      if (areFloats) this.sink.float(items[at] as number);
      else this.sink.int(items[at]!);
    }
  }

  private items(items: readonly unknown[]): void {
    const at = this.nesting.enter(items);
    const { length } = items;
    if (items instanceof PyTuple) this.sink.tuple(length);
    else this.sink.list(length);
    for (let index = 0; index < length; index++) {
      this.nesting.at(at, index);
      this.write(items[index]);
    }
    this.sink.end();
    this.nesting.leave();
  }

  private lists(lists: NestedLists): void {
    const at = this.nesting.enterLists(lists.depth);
    this.listsOfAxis(lists, at, 0, lists.offset);
    this.nesting.leaveLists(lists.depth);
  }

  /** @param place of the first element of the list */
  private listsOfAxis(lists: NestedLists, at: number, axis: number, place: number): void {
    const { shape, strides, elements } = lists;
    const length = shape[axis]!;
    const step = strides[axis]!;
    this.sink.list(length);
    if (axis < shape.length - 1) {
      for (let index = 0; index < length; index++) {
        this.nesting.at(at + axis, index);
        this.listsOfAxis(lists, at, axis + 1, place + index * step);
      }
    } else if (elements.numbers !== undefined) {
      this.numbers(elements.numbers, elements.areFloats, place, length, step);
    } else {
      for (let index = 0; index < length; index++) {
        this.nesting.at(at + axis, index);
        this.write(elements.elementAt(place + index * step));
      }
    }
    this.sink.end();
  }

  private members(value: object): void {
    const at = this.nesting.enter(value);
    const keys: string[] = [];
    const members: unknown[] = [];
    for (const key of Object.keys(value)) {
      this.nesting.at(at, key);
      const member = (value as Record<string, unknown>)[key];
      if (member === undefined) continue;
      keys.push(key);
      members.push(member);
    }
    this.sink.dict(keys.length);
    for (let index = 0; index < keys.length; index++) {
      const key = keys[index]!;
      this.nesting.at(at, key);
      if (this.sink.key) this.sink.key(key);
      else this.sink.string(key);
      this.write(members[index]);
    }
    this.sink.end();
    this.nesting.leave();
  }

  private map(map: Map<unknown, unknown>): void {
    const at = this.nesting.enter(map);
    this.sink.dict(map.size);
    for (const [key, member] of map) {
      this.nesting.at(at, key);
      const text = this.dictKey(key);
      if (text !== undefined && map.has(text))
        throw new Unwritable(`a dict with two keys that both are ${JSON.stringify(peerText(text))}`);
      this.write(member);
    }
    this.sink.end();
    this.nesting.leave();
  }

  private set(set: Set<unknown>): void {
    const at = this.nesting.enter(set);
    if (set instanceof PyFrozenSet) this.sink.frozenset(set.size);
    else this.sink.set(set.size);
    for (const member of set) {
      this.nesting.at(at, member);
      this.hashable(member);
    }
    this.sink.end();
    this.nesting.leave();
  }

  private dictKey(key: unknown): string | undefined {
    if (this.sink.key === undefined) return this.hashable(key) as undefined;
    if (Array.isArray(key) || types.isSet(key)) throw new Unwritable('a tuple or set as dict key');
    const scalar = scalarOf(key);
    return this.sink.key(typeof scalar === 'bigint' ? this.checkedInt(scalar) : scalar);
  }

  /** Writes a value that Python can hash: Arrays become tuples and Sets frozensets. */
  private hashable(value: unknown): void {
    if (Array.isArray(value) || types.isSet(value)) this.frozen(value);
    else if (value instanceof MarshalSingleton) this.instance(value);
    else this.write(scalarOf(value));
  }

  private frozen(items: readonly unknown[] | Set<unknown>): void {
    const at = this.nesting.enter(items);
    if (Array.isArray(items)) this.sink.tuple(items.length);
    else this.sink.frozenset((items as Set<unknown>).size);
    let index = 0;
    for (const item of items) {
      this.nesting.at(at, Array.isArray(items) ? index++ : item);
      this.hashable(item);
    }
    this.sink.end();
    this.nesting.leave();
  }
}

function scalarOf(key: unknown): DictKey {
  if (key === undefined) return null;
  if (typeof key !== 'object' || key === null) {
    if (typeof key === 'symbol' || typeof key === 'function') throw new Unwritable(`a ${typeof key}`);
    return key as string | number | bigint | boolean | null;
  }
  if (isPyNumber(key)) return checkedNumber(key);
  if (types.isUint8Array(key)) return key;
  if (types.isAnyArrayBuffer(key)) return new Uint8Array(key);
  if (types.isDate(key)) return dateText(key);
  if (types.isBoxedPrimitive(key)) return scalarOf(key.valueOf());
  throw new Unwritable(`${types.isMap(key) ? 'a Map' : 'an object'} as dict key or set member, which Python cannot hash,`);
}

function checkedNumber<T extends PyFloat | PyComplex>(value: T): T {
  checkParts(value, failUnwritable);
  return value;
}

function failUnwritable(what: string): never {
  throw new Unwritable(what);
}

function dateText(date: Date): string {
  if (Number.isNaN(date.getTime())) throw new Unwritable('an invalid Date');
  return isoformat(date);
}
