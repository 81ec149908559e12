import { UnreadableError } from '../contract/unreadable-error.js';
import { isLongText } from '../../serpent/costs/hash-collisions.js';
import { newIndexTable, storeIndexKeysInHashTable } from '../../serpent/costs/index-keys.js';
import { COSTS } from '../../serpent/costs/value-costs.js';
import { kindOf, MemberKind, setMember } from '../contract/plain-object.js';
import type { KnownMember } from './known-members.js';
import { collidingKeys } from './peer-tables.js';
import type { ValueReader } from './value-reader.js';

/** Entries for which V8 makes room in an empty Map. */
const EMPTY_MAP_ENTRIES = 4;

/**
 * Builds a dict that is read: a plain object while all keys are strings, and none a {@link isLongText}, else a Map. In faithful mode the dict
 * is always a Map.
 *
 * For each entry call {@link key} or {@link takeExpected}, then {@link value}.
 */
export class DictBuilder {
  private object: Record<string, unknown> | undefined;
  private map: Map<unknown, unknown> | undefined;
  /** Entries for which the Map has room. */
  private capacity = EMPTY_MAP_ENTRIES;
  private size = 0;
  private hasIndexKeys = false;
  private currentKey: unknown;
  /** The last member; undefined once the members are too many to be remembered. */
  private shape: KnownMember | undefined;
  private readonly outer: KnownMember;

  constructor(private readonly reader: ValueReader) {
    this.outer = reader.context;
    this.shape = reader.root;
    if (reader.isFaithful) this.map = new Map();
    else this.object = {};
    reader.spend(reader.isFaithful ? COSTS.map : COSTS.dict);
  }

  /** The member whose name most likely comes next, when its name can be compared with bytes; undefined when none is likely. */
  get expected(): KnownMember | undefined {
    const { shape } = this;
    const expected = this.size === 0 ? (this.outer.first ?? shape!.next) : shape?.next;
    return expected?.isPlain ? expected : undefined;
  }

  /** The next key is the name of {@link expected}. */
  takeExpected(expected: KnownMember): void {
    this.currentKey = expected.name;
    this.enter(expected);
  }

  /**
   * Takes the next key.
   *
   * @throws {UnreadableError} on `__proto__` in natural mode
   */
  key(key: unknown): void {
    const { reader, shape } = this;
    this.currentKey = key;
    if (typeof key !== 'string') {
      this.map ??= this.toMap();
      reader.spendNumber(key);
      if (typeof key === 'object' && Buffer.isBuffer(key)) reader.sawArray = true;
      reader.context = reader.root;
      return;
    }
    if (isLongText(key)) this.map ??= this.toMap();
    if (key === '__class__') reader.sawClass = true;
    else if (key === 'dtype' || key === 'nd') reader.sawArray = true;
    else if (key === '__proto__' && this.map === undefined)
      throw new UnreadableError('the dict key "__proto__" is only read with values: \'faithful\'');
    if (shape === undefined) {
      reader.spendNewName(this.size, key);
      reader.context = reader.root;
    } else {
      const followed = reader.follow(shape, key);
      // one string for all dicts with this name
      if (followed !== undefined) this.currentKey = followed.name;
      this.enter(followed);
    }
  }

  /**
   * Takes the value of the last key. If a key repeats, the last value wins.
   *
   * @throws {UnreadableError} on keys that collide too often
   */
  value(value: unknown): void {
    const { reader, object, currentKey } = this;
    reader.spendNumber(value);
    this.size++;
    if (object === undefined || this.map !== undefined) this.setEntry(this.map!, currentKey, value);
    else this.setNamed(object, currentKey as string, value);
  }

  finish(): Map<unknown, unknown> | Record<string, unknown> {
    this.reader.context = this.outer;
    return this.map ?? this.object!;
  }

  private enter(shape: KnownMember | undefined): void {
    if (this.size === 0) this.outer.first = shape;
    this.shape = shape;
    this.reader.context = shape ?? this.reader.root;
  }

  private setEntry(map: Map<unknown, unknown>, key: unknown, value: unknown): void {
    const { reader } = this;
    if (!reader.collisions.admits(map, key)) throw collidingKeys(key);
    if (map.size === this.capacity) {
      reader.spend(this.capacity * COSTS.mapEntry);
      this.capacity *= 2;
    }
    map.set(key, value);
  }

  private setNamed(object: Record<string, unknown>, name: string, value: unknown): void {
    const kind = this.shape?.kind ?? kindOf(name);
    this.reader.spendMember(this.size);
    if (kind === MemberKind.plain) object[name] = value;
    else this.setUnusual(object, name, value, kind);
  }

  private setUnusual(object: Record<string, unknown>, name: string, value: unknown, kind: MemberKind): void {
    if (kind === MemberKind.index) {
      this.reader.spend(this.hasIndexKeys ? COSTS.indexMember : COSTS.indexTable);
      if (!this.hasIndexKeys) {
        if (this.size === 1) object = this.object = newIndexTable();
        else storeIndexKeysInHashTable(object);
        this.hasIndexKeys = true;
      }
    }
    setMember(object, name, value, kind);
  }

  private toMap(): Map<unknown, unknown> {
    const { reader, object } = this;
    const map = new Map<unknown, unknown>();
    reader.spend(COSTS.map);
    for (const name of Object.keys(object!)) this.setEntry(map, name, object![name]);
    this.object = undefined;
    return map;
  }
}

/** A dict without entries. */
export function emptyDict(reader: ValueReader): Map<unknown, unknown> | Record<string, unknown> {
  reader.spend(reader.isFaithful ? COSTS.map : COSTS.dict);
  return reader.isFaithful ? new Map() : {};
}
