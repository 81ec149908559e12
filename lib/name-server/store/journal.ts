import { type FileHandle, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { configError } from '../../options/option-checks.js';
import type { NameRecord } from './name-store.js';

/** A line of a journal: a registration, or names that were removed. */
export type JournalEntry = { readonly set: NameRecord } | { readonly remove: readonly string[] };

/** A registration as JSON: `metadata` is a list. */
type WrittenRecord = Omit<NameRecord, 'metadata'> & { readonly metadata?: readonly string[] };

const HEADER = JSON.stringify({ format: 'nestjs-pyro names', version: 1 });
/** Lines that a journal may have in addition to one for each name, before it is written anew. */
const SPARE_LINES = 1_000;

/**
 * A file of registrations, with a change in each line. Only whole lines count: if a process is killed while it writes a line, the file can
 * be read up to the previous line.
 */
export class Journal {
  private constructor(
    private readonly path: string,
    private file: FileHandle,
    private lines: number,
  ) {}

  /**
   * Opens a journal, and makes it if there is none.
   *
   * @param onEntry called with each entry, in order
   * @throws {PyroError} `CONFIG`, when the file is no journal
   */
  static async open(path: string, onEntry: (entry: JournalEntry) => void): Promise<Journal> {
    const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return Buffer.alloc(0);
      throw error;
    });
    const wholeBytes = bytes.lastIndexOf('\n') + 1;
    const lines = bytes.toString('utf8', 0, wholeBytes).split('\n').slice(0, -1);
    const isHeaderCut = lines.length === 0 && `${HEADER}\n`.startsWith(bytes.toString('utf8'));
    if (!isHeaderCut && lines[0] !== HEADER) throw configError(`storage: ${path} is no file of registrations of this package`);
    for (const [index, line] of lines.slice(1).entries()) onEntry(entryOf(line, path, index + 2));
    const file = await open(path, lines.length === 0 ? 'w' : 'r+');
    await file.truncate(wholeBytes);
    const journal = new Journal(path, file, lines.length);
    if (lines.length === 0) await journal.write(`${HEADER}\n`, 1);
    return journal;
  }

  /** Appends entries. Resolves when they are on the disk. */
  append(entries: readonly JournalEntry[]): Promise<void> {
    return this.write(entries.map((entry) => `${lineOf(entry)}\n`).join(''), entries.length);
  }

  /** True when most lines are obsolete. */
  isLong(names: number): boolean {
    return this.lines > 2 * names + SPARE_LINES;
  }

  /** Writes the journal anew, with one line for each record. A process that is killed meanwhile leaves the old file. */
  async rewrite(records: Iterable<NameRecord>): Promise<void> {
    const lines = [HEADER, ...Array.from(records, (record) => lineOf({ set: record }))];
    const fresh = `${this.path}.new`;
    const file = await open(fresh, 'w');
    try {
      await file.writeFile(`${lines.join('\n')}\n`);
      await file.datasync();
      await rename(fresh, this.path);
    } catch (error) {
      await file.close();
      throw error;
    }
    await this.file.close();
    this.file = file;
    this.lines = lines.length;
    await syncDirectory(dirname(this.path));
  }

  async close(): Promise<void> {
    await this.file.close();
  }

  /** @throws the error of the disk; the file then has nothing of the text */
  private async write(text: string, lines: number): Promise<void> {
    const { size } = await this.file.stat();
    try {
      const bytes = Buffer.from(text);
      for (let written = 0; written < bytes.length;) {
        written += (await this.file.write(bytes, written, bytes.length - written, size + written)).bytesWritten;
      }
      await this.file.datasync();
    } catch (error) {
      await this.file.truncate(size);
      throw error;
    }
    this.lines += lines;
  }
}

function lineOf(entry: JournalEntry): string {
  if ('remove' in entry) return JSON.stringify(entry);
  const { name, uri, metadata, lease } = entry.set;
  const set: WrittenRecord = { name, uri, metadata: metadata && [...metadata], lease };
  return JSON.stringify({ set });
}

function entryOf(line: string, path: string, number: number): JournalEntry {
  try {
    const entry = JSON.parse(line) as { set?: WrittenRecord; remove?: readonly string[] };
    if (entry.remove) return { remove: entry.remove };
    const { name, uri, metadata, lease } = entry.set!;
    return { set: { name, uri, metadata: metadata && new Set(metadata), lease } };
  } catch (error) {
    throw configError(`storage: line ${number} of ${path} cannot be read: ${(error as Error).message}`, error as Error);
  }
}

/** Writes a directory to the disk, and with it the new name of a file. Windows cannot open a directory. */
async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
