import { CHARACTERS, isDecimalDigit, isLetter } from '../text/characters.js';
import { readNumber } from './number.js';
import { isNumpyName, numpyKindOf, type NumpyKind, numpyNumber, readNumpyName } from './numpy-scalars.js';
import { NumberKind, type Scanner } from './scanner.js';
import { isPrefixLetter, readStrings } from './string.js';
import { COSTS } from '../costs/value-costs.js';
import { PyComplex, PyFloat } from '../values/values.js';

const {
  DOUBLE_QUOTE,
  QUOTE,
  PAREN_OPEN,
  PAREN_CLOSE,
  PLUS,
  COMMA,
  MINUS,
  POINT,
  COLON,
  UPPER_F,
  UPPER_N,
  UPPER_T,
  BRACKET_OPEN,
  BRACKET_CLOSE,
  UNDERSCORE,
  LOWER_J,
  LOWER_N,
  LOWER_S,
  BRACE_OPEN,
  BRACE_CLOSE,
} = CHARACTERS;

const TRUE = Buffer.from('True');
const FALSE = Buffer.from('False');
const NONE = Buffer.from('None');
const SET = Buffer.from('set');

/**
 * Reads expressions: strings, numbers with signs and sums, and the names `True`, `False`, `None` and `set()`. Containers are left to
 * the subclass.
 */
export abstract class ExpressionReader {
  protected readonly scanner: Scanner;
  /** True inside a dict key or a set member, where only hashable values are allowed. */
  protected inKey = false;
  private inNumpy = false;

  constructor(scanner: Scanner) {
    this.scanner = scanner;
  }

  protected abstract list(): unknown;
  protected abstract paren(): unknown;
  protected abstract brace(): unknown;

  /** Reads one expression; `code` is its first character, at the cursor. */
  protected value(code: number): unknown {
    const value = this.operand(code);
    if (typeof value === 'string') return value;
    const { scanner } = this;
    const next = scanner.codeAt(scanner.pos);
    if (next === COMMA || next === BRACKET_CLOSE || next === BRACE_CLOSE || next === COLON) return value;
    const operator = scanner.token();
    if (operator === PLUS || operator === MINUS) return this.complexSum(value, operator);
    // serpent writes no sign between the parts of a complex number of NumPy when the imaginary part has a sign
    return operator === LOWER_N && scanner.kind === NumberKind.float && isNumpyName(scanner) ? this.complexSum(value) : value;
  }

  private operand(code: number): unknown {
    const { scanner } = this;
    if (code === QUOTE || code === DOUBLE_QUOTE) return this.string();
    if (isDecimalDigit(code)) return readNumber(scanner);
    switch (code) {
      case BRACE_OPEN:
        return this.brace();
      case BRACKET_OPEN:
        return this.list();
      case PAREN_OPEN:
        return this.paren();
      case MINUS:
      case PLUS:
        return this.signed(code);
      case POINT:
        if (scanner.isNext('...')) scanner.fail('Ellipsis has no counterpart here');
        return readNumber(scanner);
      default:
        return this.name(code);
    }
  }

  private string(): string | Buffer {
    const value = readStrings(this.scanner);
    this.scanner.kind = NumberKind.none;
    return value;
  }

  private name(code: number): unknown {
    const { scanner } = this;
    switch (code) {
      case UPPER_T:
        return this.constant(TRUE, true);
      case UPPER_F:
        if (this.takesWord(FALSE)) return this.named(false);
        break;
      case UPPER_N:
        return this.constant(NONE, null);
      case LOWER_S:
        if (this.takesWord(SET)) return this.emptySet();
        break;
      case LOWER_N:
        if (isNumpyName(scanner)) return this.numpyScalar();
        break;
    }
    return isPrefixLetter(code) ? this.string() : scanner.expected('a Python literal');
  }

  private constant<T>(word: Uint8Array, value: T): T {
    return this.takesWord(word) ? this.named(value) : this.scanner.expected('a Python literal');
  }

  private named<T>(value: T): T {
    this.scanner.kind = NumberKind.none;
    return value;
  }

  /** Moves past a word, if it stands at the cursor and ends there. */
  private takesWord(word: Uint8Array): boolean {
    const { scanner } = this;
    const start = scanner.pos;
    if (!scanner.takes(word)) return false;
    const after = scanner.codeAt(scanner.pos);
    if (after === COMMA || !(after > 127 || after === UNDERSCORE || isDecimalDigit(after) || isLetter(after))) return true;
    scanner.pos = start;
    return false;
  }

