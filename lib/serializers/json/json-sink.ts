import { CHARACTERS } from '../../serpent/text/characters.js';
import { PyComplex, PyFloat } from '../../serpent/index.js';
import { floatLiteral } from '../../serpent/writing/literals.js';
import type { ByteWriter } from '../../serpent/writing/byte-writer.js';
import { type DictKey, Unwritable, type ValueSink } from '../values/value-sink.js';

const { DOUBLE_QUOTE, COMMA, COLON, BRACKET_OPEN, BRACKET_CLOSE, BRACE_OPEN, BRACE_CLOSE } = CHARACTERS;

/** ASCII text that needs no escapes in json. */
const PLAIN = /^[ !#-[\]-~]*$/;

/** Writes json for Python's `json.loads`: NaN and infinities by name, ints of any length, floats with a point. */
export class JsonSink implements ValueSink {
  private readonly closers: number[] = [];
  private needsComma = false;

  constructor(private readonly out: ByteWriter) {}

  none(): void {
    this.scalar('null');
  }

  bool(value: boolean): void {
    this.scalar(value ? 'true' : 'false');
  }

  int(value: number | bigint): void {
    this.scalar(String(value));
  }

  float(value: number): void {
    this.scalar(floatText(value));
  }

  complex(): void {
    throw new Unwritable('a complex number');
  }

  string(value: string): void {
    this.separate();
    this.text(value);
  }

  bytes(): void {
    throw new Unwritable('bytes');
  }

  list(): void {
    this.open(BRACKET_OPEN, BRACKET_CLOSE);
  }

  tuple(): void {
    this.list();
  }

  set(): void {
    this.list();
  }

  frozenset(): void {
    this.list();
  }

  dict(): void {
    this.open(BRACE_OPEN, BRACE_CLOSE);
  }

  /** All keys are strings in json: numbers, bools and None become text, as in Python. */
  key(key: DictKey): string | undefined {
    const text = typeof key === 'string' ? key : keyText(key);
    this.separate();
    this.text(text);
    this.out.byte(COLON);
    this.needsComma = false;
    return typeof key === 'string' ? undefined : text;
  }

  end(): void {
    this.out.byte(this.closers.pop()!);
    this.needsComma = true;
  }

  private open(opening: number, closing: number): void {
    this.separate();
    this.out.byte(opening);
    this.closers.push(closing);
    this.needsComma = false;
  }

  private scalar(text: string): void {
    this.separate();
    this.out.ascii(text);
  }

  private separate(): void {
    if (this.needsComma) this.out.byte(COMMA);
    this.needsComma = true;
  }

  private text(text: string): void {
    if (!PLAIN.test(text)) return this.out.utf8(JSON.stringify(text));
    this.out.byte(DOUBLE_QUOTE);
    this.out.ascii(text);
    this.out.byte(DOUBLE_QUOTE);
  }
}

function floatText(value: number): string {
  return Number.isFinite(value) ? floatLiteral(value) : String(value);
}

function keyText(key: Exclude<DictKey, string>): string {
  if (key === null) return 'null';
  if (key instanceof PyFloat) return floatText(key.value);
  if (key instanceof PyComplex) throw new Unwritable('a complex number as dict key');
  if (typeof key === 'object') throw new Unwritable('bytes as dict key');
  if (typeof key === 'number' && !(Number.isSafeInteger(key) && !Object.is(key, -0))) return floatText(key);
  return String(key);
}
