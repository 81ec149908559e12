import { PyFrozenSet } from '../../serpent/index.js';
import { failedInside } from '../contract/unreadable-error.js';
import { shortText } from '../../protocol/short-text.js';
import { DictBuilder } from '../reading/dict-builder.js';
import { collidingKeys } from '../reading/peer-tables.js';
import { capacityOf, COSTS } from '../../serpent/costs/value-costs.js';
import { FLAG_REF, MARSHAL } from './marshal-types.js';
import { tupleOf } from '../../serpent/values/values.js';
import { MarshalScalarReader } from './marshal-scalar-reader.js';

/**
 * Most values that references may add to the values in the bytes. Without this limit, a few bytes with references to references could make
 * a huge tree. A list that repeats one row many times is far below the limit.
 */
const REFERENCED_VALUES = 1_000_000;
const REFERENCED_VALUES_PER_BYTE = 16;

/** Bytes of memory that the reader takes for a value that can be referred to, while it reads. */
const REFERABLE_COST = 48;

/** Members for which V8 makes room in an empty Set. */
const EMPTY_SET_MEMBERS = 4;

const NULL = Symbol('NULL');
const UNFINISHED = Symbol('unfinished');

/** Reads marshal of versions 0 to 5. @see CPython, Python/marshal.c */
export class MarshalReader extends MarshalScalarReader {
  private readonly refs: unknown[] = [];
  /** True once a reference gave a container: the value has it in several places. */
  hasShared = false;
  /** Number of values in each referable value, itself included. */
  private readonly refSizes: number[] = [];
  private readonly refHashable: boolean[] = [];
  /** Memory of each referable value, in bytes. */
  private readonly refCosts: number[] = [];
  /** Nested containers in each referable value, itself included. */
  private readonly refHeights: number[] = [];
  /** The deepest level since the start of the current referable value. */
  private deepest = 0;
  private values = 0;
  private referenced = 0;
  /** True when Python can hash the last value. */
  private hashable = true;
  /** True when Python can hash all items so far of the container that is read. */
  private allHashable = true;

  /** @throws {UnreadableError} naming the offset */
  read(): unknown {
    const value = this.value();
    if (value === NULL) this.fail('NULL stands for no value');
    this.expectEnd();
    this.spend(-REFERABLE_COST * this.refs.length);
    return value;
  }

  /** The memory of the values so far, without the memory that the reader takes for itself. */
  override get spent(): number {
    return this.budget.spentBytes - REFERABLE_COST * this.refs.length;
  }

  private value(): unknown {
    const byte = this.byte();
    const type = byte & ~FLAG_REF;
    if (type === MARSHAL.ref) return this.reference();
    const before = this.values++;
    if (!(byte & FLAG_REF)) return this.typed(type);
    const index = this.refs.push(UNFINISHED) - 1;
    this.spend(REFERABLE_COST);
    const { deepest, spent } = this;
    this.deepest = this.depth;
    const value = this.typed(type);
    this.refCosts[index] = this.spent - spent;
    this.refHeights[index] = this.deepest - this.depth;
    this.deepest = Math.max(this.deepest, deepest);
    this.refs[index] = value;
    this.refHashable[index] = this.hashable;
    this.refSizes[index] = this.values - before;
    return value;
  }

  private typed(type: number): unknown {
    this.hashable = true;
    switch (type) {
      case MARSHAL.null:
        return NULL;
      case MARSHAL.none:
        return null;
      case MARSHAL.true:
        return true;
      case MARSHAL.false:
        return false;
      case MARSHAL.int:
        return this.int32();
      case MARSHAL.int64:
        return this.int64(this.bytes.readBigInt64LE(this.take(8)));
      case MARSHAL.long:
        return this.long();
      case MARSHAL.binaryFloat:
        return this.float(this.bytes.readDoubleLE(this.take(8)));
      case MARSHAL.float:
        return this.float(this.floatText());
      case MARSHAL.binaryComplex:
        return this.complex(this.bytes.readDoubleLE(this.take(8)), this.bytes.readDoubleLE(this.take(8)));
      case MARSHAL.complex:
        return this.complex(this.floatText(), this.floatText());
      case MARSHAL.bytes:
        return this.buffer(this.length(1));
      case MARSHAL.unicode:
      case MARSHAL.interned:
        return this.string(this.length(1));
      case MARSHAL.ascii:
      case MARSHAL.asciiInterned:
        return this.latin1(this.length(1));
      case MARSHAL.shortAscii:
      case MARSHAL.shortAsciiInterned:
        return this.latin1(this.byte());
      case MARSHAL.tuple:
        return this.tuple(this.length(1));
      case MARSHAL.smallTuple:
        return this.tuple(this.byte());
      case MARSHAL.list:
        return this.unhashable(this.hashableItems(this.length(1)));
      case MARSHAL.set:
        return this.unhashable(this.membersOf(new Set()));
      case MARSHAL.frozenset:
        return this.membersOf(this.isFaithful ? new PyFrozenSet() : new Set());
      case MARSHAL.dict:
        return this.dict();
      default:
        return this.otherType(type);
    }
  }

