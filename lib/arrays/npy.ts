import { SerializeError } from '../protocol/errors.js';
import { type Descr, descrLiteral } from './dtype.js';
import { LITERAL_COST, literalIn, MAX_DTYPE_CHARS } from './descriptions.js';
import type { Spend } from './memory.js';

const MAGIC = Buffer.from('\x93NUMPY', 'latin1');
/** The data begins at a multiple of this number of bytes. */
const ALIGNMENT = 64;
/** The content of the header of an npy file. */
export interface NpyHeader {
  readonly descr: unknown;
  readonly isFortranOrder: boolean;
  readonly shape: unknown;
}

/**
 * The text of the header of an npy file, of version 1, 2 or 3, and the offset of the data.
 *
 * @throws {SerializeError} when there is none
 * @see NumPy, numpy/lib/format.py
 */
export function npyHeaderText(bytes: Uint8Array): { text: string; dataStart: number } {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = file[6]!;
  if (file.length < 10 || !file.subarray(0, 6).equals(MAGIC))
    throw new SerializeError('the bytes of an array are no npy file: they do not begin with \\x93NUMPY');
  if (version < 1 || version > 3) throw new SerializeError(`npy version ${version} is not read; the versions are 1, 2 and 3`);
  const headerStart = version === 1 ? 10 : 12;
  if (file.length < headerStart) throw new SerializeError('the npy file of an array ends in its header');
  const length = version === 1 ? file.readUInt16LE(8) : file.readUInt32LE(8);
  // NumPy itself reads 10,000; the header of an array of records holds a dtype of MAX_DTYPE_CHARS
  if (length > MAX_DTYPE_CHARS) throw new SerializeError(`an npy header of ${length} bytes is over ${MAX_DTYPE_CHARS}`);
  const dataStart = headerStart + length;
  if (file.length < dataStart) throw new SerializeError('the npy file of an array ends in its header');
  return { text: file.toString(version === 3 ? 'utf8' : 'latin1', headerStart, dataStart), dataStart };
}

/**
 * Reads the text of the header of an npy file.
 *
 * @param spend called with the memory of the header before it is read, because dicts of marshal may share a file
 * @throws {SerializeError} when the text is no such header
 */
export function readNpyHeader(text: string, spend: Spend): NpyHeader {
  spend(text.length * LITERAL_COST);
  const header = literalIn(text.trim(), spend);
  if (typeof header !== 'object' || header === null || Array.isArray(header) || header instanceof Map) throw badHeader();
  const { descr, fortran_order: isFortranOrder, shape } = header as Record<string, unknown>;
  if (descr === undefined || typeof isFortranOrder !== 'boolean' || shape === undefined) throw badHeader();
  return { descr, isFortranOrder, shape };
}

/** Writes the header of an npy file. */
export function writeNpyHeader(descr: Descr, isFortranOrder: boolean, shape: readonly number[]): Buffer {
  const shapeTuple = `(${shape.map((length) => `${length},`).join(' ')})`;
  const text = `{'descr': ${descrLiteral(descr)}, 'fortran_order': ${isFortranOrder ? 'True' : 'False'}, 'shape': ${shapeTuple}, }`;
  const isLatin1 = !/[^\0-\xff]/.test(text);
  const content = Buffer.from(text, isLatin1 ? 'latin1' : 'utf8');
  const version = !isLatin1 ? 3 : content.length < 0xff00 ? 1 : 2;
  const start = version === 1 ? 10 : 12;
  const size = Math.ceil((start + content.length + 1) / ALIGNMENT) * ALIGNMENT;
  const header = Buffer.alloc(size, ' ');
  MAGIC.copy(header);
  header[6] = version;
  header[7] = 0;
  if (version === 1) header.writeUInt16LE(size - start, 8);
  else header.writeUInt32LE(size - start, 8);
  content.copy(header, start);
  header[size - 1] = 0x0a;
  return header;
}

function badHeader(): SerializeError {
  return new SerializeError('the header of an npy file is no dict with descr, fortran_order and shape');
}
