import { endianness } from 'node:os';
import { isIndexKey } from '../serpent/costs/index-keys.js';
import { pyTuple } from '../serpent/index.js';
import type { NdTypedArray } from './element-types.js';
import { sizeOf, spareLists } from './shape.js';

/** The kind of value that each element of an array is. */
export type DTypeKind =
  'bool' | 'int' | 'uint' | 'float' | 'complex' | 'datetime' | 'timedelta' | 'bytes' | 'text' | 'void' | 'struct';

/** True when this machine is little-endian, as nearly every machine is. */
export const IS_LITTLE_ENDIAN = endianness() === 'LE';

type DataConstructor = new (buffer: ArrayBufferLike, byteOffset?: number, length?: number) => NdTypedArray;

/** A field of a structured dtype. */
export interface DTypeField {
  readonly name: string;
  /** A second name, which NumPy keeps beside the name. */
  readonly title?: string | undefined;
  readonly dtype: DType;
  /** Bytes from the start of the element. */
  readonly offset: number;
  /** The shape of a field that is an array; else empty. */
  readonly shape: readonly number[];
}

/** The type of the elements of an array, as NumPy describes it. */
export class DType {
  /** True when a name of a field looks like an index of an Array. */
  readonly hasIndexFields: boolean;
  /** Typed array elements of one element: two of a complex number, one for each byte of an `S`. */
  readonly lanes: number;
  /** Number of values of a record that have no bytes on the wire: fields without bytes, and lists and records around a single value. */
  readonly hollowValues: number;

  private constructor(
    readonly kind: DTypeKind,
    private ownName: string | undefined,
    /** NumPy's code without the byte order: `f4`, `M8[ms]`. */
    readonly code: string,
    /** Bytes of one element on the wire. */
    readonly itemBytes: number,
    /** Bytes that change places with the byte order; 1 where there is none. */
    readonly unitBytes: number,
    readonly Data: DataConstructor,
    /** True when the byte order is not the order of this machine. */
    readonly isForeign: boolean,
    /** The fields of a structured dtype. */
    readonly fields: readonly DTypeField[] = [],
  ) {
    this.hasIndexFields = fields.some(({ name: field }) => isIndexKey(field));
    this.hollowValues = fields.reduce((sum, field) => sum + hollowOf(field), fields.length === 1 ? 1 : 0);
    // float16 is kept in a Float32Array
    this.lanes = code === 'f2' ? 1 : itemBytes / (Data as unknown as { BYTES_PER_ELEMENT: number }).BYTES_PER_ELEMENT;
  }

  /** A number or bool. @returns undefined when there is no such code */
  static numeric(code: string, isForeign: boolean): DType | undefined {
    const entry = NUMERIC[code];
    if (entry === undefined) return undefined;
    const [kind, name, Data, unitBytes] = entry;
    return new DType(kind, name, code, Number(code.slice(1)), unitBytes, Data, isForeign && unitBytes > 1);
  }

  /** @param unit `ms`, or `25s`; empty for a time without a unit */
  static time(kind: 'datetime' | 'timedelta', unit: string, isForeign: boolean): DType {
    const suffix = unit === '' ? '' : `[${unit}]`;
    const code = kind === 'datetime' ? 'M8' : 'm8';
    return new DType(kind, `${kind}64${suffix}`, code + suffix, 8, 8, BigInt64Array, isForeign);
  }

  /** @param length in bytes; of a text in characters */
  static sized(kind: 'bytes' | 'text' | 'void', length: number, isForeign: boolean): DType {
    const code = `${{ bytes: 'S', text: 'U', void: 'V' }[kind]}${length}`;
    if (kind === 'text') return new DType(kind, code, code, length * 4, 4, Uint32Array, isForeign);
    return new DType(kind, code, code, length, 1, Uint8Array, false);
  }

  static struct(fields: readonly DTypeField[], itemBytes: number): DType {
    return new DType('struct', undefined, 'V', itemBytes, 1, Uint8Array, false, fields);
  }

  /**
   * NumPy's name: `float32`, `datetime64[ms]`; for texts, bytes and void `U5`, `S5`, `V5`; for a structured dtype its fields. The text of
   * the fields is made once, at its first use.
   */
  get name(): string {
    return (this.ownName ??= descrLiteral(this.descr));
  }

