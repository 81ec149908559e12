import { CHARACTERS } from '../../serpent/text/characters.js';
import { POWERS_OF_TEN, SAFE_DIGITS } from '../../serpent/text/decimal.js';
import { PyFloat } from '../../serpent/index.js';
import { type CheckedLimits, checkLimits } from '../../serpent/values/value-limits.js';
import { tellMessageBytes } from '../../serpent/costs/hash-collisions.js';
import { COSTS } from '../../serpent/costs/value-costs.js';
import type { SerializerOptions } from '../contract/serializer.js';
import type { ValueBudget } from '../contract/value-budget.js';
import { DictBuilder, emptyDict } from '../reading/dict-builder.js';
import type { KnownMembers } from '../reading/known-members.js';
import { beginList, ValueReader } from '../reading/value-reader.js';
import { JsonScanner } from './json-scanner.js';

const {
  DOUBLE_QUOTE,
  COMMA,
  MINUS,
  POINT,
  ZERO,
  NINE,
  COLON,
  UPPER_I,
  UPPER_N,
  BRACKET_OPEN,
  BRACKET_CLOSE,
  LOWER_F,
  LOWER_N,
  LOWER_T,
  BRACE_OPEN,
  BRACE_CLOSE,
} = CHARACTERS;

/** True for the characters that most often stand after a number. */
function endsNumber(code: number): boolean {
  return code === COMMA || code === BRACKET_CLOSE || code === BRACE_CLOSE;
}

const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;

/**
 * Reads json as Python's `json.loads` does: NaN and infinities by name, ints of any length. If a key repeats, the last value wins.
 *
 * `JSON.parse` is not used: it loses digits of long ints, does not tell a float from an int, has no limits, and makes `__proto__` a
 * member.
 */
export class JsonReader extends ValueReader {
  private readonly scanner: JsonScanner;
  private readonly limits: CheckedLimits;
  private depth = 0;

  /** @throws {SerpentError} when the bytes are no UTF-8 text. The other methods throw it when the text is no json */
  constructor(
    bytes: Buffer,
    { values, maxDepth, maxIntDigits }: Pick<SerializerOptions, 'values' | 'maxDepth' | 'maxIntDigits'>,
    budget: ValueBudget,
    shapes: KnownMembers,
  ) {
    super(values === 'faithful', budget, shapes);
    tellMessageBytes(budget, bytes.length);
    this.limits = checkLimits({ maxDepth, maxIntDigits });
    this.scanner = new JsonScanner(bytes, this);
  }

  protected override failTooCostly(): never {
    return this.scanner.fail(this.budget.reason, 'TOO_COSTLY');
  }

  read(): unknown {
    const { scanner } = this;
    const value = this.value(scanner.token());
    if (scanner.token() !== -1) scanner.expected('the end');
    return value;
  }

  private value(code: number): unknown {
    switch (code) {
      case DOUBLE_QUOTE:
        return this.string();
      case BRACE_OPEN:
        return this.object();
      case BRACKET_OPEN:
        return this.list();
      case LOWER_T:
        return this.word('true', true);
      case LOWER_F:
        return this.word('false', false);
      case LOWER_N:
        return this.word('null', null);
      case UPPER_N:
        return this.word('NaN', this.float(NaN));
      case UPPER_I:
        return this.word('Infinity', this.float(Infinity));
      default:
        if (code === MINUS && this.scanner.codeAt(this.scanner.pos + 1) === UPPER_I)
          return this.word('-Infinity', this.float(-Infinity));
        return this.number();
    }
  }

  private word<T>(word: string, value: T): T {
    const { scanner } = this;
    if (!scanner.text.startsWith(word, scanner.pos)) scanner.expected('a json value');
    scanner.pos += word.length;
    return value;
  }

  private float(value: number): number | PyFloat {
    if (!this.isFaithful) return value;
    this.spend(COSTS.float);
    return new PyFloat(value);
  }

  /** Reads a number. Most numbers are short ints, which are read without the regular expression. */
  private number(): unknown {
    const { scanner } = this;
    const { text } = scanner;
    const isNegative = scanner.codeAt(scanner.pos) === MINUS;
    const start = isNegative ? scanner.pos + 1 : scanner.pos;
    let at = start;
    let value = 0;
    let code = -1;
    while (at < text.length && (code = text.charCodeAt(at)) >= ZERO && code <= NINE && at - start < SAFE_DIGITS) {
      value = value * 10 + (code - ZERO);
      at++;
    }
    const digits = at - start;
    const leadingZero = digits > 1 && text.charCodeAt(start) === ZERO;
    if (digits === 0 || leadingZero || digits > this.limits.maxIntDigits) return this.anyNumber();
    if (code === POINT) return this.decimal(value, start, at + 1, isNegative);
    if (at === text.length || !endsNumber(code)) return this.anyNumber();
    scanner.pos = at;
    // the int zero has no sign
    return isNegative ? 0 - value : value;
  }

