import { KeyCrowds } from '../../serpent/key-crowds.js';
import {
  COSTS,
  grownCapacity,
  isSmallInt,
  ROOMY_MEMBERS,
  TABLE_COST,
  TABLE_MEMBER_COST,
  TABLE_MEMBERS,
} from '../../serpent/value-costs.js';
import type { ValueBudget } from '../contract/value-budget.js';
import type { MemberShape, MemberShapes } from './member-shape.js';

/** The common part of the readers of json, marshal and msgpack: what a value costs, the shapes of its dicts, keys that collide. */
export abstract class ValueReader {
  /** True when a dict has a `__class__` key. */
  sawClass = false;
  /** True when a dict has a key of one that stands for an array: `dtype`, `nd`, or bytes. */
  sawArray = false;
  /** The start of all dicts. */
  readonly root: MemberShape;
  /** The member whose value is read: it knows which member its dicts begin with. */
  context: MemberShape;
  private knownCrowds: KeyCrowds | undefined = undefined;

  constructor(
    readonly isFaithful: boolean,
    protected readonly budget: ValueBudget,
    private readonly shapes: MemberShapes,
  ) {
    this.root = this.context = shapes.start();
  }

  /** Shared by all dicts and sets of the read. */
  get crowds(): KeyCrowds {
    return (this.knownCrowds ??= new KeyCrowds());
  }

  /** Fails with the reason that the budget gives. */
  protected abstract failTooCostly(): never;

  /** Adds to the cost of the value. */
  spend(bytes: number): void {
    const { budget } = this;
    if ((budget.spentBytes += bytes) > budget.limitBytes) this.failTooCostly();
  }

  /**
   * A string. V8 takes one byte for each character of latin 1, and two when another one is among them.
   *
   * @param wireBytes more than characters, when the string is not all ASCII
   */
  protected spendText({ length }: string, wireBytes: number): void {
    if (length > 1) this.spend(COSTS.string + (wireBytes === length ? length : length + (length >> 1)));
  }

  /** @param digits decimal digits */
  protected spendBigInt(digits: number): void {
    this.spend(COSTS.bigint + (digits >> 1));
  }

  /** A value that is a member of something else than a list of numbers. */
  spendNumber(value: unknown): void {
    if (typeof value === 'number' && !isSmallInt(value)) this.spend(COSTS.number);
  }

  /** A list of numbers that gets another item behind them. @returns a copy: its numbers take more, and it has grown once */
  protected mixed(numbers: readonly unknown[], item: unknown): unknown[] {
    for (const number of numbers) this.spendNumber(number);
    const items = numbers.slice();
    items.push(item);
    return items;
  }

  /** An Array is full. @returns its new capacity */
  protected growList(capacity: number): number {
    const grown = grownCapacity(capacity);
    this.spend((grown - capacity) * COSTS.slot);
    return grown;
  }

  /** The member with this name behind those before it; undefined when it is not remembered. */
  follow(shape: MemberShape, name: string): MemberShape | undefined {
    const known = shape.follow(name);
    if (known !== undefined) return known;
    this.spendNewName(shape.count, name);
    return this.shapes.add(shape, name);
  }

  /** A name that did not follow the members before it. @param count the members before it */
  spendNewName(count: number, name: string): void {
    this.spend((count < TABLE_MEMBERS && !this.isFaithful ? COSTS.newMember : COSTS.string) + name.length);
  }

  /** The `count`th member of a plain object. */
  spendMember(count: number): void {
    if (count <= ROOMY_MEMBERS) return;
    if (count > TABLE_MEMBERS) this.spend(TABLE_MEMBER_COST);
    else this.spend(count === TABLE_MEMBERS ? TABLE_COST : COSTS.slot);
  }
}

/**
 * Begins a list with its first item.
 *
 * V8 holds a list of numbers alone in 8 bytes for each, but only if the literal that made the list makes no others: else in 24.
 */
export function beginList(first: unknown): unknown[] {
  return typeof first === 'number' ? numberList(first) : [first];
}

function numberList(first: number): number[] {
  return [first];
}
