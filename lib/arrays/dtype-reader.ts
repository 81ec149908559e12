import { SerializeError } from '../protocol/errors.js';
import { quotedText } from '../protocol/texts/peer-text.js';
import { safeText } from '../protocol/texts/safe-text.js';
import { CHARACTERS } from '../serpent/text/characters.js';
import { LITERAL_COST, literalIn, MAX_DTYPE_CHARS, MAX_DTYPE_DEPTH } from './descriptions.js';
import { CODES_BY_NAME, DType, type DTypeField, IS_LITTLE_ENDIAN } from './dtype.js';
import type { Spend } from './memory.js';
import { checkEmptyElements, shapeOf, sizeOf } from './shape.js';

const { PAREN_OPEN, BRACKET_OPEN } = CHARACTERS;

/** Characters of a dtype that an error shows. */
const MAX_SHOWN_CHARS = 100;
/** Characters of a dtype in text that has no fields. */
const MAX_SIMPLE_CHARS = 64;
/** Most fields of a structured dtype, fields of nested dtypes included. */
const MAX_FIELDS = 1_000;
/** NumPy counts the bytes of an element in an int of 32 bits. */
const MAX_ITEM_BYTES = 2 ** 31 - 1;
/** The memory of a field while it is read, in bytes: an estimate. */
const FIELD_COST = 400;

const SIMPLE = /^([<>=|]?)(\?|[biufc]\d{1,2})$/;
const TIME = /^([<>=]?)(M8|m8|datetime64|timedelta64)(?:\[(\d{0,9}(?:Y|M|W|D|h|m|s|ms|us|ns|ps|fs|as))\])?$/;
const SIZED = /^([<>=|]?)([SaUV])(\d{0,10})$/;
/** `dtype.name` has the size in bits. */
const BITS = /^(bytes|str|void)(\d{1,10})$/;

/** Names of dtypes that people write and NumPy takes, other than its `dtype.name`: the code of each. */
const OTHER_NAMES: Record<string, string> = {
  bool_: 'b1',
  '?': 'b1',
  half: 'f2',
  single: 'f4',
  double: 'f8',
  float: 'f8',
  int: 'i8',
  byte: 'i1',
  ubyte: 'u1',
  short: 'i2',
  ushort: 'u2',
  longlong: 'i8',
  ulonglong: 'u8',
  complex: 'c16',
  e: 'f2',
  f: 'f4',
  d: 'f8',
  F: 'c8',
  D: 'c16',
};

/** The dtypes of objects: their data is pickle, which runs code of the sender. */
const OBJECT = /^[<>=|]?O\d?$|^object_?\d*$/;

/**
 * Reads a dtype: a text of NumPy (`<f4`, `float32`), or the fields of a structured dtype as lists, as a dict, or as text of either.
 *
 * @param spend called with the memory of the description before it is allocated
 * @throws {SerializeError} when the dtype is unknown or not supported
 */
export function dtypeOf(given: unknown, spend: Spend = () => undefined): DType {
  const dtype = new DTypeReader(spend).read(given, 0);
  // a longer text could not be read again
  if (dtype.kind === 'struct') checkText(dtype.name);
  return dtype;
}

/** True for the description of a dtype, even of a dtype that is refused. */
export function looksLikeDType(given: unknown): boolean {
  // many dicts of marshal may share long bytes
  if (given instanceof Uint8Array && given.length > MAX_SIMPLE_CHARS) return given[0] === BRACKET_OPEN && given[1] === PAREN_OPEN;
  const text = textOf(given);
  if (text === undefined) {
    // many dicts of marshal may share a long list
    return Array.isArray(given) && given.length > 0 && given.slice(0, MAX_FIELDS).every((field) => Array.isArray(field));
  }
  if (text.startsWith('[(')) return true;
  if (text.length > MAX_SIMPLE_CHARS) return false;
  return (
    OBJECT.test(text) ||
    CODES_BY_NAME.has(text) ||
    Object.hasOwn(OTHER_NAMES, text) ||
    [SIMPLE, TIME, SIZED].some((pattern) => pattern.test(text))
  );
}

export function refuseObjects(): never {
  throw new SerializeError(
    'an array of Python objects (dtype object) is pickle, which can run code here, so it is refused; give the array a dtype of numbers, text or records: array.astype(float), array.astype(str)',
  );
}

class DTypeReader {
  private fields = 0;
  private nameChars = 0;

  constructor(private readonly spend: Spend) {}

