import { UnreadableError } from '../contract/unreadable-error.js';
import { storeIndexKeysInHashTable } from '../../serpent/index-keys.js';
import { COSTS } from '../../serpent/value-costs.js';
import { kindOf, MemberKind, setMember } from '../contract/plain-object.js';
import type { MemberShape } from './member-shape.js';
import type { ValueAccount } from './value-account.js';

/** Entries for which V8 makes room in an empty Map. */
const EMPTY_MAP_ENTRIES = 4;

/**
 * Builds a dict that is read: a plain object while all keys are strings, else a Map. In faithful mode the dict is always a Map.
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
  private shape: MemberShape | undefined;
  private readonly outer: MemberShape;

  /** @param account shared by all dicts of one read */
  constructor(private readonly account: ValueAccount) {
    this.outer = account.context;
    this.shape = account.root;
    if (account.faithful) this.map = new Map();
    else this.object = {};
    account.spend(account.faithful ? COSTS.map : COSTS.dict);
  }

  /** The member whose name most likely comes next, when its name can be compared with bytes; undefined when none is likely. */
  get expected(): MemberShape | undefined {
    const { shape } = this;
    const expected = this.size === 0 ? (this.outer.first ?? shape!.next) : shape?.next;
    return expected?.isPlain ? expected : undefined;
  }

  /** The next key is the name of {@link expected}. */
  takeExpected(expected: MemberShape): void {
    this.currentKey = expected.name;
    this.enter(expected);
  }

  /**
   * Takes the next key.
   *
   * @throws {UnreadableError} on `__proto__` in natural mode
   */
  key(key: unknown): void {
    const { account, shape } = this;
    this.currentKey = key;
    if (typeof key !== 'string') {
      this.map ??= this.toMap();
      account.spendNumber(key);
      account.context = account.root;
      return;
    }
    if (key === '__class__') account.sawClass = true;
    else if (key === '__proto__' && this.map === undefined)
      throw new UnreadableError('the dict key "__proto__" is only read with values: \'faithful\'');
    if (shape === undefined) {
      account.spendNewName(this.size, key);
      account.context = account.root;
    } else {
      const followed = account.follow(shape, key);
      // one string for all dicts with this name
      if (followed !== undefined) this.currentKey = followed.name;
      this.enter(followed);
    }
  }

  /**
   * Takes the value of the last key. If a key repeats, the last value wins.
   *
   * @throws {UnreadableError} on number keys that collide too often
   */
  value(value: unknown): void {
    const { account, object, currentKey } = this;
    account.spendNumber(value);
    this.size++;
    if (object === undefined || this.map !== undefined) this.setEntry(this.map!, currentKey, value);
    else this.setNamed(object, currentKey as string, value);
  }

  finish(): Map<unknown, unknown> | Record<string, unknown> {
    this.account.context = this.outer;
    return this.map ?? this.object!;
  }

  private enter(shape: MemberShape | undefined): void {
    if (this.size === 0) this.outer.first = shape;
    this.shape = shape;
    this.account.context = shape ?? this.account.root;
  }

  private setEntry(map: Map<unknown, unknown>, key: unknown, value: unknown): void {
    const { account } = this;
    if (typeof key !== 'string' && !account.crowds.admits(map, key)) throw crowdedKeys();
    if (map.size === this.capacity) {
      account.spend(this.capacity * COSTS.mapEntry);
      this.capacity *= 2;
    }
    map.set(key, value);
  }

  private setNamed(object: Record<string, unknown>, name: string, value: unknown): void {
    const kind = this.shape?.kind ?? kindOf(name);
    this.account.spendMember(this.size);
    if (kind === MemberKind.plain) object[name] = value;
    else this.setUnusual(object, name, value, kind);
  }

  private setUnusual(object: Record<string, unknown>, name: string, value: unknown, kind: MemberKind): void {
    if (kind === MemberKind.index) {
      this.account.spend(this.hasIndexKeys ? COSTS.indexMember : COSTS.indexTable);
      if (!this.hasIndexKeys) storeIndexKeysInHashTable(object);
      this.hasIndexKeys = true;
    }
    setMember(object, name, value, kind);
  }

  private toMap(): Map<unknown, unknown> {
    const { account, object } = this;
    const map = new Map<unknown, unknown>();
    account.spend(COSTS.map);
    for (const name of Object.keys(object!)) this.setEntry(map, name, object![name]);
    this.object = undefined;
    return map;
  }
}

export function crowdedKeys(): UnreadableError {
  return new UnreadableError('number keys collide so often that they were made for it');
}