  /** Reads a value of a type that does not travel between programs. */
  protected otherType(type: number): unknown {
    return this.fail(`type ${JSON.stringify(String.fromCharCode(type))} is not read: only plain values travel`);
  }

  private reference(): unknown {
    const index = this.int32();
    const value = this.refs[index];
    if (index < 0 || index >= this.refs.length) this.fail(`reference ${index} points nowhere`);
    if (value === UNFINISHED || value === NULL) this.fail(`reference ${index} points to a value that contains it`);
    if (typeof value === 'object') this.hasShared = true;
    // whatever copies or writes out the value, here or in an application, copies it as often as it is referred to
    this.spend(this.refCosts[index]!);
    this.reach(this.depth + this.refHeights[index]!);
    this.hashable = this.refHashable[index]!;
    const size = this.refSizes[index]!;
    // the container counts the value again, as if the value stood here instead of the reference
    this.values += size;
    this.referenced += size - 1;
    const limit = REFERENCED_VALUES + REFERENCED_VALUES_PER_BYTE * this.bytes.length;
    if (this.referenced > limit) this.fail(`references stand for more than ${limit} values`);
    return value;
  }

  private tuple(length: number): unknown {
    const items = this.hashableItems(length);
    if (!this.isFaithful) return items;
    // the copy has no spare capacity
    if (length > 1) this.spend((length - capacityOf(length)) * COSTS.slot);
    return tupleOf(items);
  }

  private hashableItems(length: number): unknown[] {
    const outer = this.allHashable;
    this.allHashable = true;
    this.enter();
    const items = this.items(length);
    this.depth--;
    this.hashable = this.allHashable;
    this.allHashable = outer;
    return items;
  }

  protected override item(): unknown {
    const item = this.member();
    this.allHashable &&= this.hashable;
    return item;
  }

  private membersOf(set: Set<unknown>): Set<unknown> {
    const members = this.hashableItems(this.length(1));
    if (!this.hashable) this.fail('a member of a set is a list, dict or set', 'builtins.TypeError');
    this.spend(COSTS.set);
    let capacity = EMPTY_SET_MEMBERS;
    for (const member of members) {
      if (!this.collisions.admits(set, member)) throw collidingKeys(member);
      if (set.size === capacity) {
        this.spend(capacity * COSTS.setMember);
        capacity *= 2;
      }
      set.add(member);
    }
    return set;
  }

  private dict(): unknown {
    const dict = new DictBuilder(this);
    this.enter();
    let key: unknown;
    try {
      while ((key = this.key()) !== NULL) {
        if (!this.hashable) this.fail('a dict key is a list, dict or set', 'builtins.TypeError');
        dict.key(key);
        dict.value(this.member());
        key = undefined;
      }
    } catch (error) {
      throw failedInside(error, shortText(key ?? 'a key'));
    }
    this.depth--;
    return this.unhashable(dict.finish());
  }

  private key(): unknown {
    const { spent } = this;
    const { kept } = this.text;
    const key = this.value();
    if (typeof key !== 'string') return key;
    // the dict counts the cost of its names; what the reader takes for itself goes back at the end of the read
    this.budget.spentBytes = Math.max(spent, this.text.least) + REFERABLE_COST * this.refs.length;
    this.text.madeName(kept);
    return key;
  }

  private unhashable<T>(value: T): T {
    this.hashable = false;
    return value;
  }

  private member(): unknown {
    const value = this.value();
    return value === NULL ? this.fail('NULL stands for no value') : value;
  }

  private enter(): void {
    this.reach(++this.depth);
  }

  private reach(depth: number): void {
    const { maxDepth } = this.options;
    if (depth > maxDepth) this.failOver('maxDepth', `more than ${maxDepth} nested containers (maxDepth)`);
    if (depth > this.deepest) this.deepest = depth;
  }
}