  /** Reads a float of few digits, without an exponent. @param at the first digit after the point */
  private decimal(whole: number, start: number, at: number, isNegative: boolean): unknown {
    const { scanner } = this;
    const { text } = scanner;
    const fraction = at;
    let mantissa = whole;
    let code = -1;
    while (at < text.length && (code = text.charCodeAt(at)) >= ZERO && code <= NINE && at - start <= SAFE_DIGITS) {
      mantissa = mantissa * 10 + (code - ZERO);
      at++;
    }
    if (at === fraction || at === text.length || !endsNumber(code)) return this.anyNumber();
    scanner.pos = at;
    // a quotient of safe integers is correctly rounded
    const value = mantissa / POWERS_OF_TEN[at - fraction]!;
    return this.float(isNegative ? -value : value);
  }

  private anyNumber(): unknown {
    const { scanner } = this;
    NUMBER.lastIndex = scanner.pos;
    const match = NUMBER.exec(scanner.text);
    if (match === null) return scanner.expected('a json value');
    const literal = match[0];
    const start = scanner.pos;
    scanner.pos = NUMBER.lastIndex;
    if (match[1] !== undefined || match[2] !== undefined) return this.float(Number(literal));
    const digits = literal.length - (literal.startsWith('-') ? 1 : 0);
    const { maxIntDigits } = this.limits;
    if (digits > maxIntDigits)
      scanner.fail(`int of ${digits} digits is over maxIntDigits (${maxIntDigits})`, 'TOO_MANY_DIGITS', start);
    // the int zero has no sign
    const number = Number(literal) + 0;
    if (Number.isSafeInteger(number)) return number;
    this.spendBigInt(digits);
    return BigInt(literal);
  }

  /** A string as a value. */
  private string(): string {
    const { scanner } = this;
    const start = scanner.pos + 1;
    const text = scanner.string();
    this.spendText(text, scanner.pos - 1 - start);
    return text;
  }

  private list(): unknown[] {
    const code = this.enter();
    this.spend(code === BRACKET_CLOSE ? COSTS.emptyList : COSTS.list);
    if (code === BRACKET_CLOSE) {
      this.leave();
      return [];
    }
    let item = this.value(code);
    let items = beginList(item);
    let capacity = 1;
    if (typeof item === 'number') {
      item = this.moreNumbers(items);
      if (item === undefined) return items;
      capacity = this.growList(items.length);
      items = this.mixed(items, item);
    }
    this.moreItems(items, capacity);
    return items;
  }

  /** @returns the first item that is no number; undefined when there is none */
  private moreNumbers(numbers: unknown[]): unknown {
    let capacity = 1;
    for (let code = this.nextItem(); code !== BRACKET_CLOSE; code = this.nextItem()) {
      const item = this.value(code);
      if (typeof item !== 'number') return item;
      if (numbers.length === capacity) capacity = this.growList(capacity);
      numbers.push(item);
    }
    this.leave();
    return undefined;
  }

  private moreItems(items: unknown[], capacity: number): void {
    for (let code = this.nextItem(); code !== BRACKET_CLOSE; code = this.nextItem()) {
      const item = this.value(code);
      if (typeof item === 'number') this.spendNumber(item);
      if (items.length === capacity) capacity = this.growList(capacity);
      items.push(item);
    }
    this.leave();
  }

  private object(): unknown {
    const { scanner } = this;
    let code = this.enter();
    if (code === BRACE_CLOSE) {
      this.leave();
      return emptyDict(this);
    }
    const dict = new DictBuilder(this);
    for (; code !== BRACE_CLOSE; code = this.nextMember()) {
      const { expected } = dict;
      if (expected !== undefined && scanner.takesString(expected.name)) dict.takeExpected(expected);
      else dict.key(this.key(code));
      if (scanner.token() !== COLON) scanner.expected('":" after a key');
      scanner.pos++;
      dict.value(this.value(scanner.token()));
    }
    this.leave();
    return dict.finish();
  }

  /** @returns the first character of the next item; the closing bracket after the last one */
  private nextItem(): number {
    const { scanner } = this;
    const code = scanner.token();
    if (code === BRACKET_CLOSE) return code;
    if (code !== COMMA) scanner.expected('"," or "]"');
    scanner.pos++;
    const next = scanner.token();
    return next === BRACKET_CLOSE ? scanner.expected('a json value') : next;
  }

  /** @returns the first character of the next name; the closing brace after the last member */
  private nextMember(): number {
    const { scanner } = this;
    const code = scanner.token();
    if (code === BRACE_CLOSE) return code;
    if (code !== COMMA) scanner.expected('"," or "}"');
    scanner.pos++;
    const next = scanner.token();
    return next === BRACE_CLOSE ? scanner.expected('a string as key') : next;
  }

  private key(code: number): string {
    const { scanner } = this;
    if (code !== DOUBLE_QUOTE) scanner.expected('a string as key');
    const start = scanner.pos;
    const key = scanner.string();
    if (key === '__proto__' && !this.isFaithful)
      scanner.fail('the dict key "__proto__" is only read with values: \'faithful\'; found', 'PROTO_KEY', start);
    return key;
  }

  /** @returns the code of the first character inside */
  private enter(): number {
    if (++this.depth > this.limits.maxDepth) {
      this.scanner.fail(`more than ${this.limits.maxDepth} nested containers: the limit is maxDepth`, 'TOO_DEEP');
    }
    this.scanner.pos++;
    return this.scanner.token();
  }

  private leave(): void {
    this.scanner.pos++;
    this.depth--;
  }
}
