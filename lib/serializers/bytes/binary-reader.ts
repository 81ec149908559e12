import { failedInside, type RaisedAs, UnreadableError } from '../contract/unreadable-error.js';
import type { ValueBudget } from '../contract/value-budget.js';
import { COSTS } from '../../serpent/value-costs.js';
import { beginList } from '../values/number-list.js';
import { ValueAccount } from '../values/value-account.js';
import { PyFloat } from '../../serpent/index.js';
import { safeInt } from '../../serpent/values.js';
import type { SerializerOptions } from '../contract/serializer.js';
import { TextWindow } from '../../serpent/text-window.js';

const NO_ITEMS: unknown[] = [];

/** The common part of the readers of binary formats: a cursor that never leaves the bytes. */
export abstract class BinaryReader {
  protected at = 0;
  protected depth = 0;
  protected readonly account: ValueAccount;
  protected readonly text: TextWindow;

  constructor(
    protected readonly bytes: Buffer,
    protected readonly options: Pick<SerializerOptions, 'values' | 'maxDepth' | 'maxIntDigits'>,
    budget: ValueBudget,
  ) {
    this.text = new TextWindow(bytes);
    this.account = new ValueAccount(budget, options.values === 'faithful', () => this.fail(budget.reason, budget.raisedAs));
  }

  /** True when a dict has a `__class__` key. */
  get sawClass(): boolean {
    return this.account.sawClass;
  }

  /** Name of the format in errors. */
  protected abstract readonly format: string;

  protected float(value: number): unknown {
    if (!this.account.faithful) return value;
    this.account.spend(COSTS.float);
    return new PyFloat(value);
  }

  /** A copy of the next bytes, as a value. */
  protected buffer(length: number): Buffer {
    const bytes = this.sized(length);
    this.account.spend(COSTS.bytes + length);
    return Buffer.from(bytes);
  }

  protected int64(value: bigint): number | bigint {
    const int = safeInt(value);
    if (typeof int === 'bigint') this.account.spend(COSTS.bigint);
    return int;
  }

  protected byte(): number {
    return this.bytes[this.take(1)]!;
  }

  protected sized(length: number): Buffer {
    const start = this.take(length);
    return this.bytes.subarray(start, this.at);
  }

  /** Moves the cursor. @returns the offset of the taken bytes */
  protected take(count: number): number {
    const start = this.at;
    if (start + count > this.bytes.length) this.fail('the data ends in the middle of a value');
    this.at = start + count;
    return start;
  }

  /** Reads one item of a list. */
  protected abstract item(): unknown;

  /** Reads the items of a list. */
  protected items(length: number): unknown[] {
    const { account } = this;
    account.spend(length === 0 ? COSTS.emptyList : COSTS.list);
    if (length === 0) return [];
    let items: unknown[] = NO_ITEMS;
    let capacity = 1;
    try {
      items = beginList(this.item());
      let onlyNumbers = typeof items[0] === 'number';
      while (items.length < length) {
        const item = this.item();
        if (typeof item !== 'number' && onlyNumbers) {
          items = account.boxed(items);
          onlyNumbers = false;
        } else if (!onlyNumbers) account.spendNumber(item);
        if (items.length === capacity) capacity = account.growList(capacity);
        items.push(item);
      }
    } catch (error) {
      throw failedInside(error, items.length, items);
    }
    return items;
  }

  protected expectEnd(): void {
    if (this.at < this.bytes.length) this.fail(`${this.bytes.length - this.at} bytes are left over`);
  }

  protected fail(reason: string, raisedAs?: RaisedAs): never {
    throw new UnreadableError(`bad ${this.format} data at byte ${this.at}: ${reason}`, { reason, raisedAs });
  }
}
