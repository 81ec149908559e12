import { overLimit } from '../../protocol/over-limit.js';
import { failedInside, type RaisedAs, UnreadableError } from '../contract/unreadable-error.js';
import type { ValueBudget } from '../contract/value-budget.js';
import { tellMessageBytes } from '../../serpent/costs/hash-collisions.js';
import { COSTS } from '../../serpent/costs/value-costs.js';
import type { KnownMembers } from '../reading/known-members.js';
import { beginList, ValueReader } from '../reading/value-reader.js';
import { PyFloat } from '../../serpent/index.js';
import { safeInt } from '../../serpent/values/values.js';
import type { SerializerOptions } from '../contract/serializer.js';
import { TextWindow } from '../../serpent/text/text-window.js';

const NO_ITEMS: unknown[] = [];

/** The common part of the readers of binary formats: a cursor that never leaves the bytes. */
export abstract class BinaryReader extends ValueReader {
  protected at = 0;
  protected depth = 0;
  protected readonly text: TextWindow;

  constructor(
    protected readonly bytes: Buffer,
    protected readonly options: Pick<SerializerOptions, 'values' | 'maxDepth' | 'maxIntDigits'>,
    budget: ValueBudget,
    shapes: KnownMembers,
  ) {
    super(options.values === 'faithful', budget, shapes);
    tellMessageBytes(budget, bytes.length);
    this.text = new TextWindow(bytes, this, budget.spentBytes);
  }

  protected override failTooCostly(): never {
    this.failOver(this.budget.limit, this.budget.reason, this.budget.raisedAs);
  }

  /** Name of the format in errors. */
  protected abstract readonly format: string;

  protected float(value: number): unknown {
    if (!this.isFaithful) return value;
    this.spend(COSTS.float);
    return new PyFloat(value);
  }

  /** A copy of the next bytes, as a value. */
  protected buffer(length: number): Buffer {
    const bytes = this.sized(length);
    this.spend(COSTS.bytes + length);
    return Buffer.from(bytes);
  }

  protected int64(value: bigint): number | bigint {
    const int = safeInt(value);
    if (typeof int === 'bigint') this.spend(COSTS.bigint);
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
    this.spend(length === 0 ? COSTS.emptyList : COSTS.list);
    if (length === 0) return [];
    let items: unknown[] = NO_ITEMS;
    try {
      let item: unknown = this.item();
      items = beginList(item);
      if (typeof item === 'number') {
        item = this.moreNumbers(items, length);
        if (item === undefined) return items;
        const capacity = this.growList(items.length);
        items = this.mixed(items, item);
        this.moreItems(items, length, capacity);
      } else {
        this.moreItems(items, length, 1);
      }
    } catch (error) {
      throw failedInside(error, items.length, items);
    }
    return items;
  }

  /** @returns the first item that is no number; undefined when there is none */
  private moreNumbers(numbers: unknown[], length: number): unknown {
    let capacity = 1;
    for (let index = 1; index < length; index++) {
      const item = this.item();
      if (typeof item !== 'number') return item;
      if (index === capacity) capacity = this.growList(capacity);
      numbers.push(item);
    }
    return undefined;
  }

  private moreItems(items: unknown[], length: number, capacity: number): void {
    for (let index = items.length; index < length; index++) {
      const item = this.item();
      if (typeof item === 'number') this.spendNumber(item);
      if (index === capacity) capacity = this.growList(capacity);
      items.push(item);
    }
  }

  protected expectEnd(): void {
    if (this.at < this.bytes.length) this.fail(`${this.bytes.length - this.at} bytes are left over`);
  }

  protected fail(reason: string, raisedAs?: RaisedAs): never {
    throw this.failure(reason, raisedAs);
  }

  /** @param limit name of the limit that was reached */
  protected failOver(limit: string, reason: string, raisedAs?: RaisedAs): never {
    throw overLimit(limit, this.failure(reason, raisedAs));
  }

  private failure(reason: string, raisedAs?: RaisedAs): UnreadableError {
    return new UnreadableError(`bad ${this.format} data at byte ${this.at}: ${reason}`, { reason, raisedAs });
  }
}
