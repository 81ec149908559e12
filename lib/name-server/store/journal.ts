import { createHash } from 'node:crypto';
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { configError } from '../../options/option-checks.js';
import { fileLines, writeLine } from './file-lines.js';
import type { NameRecord } from './name-store.js';

/** A change of a journal: a registration, or names that were removed. */
export type JournalEntry = { readonly set: NameRecord } | { readonly remove: readonly string[] };

/** A registration as JSON: `metadata` is a list. */
type WrittenRecord = Omit<NameRecord, 'metadata'> & { readonly metadata?: readonly string[] };
type WrittenEntry = { readonly set: WrittenRecord; readonly remove?: undefined } | { readonly remove: readonly string[] };

const headerOf = (version: number): string => JSON.stringify({ format: 'nestjs-pyro names', version });
/** The first version has one change in each line, without checksum. It is read, and written anew in the second one. */
const FIRST_HEADER = headerOf(1);
const HEADER = headerOf(2);
/** Changes that a journal may have besides one for each name, before it is written anew. */
const SPARE_ENTRIES = 1_000;
/** Registrations in a line of a journal that is written anew. */
const RECORDS_PER_LINE = 100;

/**
 * A file of registrations. Each line is a batch of changes that were written together: a checksum, a space, and the changes as JSON.
 *
 * A batch is on the disk before the next one is written. So after a crash only the last one can be damaged, and nothing of it was
 * acknowledged: it does not count. A last batch whose checksum is right counts, also when its newline is lost.
 */
export class Journal {
  /** Bytes that count. */
  private size = 0;
  /** Changes that the file tells of. */
  private length = 0;
  /** True while the file may have bytes that do not count. */
  private isTorn = true;
  /** True while the last line that counts has no newline. */
  private isUnended = false;
  /** True for a file of the first version. */
  isOld = false;

  private constructor(
    private readonly path: string,
    private file: FileHandle,
    private readonly mayWrite: () => Promise<void>,
  ) {}