  /** Reads `np.float64(1.5)`, `np.True_`: serpent writes scalars of NumPy 2 in this form. */
  private numpyScalar(): unknown {
    const { scanner } = this;
    const start = scanner.pos;
    const name = readNumpyName(scanner);
    const kind = numpyKindOf(name);
    if (typeof kind === 'boolean') {
      scanner.kind = NumberKind.none;
      return kind;
    }
    if (kind === undefined || scanner.token() !== PAREN_OPEN) {
      const remedy = 'send a Python value instead: .item() of a scalar, .tolist() of an array';
      return scanner.fail(`np.${name} of NumPy has no counterpart here; ${remedy}; found`, 'SYNTAX', start);
    }
    scanner.pos++;
    const code = scanner.token();
    // no scalar is inside of another, so the limit on nested containers does not count scalars
    if (this.inNumpy) scanner.fail(`expected a literal inside a value of NumPy, found np.${name}`, 'SYNTAX', start);
    this.inNumpy = true;
    const value = numpyNumber(scanner, kind) ?? this.value(code);
    this.inNumpy = false;
    if (scanner.token() !== PAREN_CLOSE) scanner.expected(`")" after the value of np.${name}`);
    scanner.pos++;
    return this.numpyValue(name, kind, value, start);
  }

  private numpyValue(name: string, kind: NumpyKind, value: unknown, start: number): unknown {
    const { scanner } = this;
    scanner.kind = NumberKind.none;
    if (kind === 'float' && isReal(value)) {
      if (scanner.codeAt(scanner.pos) === LOWER_J) {
        scanner.pos++;
        scanner.kind = NumberKind.imaginary;
        return scanner.newComplex(0, Number(value));
      }
      scanner.kind = NumberKind.float;
      const isFloat = value instanceof PyFloat || (typeof value === 'number' && !scanner.faithful);
      return isFloat ? value : scanner.newFloat(Number(value));
    }
    const fits =
      (kind === 'int' && (typeof value === 'bigint' || Number.isSafeInteger(value))) ||
      (kind === 'complex' && (value instanceof PyComplex || isReal(value))) ||
      (kind === 'str' && typeof value === 'string') ||
      (kind === 'bytes' && Buffer.isBuffer(value));
    if (!fits) return scanner.fail(`expected the value of np.${name}; found`, 'SYNTAX', start);
    return kind === 'complex' && isReal(value) ? scanner.newComplex(Number(value), 0) : value;
  }

  private emptySet(): Set<unknown> {
    const { scanner } = this;
    if (this.inKey) this.unhashable('a set');
    if (scanner.token() !== PAREN_OPEN) scanner.expected('"()" after set');
    scanner.pos++;
    if (scanner.token() !== PAREN_CLOSE) scanner.expected('")": only the empty set is written as a call');
    scanner.pos++;
    scanner.kind = NumberKind.none;
    scanner.spend(COSTS.set);
    return new Set();
  }

  /** A sign stands before a number, never before a sign or a sum. */
  private signed(sign: number): unknown {
    const { scanner } = this;
    scanner.pos++;
    const at = scanner.pos;
    const code = scanner.token();
    const value = code === MINUS || code === PLUS ? undefined : this.operand(code);
    const { kind } = scanner;
    if (value === undefined || kind === NumberKind.none || kind > NumberKind.imaginary) {
      return scanner.fail('expected a number after the sign', 'SYNTAX', at);
    }
    scanner.kind =
      kind === NumberKind.int ? NumberKind.signedInt : kind === NumberKind.float ? NumberKind.signedFloat : NumberKind.sum;
    if (sign === PLUS) return value;
    if (typeof value === 'bigint') return -value;
    // The int zero has no sign; the float has.
    if (typeof value === 'number') return value === 0 && kind === NumberKind.int ? 0 : -value;
    if (value instanceof PyFloat) return new PyFloat(-value.value);
    return scanner.newComplex(-(value as PyComplex).real, -(value as PyComplex).imag);
  }

  /** Reads `1+2j`: a real number, which may have a sign, and an imaginary number, which has no sign. */
  private complexSum(left: unknown, operator?: number): PyComplex {
    const { scanner } = this;
    const { kind } = scanner;
    if (kind === NumberKind.none || kind === NumberKind.imaginary || kind === NumberKind.sum) {
      return scanner.expected('"," or the end of the value');
    }
    if (operator !== undefined) scanner.pos++;
    const at = scanner.pos;
    const code = scanner.token();
    const right = code === MINUS || code === PLUS ? undefined : this.operand(code);
    if (scanner.kind !== NumberKind.imaginary || !(right instanceof PyComplex)) {
      return scanner.fail('expected the imaginary part of a complex number', 'SYNTAX', at);
    }
    scanner.kind = NumberKind.sum;
    const real = Number(left);
    // the imaginary number is dropped, and the sum takes its cost. Python adds two complex numbers, where the sign of zero is lost:
    // `-0.0+2j` has the real part 0.0, `1-0j` the imaginary part 0.0
    if (operator === MINUS) return new PyComplex(real, 0 - right.imag);
    return new PyComplex(operator === PLUS ? real + 0 : real, right.imag);
  }

  protected unhashable(what: string): never {
    return this.scanner.fail(`${what} cannot be a dict key or a set member, nor be inside one; found`, 'UNHASHABLE');
  }
}

function isReal(value: unknown): boolean {
  return typeof value === 'number' || typeof value === 'bigint' || value instanceof PyFloat;
}
