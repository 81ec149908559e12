import { CHARACTERS } from '../text/characters.js';
import { ExpressionReader } from './expression-reader.js';
import { NumberKind } from './scanner.js';
import { COSTS, grownCapacity, isSmallInt, numberList } from '../costs/value-costs.js';
import { asTuple } from '../values/values.js';

const { PAREN_CLOSE, COMMA, BRACKET_CLOSE } = CHARACTERS;

/** Returned in place of an item at the end of a tuple. */
const END = Symbol('end');

/** Reads lists, tuples and parentheses. Dicts and sets are left to the subclass. */
export abstract class SequenceReader extends ExpressionReader {
  private depth = 0;

  /** Goes into a container. The cursor is at its opening character. */
  protected enter(): void {
    const { scanner } = this;
    if (++this.depth > scanner.limits.maxDepth) {
      scanner.fail(`more than ${scanner.limits.maxDepth} nested containers: the limit is maxDepth`, 'TOO_DEEP');
    }
    scanner.pos++;
  }

  /** Goes out of a container. The cursor is at its closing character. */
  protected leave(): void {
    this.scanner.pos++;
    this.scanner.kind = NumberKind.none;
    this.depth--;
  }

  protected override list(): unknown[] {
    const { scanner } = this;
    if (this.inKey) this.unhashable('a list');
    this.enter();
    const code = scanner.token();
    if (code === BRACKET_CLOSE) {
      this.leave();
      scanner.spend(COSTS.emptyList);
      return [];
    }
    const before = scanner.spent;
    const first = this.value(code);
    return typeof first === 'number' ? this.numbers(first, before) : this.few(first);
  }

  /**
   * Reads the rest of a list that does not begin with a number.
   *
   * V8 makes an array literal with room for its items alone. A pushed item makes room for 17 further items. With array literals for short
   * lists, records take a quarter less memory.
   */
  private few(first: unknown): unknown[] {
    let code = this.nextItem();
    if (code === BRACKET_CLOSE) return this.closed([first]);
    const second = this.value(code);
    code = this.nextItem();
    if (code === BRACKET_CLOSE) return this.closed([first, second]);
    const third = this.value(code);
    code = this.nextItem();
    if (code === BRACKET_CLOSE) return this.closed([first, second, third]);
    return this.items([first, second, third, this.value(code)]);
  }

  private closed(items: unknown[]): unknown[] {
    this.scanner.spend(COSTS.emptyList + items.length * COSTS.slot);
    this.leave();
    return items;
  }

  /**
   * Reads the rest of a list that begins with a number.
   *
   * @param before what was spent before the list
   */
  private numbers(first: number, before: number): unknown[] {
    const { scanner } = this;
    const numbers = numberList(first);
    let capacity = 1;
    for (let code = this.nextItem(); code !== BRACKET_CLOSE; code = this.nextItem()) {
      const value = this.value(code);
      if (typeof value !== 'number') return this.mixed(numbers, value);
      if (numbers.length === capacity) {
        capacity = grownCapacity(capacity);
        // the list holds its numbers in place, without further memory
        scanner.spent = before;
        scanner.spend(COSTS.emptyList + capacity * COSTS.slot);
      }
      numbers.push(value);
    }
    scanner.spent = before;
    scanner.spend(COSTS.emptyList + capacity * COSTS.slot);
    this.leave();
    return numbers;
  }

  /** Reads the rest of a list that begins with numbers and has other items. Each float of the list takes separate memory. */
  private mixed(numbers: number[], next: unknown): unknown[] {
    for (const number of numbers) if (!isSmallInt(number)) this.scanner.spent += COSTS.number;
    this.grow(numbers.length);
    return this.items([...numbers, next]);
  }

  /** Reads the rest of a list. @param items the items that were read */
  private items(items: unknown[]): unknown[] {
    const { scanner } = this;
    let capacity = items.length;
    scanner.spend(COSTS.emptyList + capacity * COSTS.slot);
    for (let code = this.nextItem(); code !== BRACKET_CLOSE; code = this.nextItem()) {
      const value = this.value(code);
      if (items.length === capacity) capacity = this.grow(capacity);
      items.push(value);
    }
    this.leave();
    return items;
  }

  /** Reads a tuple, or an expression in parentheses, which keeps its number kind. */
  protected override paren(): unknown {
    const { scanner } = this;
    this.enter();
    let code = scanner.token();
    if (code === PAREN_CLOSE) {
      this.leave();
      scanner.spend(COSTS.emptyList);
      return scanner.faithful ? asTuple([]) : [];
    }
    const first = this.value(code);
    code = scanner.token();
    if (code === PAREN_CLOSE) {
      scanner.pos++;
      this.depth--;
      return first;
    }
    if (code !== COMMA) scanner.expected('"," or ")"');
    const items = this.tuple(first, PAREN_CLOSE);
    this.leave();
    return items;
  }

  /**
   * Reads the rest of a tuple. The cursor is at the first comma.
   *
   * @param end the character that ends the tuple; -1: the end of the text
   */
  protected tuple(first: unknown, end: number): unknown[] {
    const items = this.itemsOfTuple(first, end);
    return this.scanner.faithful ? asTuple(items) : items;
  }

  private itemsOfTuple(first: unknown, end: number): unknown[] {
    // array literals have no spare capacity: a pushed item takes 130 bytes more
    const second = this.nextOfTuple(end);
    if (second === END) return this.smallTuple([first]);
    const third = this.nextOfTuple(end);
    if (third === END) return this.smallTuple([first, second]);
    const fourth = this.nextOfTuple(end);
    if (fourth === END) return this.smallTuple([first, second, third]);
    return this.restOfTuple(this.smallTuple([first, second, third, fourth]), end);
  }

  private smallTuple(items: unknown[]): unknown[] {
    this.scanner.spend(COSTS.list + (items.length - 1) * COSTS.slot);
    return items;
  }

  /** Appends the items that follow. */
  private restOfTuple(items: unknown[], end: number): unknown[] {
    let capacity = items.length;
    for (let value = this.nextOfTuple(end); value !== END; value = this.nextOfTuple(end)) {
      if (items.length === capacity) capacity = this.grow(capacity);
      items.push(value);
    }
    return items;
  }

  /** Reads the next item of a tuple. @returns END after the last item; the cursor is at the character that ends the tuple */
  private nextOfTuple(end: number): unknown {
    const { scanner } = this;
    const code = scanner.token();
    if (code === end) return END;
    if (code !== COMMA) scanner.expected(end === -1 ? 'the end' : '"," or ")"');
    scanner.pos++;
    const next = scanner.token();
    return next === end ? END : this.value(next);
  }

  /** @returns the first character of the next item; the closing bracket after the last one */
  private nextItem(): number {
    const { scanner } = this;
    const code = scanner.token();
    if (code === BRACKET_CLOSE) return code;
    if (code !== COMMA) scanner.expected('"," or "]"');
    scanner.pos++;
    return scanner.token();
  }

  /** Spends the growth of a full Array. @returns its new capacity */
  protected grow(capacity: number): number {
    const grown = grownCapacity(capacity);
    this.scanner.spend((grown - capacity) * COSTS.slot);
    return grown;
  }
}