  /** The same dtype in the byte order of this machine. The fields of a structured dtype keep their byte order. */
  get native(): DType {
    if (!this.isForeign) return this;
    const { kind, name, code, itemBytes, unitBytes, Data } = this;
    return new DType(kind, name, code, itemBytes, unitBytes, Data, false);
  }

  /** NumPy's `dtype.str`: `<f4`, `|b1`. */
  get text(): string {
    if (this.unitBytes === 1) return `|${this.code}`;
    return `${IS_LITTLE_ENDIAN === this.isForeign ? '>' : '<'}${this.code}`;
  }

  /** NumPy's `dtype.descr` in the header of an npy file: {@link text}; for a structured dtype a list of tuples. */
  get descr(): Descr {
    return this.kind === 'struct' ? descrOfFields(this.fields, this.itemBytes) : this.text;
  }
}

/** A description of a dtype: a text, or the fields. */
export type Descr = string | DescrField[];
type DescrName = string | readonly [title: string, name: string];
type DescrField = readonly [name: DescrName, type: Descr, shape?: readonly number[]];

const NUMERIC: Record<string, [DTypeKind, string, DataConstructor, number]> = {
  b1: ['bool', 'bool', Uint8Array, 1],
  i1: ['int', 'int8', Int8Array, 1],
  i2: ['int', 'int16', Int16Array, 2],
  i4: ['int', 'int32', Int32Array, 4],
  i8: ['int', 'int64', BigInt64Array, 8],
  u1: ['uint', 'uint8', Uint8Array, 1],
  u2: ['uint', 'uint16', Uint16Array, 2],
  u4: ['uint', 'uint32', Uint32Array, 4],
  u8: ['uint', 'uint64', BigUint64Array, 8],
  f2: ['float', 'float16', Float32Array, 2],
  f4: ['float', 'float32', Float32Array, 4],
  f8: ['float', 'float64', Float64Array, 8],
  c8: ['complex', 'complex64', Float32Array, 4],
  c16: ['complex', 'complex128', Float64Array, 8],
};

/** The codes of numbers and bools by the names of NumPy. */
export const CODES_BY_NAME: ReadonlyMap<string, string> = new Map(
  Object.entries(NUMERIC).map(([code, [, name]]) => [name, code]),
);

function hollowOf({ dtype, shape }: DTypeField): number {
  const size = sizeOf(shape);
  const empty = size * dtype.itemBytes === 0 ? 1 : 0;
  return empty + spareLists(shape) + size * dtype.hollowValues;
}

/** Bytes between fields are fields without a name, as NumPy writes them. */
function descrOfFields(fields: readonly DTypeField[], itemBytes: number): DescrField[] {
  const descr: DescrField[] = [];
  let end = 0;
  const pad = (offset: number): void => {
    if (offset > end) descr.push(pyTuple('', `|V${offset - end}`) as unknown as DescrField);
  };
  for (const { name: own, title, dtype, offset, shape } of [...fields].sort((one, other) => one.offset - other.offset)) {
    pad(offset);
    const name = title === undefined ? own : pyTuple(title, own);
    const part = pyTuple<unknown[]>(name, dtype.descr, ...(shape.length === 0 ? [] : [pyTuple(...shape)]));
    descr.push(part as unknown as DescrField);
    end = offset + dtype.itemBytes * shape.reduce((size, length) => size * length, 1);
  }
  pad(itemBytes);
  return descr;
}

/** The description as Python would print it. */
export function descrLiteral(descr: Descr): string {
  if (typeof descr === 'string') return textLiteral(descr);
  const fields = descr.map(([name, type, shape]) => {
    const tail = shape === undefined ? '' : `, (${shape.join(', ')}${shape.length === 1 ? ',' : ''})`;
    const names = typeof name === 'string' ? textLiteral(name) : `(${name.map(textLiteral).join(', ')})`;
    return `(${names}, ${descrLiteral(type)}${tail})`;
  });
  return `[${fields.join(', ')}]`;
}

/** As the header of an npy file has it: always in single quotes. */
function textLiteral(text: string): string {
  const escaped = text.replaceAll(/['\\\n\r]/g, (character) => ESCAPES[character]!);
  return `'${escaped}'`;
}

const ESCAPES: Record<string, string> = { "'": "\\'", '\\': '\\\\', '\n': '\\n', '\r': '\\r' };
