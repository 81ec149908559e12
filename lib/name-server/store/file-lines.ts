import type { FileHandle } from 'node:fs/promises';
import { CHARACTERS } from '../../serpent/text/characters.js';

/** Bytes that are read at a time: a file may be larger than the longest text. */
const READ_BYTES = 1 << 20;
const { LINE_FEED } = CHARACTERS;

/** A line of a file, without its end. */
interface Line {
  readonly line: string;
  /** Bytes of the file up to the end of the line. */
  readonly end: number;
  /** False for the last line when no newline ends it. */
  readonly isWhole: boolean;
}

/** Reads a file from its beginning. */
export async function* fileLines(file: FileHandle): AsyncGenerator<Line> {
  const buffer = Buffer.allocUnsafe(READ_BYTES);
  let begun: Buffer[] = [];
  for (let position = 0; ;) {
    const { bytesRead } = await file.read(buffer, 0, READ_BYTES, position);
    if (bytesRead === 0) {
      if (begun.length > 0) yield { line: String(Buffer.concat(begun)), end: position, isWhole: false };
      return;
    }
    // a copy, since the last line goes on after the next read
    const bytes = Buffer.from(buffer.subarray(0, bytesRead));
    let start = 0;
    for (let end; (end = bytes.indexOf(LINE_FEED, start)) >= 0; start = end + 1) {
      const line = String(Buffer.concat([...begun, bytes.subarray(start, end)]));
      begun = [];
      yield { line, end: position + end + 1, isWhole: true };
    }
    if (start < bytesRead) begun.push(bytes.subarray(start));
    position += bytesRead;
  }
}

/** Writes a line and a newline at a position. @returns the number of bytes */
export async function writeLine(file: FileHandle, line: string, position: number): Promise<number> {
  const bytes = Buffer.from(`${line}\n`);
  for (let written = 0; written < bytes.length;) {
    written += (await file.write(bytes, written, bytes.length - written, position + written)).bytesWritten;
  }
  return bytes.length;
}
