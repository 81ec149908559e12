import { KeyCrowds } from '../../serpent/key-crowds.js';
import {
  COSTS,
  grownCapacity,
  isSmallInt,
  type ReadBudget,
  TABLE_COST,
  TABLE_MEMBER_COST,
  TABLE_MEMBERS,
} from '../../serpent/value-costs.js';
import { MemberShape } from './member-shape.js';

/** Shapes that one read remembers. Further ones count as new each time. */
const MOST_SHAPES = 4_096;
/** Members behind this one are not remembered. */
const DEEPEST_SHAPE = 64;

/** Follows one read: what its values cost, which members its dicts have, and how its keys collide. */
export class ValueAccount {
  /** True when a dict has a `__class__` key. */
  sawClass = false;
  /** Start of all dicts. */
  readonly root = new MemberShape('', 0);
  /** The member whose value is read: it knows which member its dicts begin with. */
  context = this.root;
  private shapes = 0;
  private knownCrowds: KeyCrowds | undefined;

  constructor(
    private readonly budget: ReadBudget,
    readonly faithful: boolean,
    /** Throws the error of a value that costs too much. */
    private readonly refuse: () => never,
  ) {}

  get crowds(): KeyCrowds {
    return (this.knownCrowds ??= new KeyCrowds());
  }

  /** Adds to the cost of the value. */
  spend(bytes: number): void {
    const { budget } = this;
    if ((budget.spentBytes += bytes) > budget.limitBytes) this.refuse();
  }

  /**
   * A string. V8 takes one byte for each character of latin 1, and two when another one is among them.
   *
   * @param wireBytes more than characters, when the string is not all ASCII
   */
  spendText({ length }: string, wireBytes: number): void {
    if (length > 1) this.spend(COSTS.string + (wireBytes === length ? length : length * 1.5));
  }

  /** @param digits decimal digits */
  spendBigInt(digits: number): void {
    this.spend(COSTS.bigint + digits / 2);
  }

  /** A value that is a member of something else than a list of numbers. */
  spendNumber(value: unknown): void {
    if (typeof value === 'number' && !isSmallInt(value)) this.spend(COSTS.number);
  }

  /** A list of numbers that gets another item beside them. @returns a copy: the numbers take more from now on */
  boxed(numbers: readonly unknown[]): unknown[] {
    for (const number of numbers) this.spendNumber(number);
    return numbers.slice();
  }

  /** An Array is full. @returns its new capacity */
  growList(capacity: number): number {
    const grown = grownCapacity(capacity);
    this.spend((grown - capacity) * COSTS.slot);
    return grown;
  }

  /** The member of a dict behind those before it; undefined when it is not remembered. */
  follow(shape: MemberShape, name: string): MemberShape | undefined {
    return shape.follow(name) ?? this.addShape(shape, name);
  }

  private addShape(shape: MemberShape, name: string): MemberShape | undefined {
    this.spendNewName(shape.count, name);
    if (shape.count >= DEEPEST_SHAPE || this.shapes >= MOST_SHAPES) return undefined;
    this.shapes++;
    return shape.add(name);
  }

  /** A name that did not follow the members before it in this read. @param count the members before it */
  spendNewName(count: number, name: string): void {
    this.spend((count < TABLE_MEMBERS ? COSTS.newMember : COSTS.string) + name.length);
  }

  /** The `count`th member of a plain object. */
  spendMember(count: number): void {
    if (count <= ROOMY_MEMBERS) return;
    if (count > TABLE_MEMBERS) this.spend(TABLE_MEMBER_COST);
    else this.spend(count === TABLE_MEMBERS ? TABLE_COST : COSTS.slot);
  }
}

/** Members for which a plain object has room from its start. */
const ROOMY_MEMBERS = 4;
