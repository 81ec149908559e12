import { collisionsOf, type HashCollisions } from '../../serpent/costs/hash-collisions.js';
import {
  COSTS,
  grownCapacity,
  isOwnCharacter,
  isSmallInt,
  numberList,
  ROOMY_MEMBERS,
  TABLE_COST,
  TABLE_MEMBER_COST,
  TABLE_MEMBERS,
} from '../../serpent/costs/value-costs.js';
import type { ValueBudget } from '../contract/value-budget.js';
import type { KnownMember, KnownMembers } from './known-members.js';

/** The common part of the readers of json, marshal and msgpack: what a value costs, the shapes of its dicts, keys that collide. */
export abstract class ValueReader {
  /** True when a dict has a `__class__` key. */
  sawClass = false;
  /** True when a dict has a key of the dicts of arrays: `dtype`, `nd`, or bytes. */
  sawArray = false;
  /** The start of all dicts. */
  readonly root: KnownMember;
  /** The member whose value is read. Its `first` is the expected first member of dicts in the value. */
  context: KnownMember;
  private knownCollisions: HashCollisions | undefined = undefined;

  constructor(
    readonly isFaithful: boolean,
    protected readonly budget: ValueBudget,
    private readonly shapes: KnownMembers,
  ) {
    this.root = this.context = shapes.start();
  }

  /** The cost of the value so far. */
  get spent(): number {
    return this.budget.spentBytes;
  }

  /** Shared by all dicts and sets of the read, and by all that is made of the message later. */
  get collisions(): HashCollisions {
    return (this.knownCollisions ??= collisionsOf(this.budget));
  }

  /** Fails with the reason that the budget gives. */
  protected abstract failTooCostly(): never;

  /** Adds to the cost of the value. */
  spend(bytes: number): void {
    const { budget } = this;
    if ((budget.spentBytes += bytes) > budget.limitBytes && !budget.grow()) this.failTooCostly();
  }

  /**
   * A string. V8 takes one byte for each character, or two if any character is not latin 1.
   *
   * @param wireBytes more than characters, when the string is not all ASCII
   */
  protected spendText(text: string, wireBytes: number): void {
    const { length } = text;
    if (length > 1 || isOwnCharacter(text)) this.spend(COSTS.string + (wireBytes === length ? length : length + (length >> 1)));
  }

  /** @param digits decimal digits */
  protected spendBigInt(digits: number): void {
    this.spend(COSTS.bigint + (digits >> 1));
  }

  /** Spends a number outside of a list of numbers. */
  spendNumber(value: unknown): void {
    if (typeof value === 'number' && !isSmallInt(value)) this.spend(COSTS.number);
  }

  /**
   * Makes a list of any values from a list of numbers, and adds an item. @returns a copy, whose numbers take more memory, and which has
   * grown once
   */
  protected mixed(numbers: readonly unknown[], item: unknown): unknown[] {
    for (const number of numbers) this.spendNumber(number);
    const items = numbers.slice();
    items.push(item);
    return items;
  }

  /** Spends the growth of a full Array. @returns its new capacity */
  protected growList(capacity: number): number {
    const grown = grownCapacity(capacity);
    this.spend((grown - capacity) * COSTS.slot);
    return grown;
  }

  /** The member with this name after `shape`; undefined when it is not remembered. */
  follow(shape: KnownMember, name: string): KnownMember | undefined {
    const known = shape.follow(name);
    if (known !== undefined) return known;
    this.spendNewName(shape.count, name);
    return this.shapes.add(shape, name);
  }

  /** Spends a name that has not followed the members before it. @param count number of the members before it */
  spendNewName(count: number, name: string): void {
    this.spend((count < TABLE_MEMBERS && !this.isFaithful ? COSTS.newMember : COSTS.string) + name.length);
  }

  /** Spends the `count`th member of a plain object. */
  spendMember(count: number): void {
    if (count <= ROOMY_MEMBERS) return;
    if (count > TABLE_MEMBERS) this.spend(TABLE_MEMBER_COST);
    else this.spend(count === TABLE_MEMBERS ? TABLE_COST : COSTS.slot);
  }
}

/** Begins a list with its first item. */
export function beginList(first: unknown): unknown[] {
  return typeof first === 'number' ? numberList(first) : [first];
}