  read(given: unknown, depth: number): DType {
    if (depth > MAX_DTYPE_DEPTH)
      throw new SerializeError(`a dtype has more than ${MAX_DTYPE_DEPTH} structured dtypes inside each other`);
    const text = textOf(given);
    if (text !== undefined) return this.text(text, depth);
    if (Array.isArray(given)) return this.list(given as unknown[], depth);
    const get = members(given);
    if (get?.('names') !== undefined) return this.columns(get, depth);
    throw unknownDType(given);
  }

  private text(text: string, depth: number): DType {
    checkText(text);
    if (/^\s*[[{]/.test(text)) {
      this.spend(text.length * LITERAL_COST);
      return this.read(literalIn(text, this.spend), depth + 1);
    }
    if (OBJECT.test(text)) refuseObjects();
    const code = CODES_BY_NAME.get(text) ?? (Object.hasOwn(OTHER_NAMES, text) ? OTHER_NAMES[text] : undefined);
    return (code === undefined ? plainDType(text) : DType.numeric(code, false)) ?? failUnknown(text);
  }

  /** `[('x', '<f4'), ('y', '<f4', (3,))]` */
  private list(descr: readonly unknown[], depth: number): DType {
    const fields: DTypeField[] = [];
    let offset = 0;
    for (const entry of descr) {
      if (!Array.isArray(entry) || entry.length < 2 || entry.length > 3) throw unknownDType(entry);
      const [name, type, shape = []] = entry as [unknown, unknown, unknown?];
      const field = this.field(namesOf(name), type, shape, offset, depth);
      // a field without a name is space between other fields
      if (field.name !== '') fields.push(field);
      offset += bytesOfField(field);
    }
    return structOf(fields, offset);
  }

  /** `{'names': […], 'formats': […], 'offsets': […], 'itemsize': 12}` */
  private columns(get: (name: string) => unknown, depth: number): DType {
    const [names, formats, offsets, titles] = ['names', 'formats', 'offsets', 'titles'].map(get);
    if (!Array.isArray(names) || !Array.isArray(formats) || names.length !== formats.length)
      throw unknownDType('names without formats');
    if (titles !== undefined && !(Array.isArray(titles) && titles.length === names.length))
      throw unknownDType('titles without names');
    if (offsets !== undefined && !isListOfInts(offsets, names.length)) throw unknownDType('offsets that are no ints');
    const fields: DTypeField[] = [];
    let end = 0;
    for (const [index, name] of (names as unknown[]).entries()) {
      const format: unknown = formats[index];
      const [type, shape] =
        Array.isArray(format) && format.length === 2 && textOf(format[0]) !== undefined ? (format as unknown[]) : [format, []];
      const title: unknown = titles?.[index];
      const named = title === undefined ? name : [title, name];
      const field = this.field(namesOf(named), type, shape, offsets?.[index] ?? end, depth);
      if (field.name === '') throw unknownDType('a field without a name');
      fields.push(field);
      end = Math.max(end, field.offset + bytesOfField(field));
    }
    if (areOverlapping(fields)) throw unknownDType('fields that lie over each other');
    const itemBytes = get('itemsize') ?? end;
    if (!Number.isSafeInteger(itemBytes) || (itemBytes as number) < end)
      throw unknownDType('an itemsize that its fields do not fit in');
    return structOf(fields, itemBytes as number);
  }

  private field({ name, title }: FieldNames, type: unknown, shape: unknown, offset: number, depth: number): DTypeField {
    if (++this.fields > MAX_FIELDS) throw new SerializeError(`a dtype has more than ${MAX_FIELDS} fields`);
    const chars = name.length + (title?.length ?? 0);
    this.nameChars += chars;
    if (this.nameChars > MAX_DTYPE_CHARS)
      throw new SerializeError(`the names of a dtype have ${this.nameChars} characters or more, over ${MAX_DTYPE_CHARS}`);
    this.spend(FIELD_COST + chars);
    const field = {
      name,
      title,
      dtype: this.read(type, depth + 1),
      offset,
      shape: shapeOf(Number.isInteger(shape) ? [shape] : shape),
    };
    checkItemBytes(offset + bytesOfField(field));
    checkEmptyElements(field.shape, field.dtype.itemBytes, 1);
    if (sizeOf(field.shape) === 0 && field.shape[0] !== 0)
      throw new SerializeError(`a field of shape (${field.shape.join(', ')}) is refused: it has lists, but no elements`);
    return field;
  }
}

function checkText(text: string): void {
  if (text.length > MAX_DTYPE_CHARS) throw new SerializeError(`a dtype of ${text.length} characters is over ${MAX_DTYPE_CHARS}`);
}

function areOverlapping(fields: readonly DTypeField[]): boolean {
  let end = 0;
  for (const field of [...fields].sort((one, other) => one.offset - other.offset)) {
    if (field.offset < end) return true;
    end = field.offset + bytesOfField(field);
  }
  return false;
}

function plainDType(text: string): DType | undefined {
  const simple = SIMPLE.exec(text);
  if (simple) return DType.numeric(simple[2] === '?' ? 'b1' : simple[2]!, isForeign(simple[1]!));
  const time = TIME.exec(text);
  if (time) return DType.time(/^[Md]/.test(time[2]!) ? 'datetime' : 'timedelta', time[3] ?? '', isForeign(time[1]!));
  const sized = SIZED.exec(text);
  if (sized) {
    const kind = sized[2] === 'U' ? 'text' : sized[2] === 'V' ? 'void' : 'bytes';
    return sizedDType(kind, Number(sized[3]), isForeign(sized[1]!));
  }
  const bits = BITS.exec(text);
  if (!bits) return undefined;
  const [, name, size] = bits;
  if (name === 'str') return sizedDType('text', Number(size) / 32, false);
  return sizedDType(name === 'void' ? 'void' : 'bytes', Number(size) / 8, false);
}

function sizedDType(kind: 'bytes' | 'text' | 'void', length: number, foreign: boolean): DType {
  checkItemBytes(kind === 'text' ? length * 4 : length);
  return DType.sized(kind, length, foreign);
}

function structOf(fields: readonly DTypeField[], itemBytes: number): DType {
  const names = fields.flatMap(({ name, title }) => (title === undefined ? [name] : [name, title]));
  if (new Set(names).size < names.length) throw new SerializeError('two fields of a dtype have the same name or title');
  checkItemBytes(itemBytes);
  // void is a field without a name in the descriptions of NumPy
  return fields.length === 0 ? DType.sized('void', itemBytes, false) : DType.struct(fields, itemBytes);
}

function checkItemBytes(itemBytes: number): void {
  if (Number.isInteger(itemBytes) && itemBytes <= MAX_ITEM_BYTES) return;
  throw new SerializeError(`an element of ${itemBytes} bytes is no element of NumPy: ${MAX_ITEM_BYTES} is the most`);
}

function bytesOfField({ dtype, shape }: DTypeField): number {
  return dtype.itemBytes * sizeOf(shape);
}

function isForeign(order: string): boolean {
  return order === (IS_LITTLE_ENDIAN ? '>' : '<');
}

type FieldNames = Pick<DTypeField, 'name' | 'title'>;

/** The names of a field: a text, or (title, name). */
function namesOf(given: unknown): FieldNames {
  const [title, own] = Array.isArray(given) && given.length === 2 ? (given as unknown[]) : [null, given];
  const names = { name: textOf(own), title: title === null ? undefined : textOf(title) };
  if (names.name === undefined || names.name === '__proto__')
    throw new SerializeError(`${shown(own)} cannot be the name of a field`);
  if (names.title === undefined && title !== null)
    throw new SerializeError(`${shown(title)} cannot be the title of a field; give a text as title`);
  return names as FieldNames;
}

/** A text. msgpack-numpy may send bytes. */
export function textOf(given: unknown): string | undefined {
  if (typeof given === 'string') return given;
  return given instanceof Uint8Array && given.length <= MAX_DTYPE_CHARS ? Buffer.from(given).toString('latin1') : undefined;
}

function members(given: unknown): ((name: string) => unknown) | undefined {
  if (typeof given !== 'object' || given === null) return undefined;
  if (given instanceof Map) return (name) => (given as Map<unknown, unknown>).get(name);
  return (name) => (Object.hasOwn(given, name) ? (given as Record<string, unknown>)[name] : undefined);
}

function isListOfInts(given: unknown, length: number): given is number[] {
  return Array.isArray(given) && given.length === length && given.every((item) => Number.isSafeInteger(item) && item >= 0);
}

function failUnknown(text: string): never {
  throw unknownDType(text);
}

function unknownDType(given: unknown): SerializeError {
  const text = shown(given);
  const isLong = /^[<>=|]?(?:f(?:12|16)|c(?:24|32)|g|G)$|^float(?:96|128)$|^complex(?:192|256)$|^c?longdouble$/.test(
    textOf(given) ?? '',
  );
  const remedy = isLong
    ? 'no JavaScript number holds it: send array.astype("float64") or array.astype("complex128")'
    : 'the dtypes are bool, int8 to int64, uint8 to uint64, float16 to float64, complex64, complex128, datetime64, timedelta64, S, U, V and structured ones';
  return new SerializeError(`dtype ${text} is not read; ${remedy}`);
}

function shown(given: unknown): string {
  return quotedText(textOf(given) ?? safeText(given), MAX_SHOWN_CHARS);
}