  /**
   * Opens a journal, and makes it if there is none.
   *
   * @param path without symbolic links: the file is replaced when it is written anew
   * @param onEntry called with each entry, in order
   * @param mayWrite called before the file is changed; throws when another process has it
   * @throws {PyroError} `CONFIG`, when the file is no journal, is damaged, or has further names (hard links)
   */
  static async open(path: string, onEntry: (entry: JournalEntry) => void, mayWrite: () => Promise<void>): Promise<Journal> {
    const file = await open(path, 'r+').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return open(path, 'wx+');
      throw error;
    });
    const journal = new Journal(path, file, mayWrite);
    try {
      await journal.checkLinks();
      await journal.read(onEntry);
      if (journal.isUnended) await journal.write('', 0);
      if (journal.size === 0) {
        await journal.write(HEADER, 0);
        await syncDirectory(dirname(path));
      }
      return journal;
    } catch (error) {
      await journal.close();
      throw error;
    }
  }

  /** Appends entries. Resolves when they are on the disk. */
  append(entries: readonly JournalEntry[]): Promise<void> {
    return this.write(lineOf(entries), entries.length);
  }

  /**
   * False when another program has removed, replaced, shortened or extended the file: then entries that are appended would be lost, or are
   * after bytes that nobody can read.
   */
  async isInPlace(): Promise<boolean> {
    const [own, found] = await Promise.all([
      this.file.stat({ bigint: true }),
      stat(this.path, { bigint: true }).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined;
        throw error;
      }),
    ]);
    if (found === undefined || found.dev !== own.dev || found.ino !== own.ino) return false;
    return this.isTorn ? found.size >= this.size : found.size === BigInt(this.size);
  }

  /** True when most changes of the file have changed again since. */
  isLong(names: number): boolean {
    return this.length > 2 * names + SPARE_ENTRIES;
  }

  /** Writes the journal anew, with one entry for each record. A process that is killed meanwhile leaves the old file. */
  async rewrite(records: readonly NameRecord[]): Promise<void> {
    const fresh = `${this.path}.new`;
    const { mode } = await this.file.stat();
    const file = await open(fresh, 'w', mode);
    let size = 0;
    try {
      // the mode of a new file lacks what the umask forbids
      await file.chmod(mode);
      size = await writeLine(file, HEADER, 0);
      for (let start = 0; start < records.length; start += RECORDS_PER_LINE) {
        const entries = records.slice(start, start + RECORDS_PER_LINE).map((record) => ({ set: record }));
        size += await writeLine(file, lineOf(entries), size);
      }
      await file.sync();
      await this.mayWrite();
      await rename(fresh, this.path);
    } catch (error) {
      await file.close();
      await rm(fresh, { force: true });
      throw error;
    }
    await this.file.close();
    this.file = file;
    this.size = size;
    this.length = records.length;
    this.isTorn = false;
    this.isOld = false;
    await syncDirectory(dirname(this.path));
  }

  async close(): Promise<void> {
    await this.file.close();
  }

  private async read(onEntry: (entry: JournalEntry) => void): Promise<void> {
    let number = 0;
    let damaged = 0;
    for await (const { line, end, isWhole } of fileLines(this.file)) {
      if (++number === 1) {
        if (!isWhole && [FIRST_HEADER, HEADER].some((header) => header.startsWith(line))) return;
        if (!isWhole || (line !== HEADER && line !== FIRST_HEADER))
          throw configError(`storage: ${this.path} is no file of registrations of this package`);
        this.isOld = line === FIRST_HEADER;
        this.size = end;
        continue;
      }
      const entries = entriesOf(line, this.isOld);
      if (entries === undefined) {
        damaged ||= number;
        continue;
      }
      if (damaged > 0)
        throw configError(
          `storage: line ${damaged} of ${this.path} is damaged, and later lines are not: this was no crash; use a copy of the file`,
        );
      for (const entry of entries) onEntry(entry);
      this.length += entries.length;
      this.size = end;
      this.isUnended = !isWhole;
    }
  }

  /** Refuses a file that has another name: by this name another name server could use it without seeing the lock. */
  private async checkLinks(): Promise<void> {
    const { nlink } = await this.file.stat();
    if (nlink <= 1) return;
    throw configError(
      `storage: ${this.path} has ${nlink} names (hard links), and another name server could use another one; ` +
        'remove the others, or use a copy of the file',
    );
  }

  /** @throws the error of the disk; then the line does not count */
  private async write(line: string, entries: number): Promise<void> {
    await this.mayWrite();
    await this.cut();
    this.isTorn = true;
    let written: number;
    try {
      written = await writeLine(this.file, line, this.size);
      await this.file.datasync();
    } catch (error) {
      // when this fails as well, the next write begins with it
      await this.cut().catch(() => undefined);
      throw error;
    }
    this.isTorn = false;
    this.size += written;
    this.length += entries;
  }

  /** Cuts off the bytes that do not count. */
  private async cut(): Promise<void> {
    if (!this.isTorn) return;
    await this.file.truncate(this.size);
    this.isTorn = false;
  }
}

function lineOf(entries: readonly JournalEntry[]): string {
  const json = JSON.stringify(entries.map(writtenOf));
  return `${checksum(json)} ${json}`;
}

function writtenOf(entry: JournalEntry): WrittenEntry {
  if ('remove' in entry) return entry;
  const { name, uri, metadata, lease } = entry.set;
  return { set: { name, uri, metadata: metadata && [...metadata], lease } };
}

/** @returns undefined for a damaged line */
function entriesOf(line: string, isOld: boolean): JournalEntry[] | undefined {
  try {
    if (isOld) return [entryOf(JSON.parse(line) as WrittenEntry)];
    const [sum, json] = [line.slice(0, CHECKSUM_LENGTH), line.slice(CHECKSUM_LENGTH + 1)];
    return sum === checksum(json) ? (JSON.parse(json) as WrittenEntry[]).map(entryOf) : undefined;
  } catch {
    return undefined;
  }
}

function entryOf(entry: WrittenEntry): JournalEntry {
  if (entry.remove) return { remove: entry.remove };
  const { name, uri, metadata, lease } = entry.set;
  return { set: { name, uri, metadata: metadata && new Set(metadata), lease } };
}

const CHECKSUM_LENGTH = 16;

function checksum(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, CHECKSUM_LENGTH);
}

/** A new name of a file is on the disk when its directory is. Windows cannot open a directory. */
async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
