import { createWriteStream, type WriteStream } from 'node:fs';
import { processWide } from '../copies/process-wide.js';
import { warnOfError } from '../reports/warning.js';

/** Shortest time between two attempts to open a file that broke. Entries of the meantime are lost. */
const REOPEN_MS = 1_000;

/**
 * A log file that entries are added to. The file may break: the disk is full, or the folder is missing. Then the first error is a warning
 * of the process, and a later entry opens the file again.
 */
class LogFile {
  private stream: WriteStream | undefined;
  /** `performance.now()` of the last attempt to open the file. */
  private openedAt = -Infinity;
  private isBroken = false;

  constructor(private readonly path: string) {}

  write(text: string): void {
    this.stream ??= this.open();
    this.stream?.write(text, this.written);
  }

  /** @returns undefined: the last attempt is less than a second ago */
  private open(): WriteStream | undefined {
    const now = performance.now();
    if (now - this.openedAt < REOPEN_MS) return undefined;
    this.openedAt = now;
    return createWriteStream(this.path, { flags: 'a' }).on('error', (error) => {
      this.stream = undefined;
      if (!this.isBroken) warnOfError(error);
      this.isBroken = true;
    });
  }

  private readonly written = (error?: Error | null): void => {
    if (!error) this.isBroken = false;
  };
}

/** The log files of this process, by path. */
const files = processWide('opened-log-files', () => new Map<string, Pick<LogFile, 'write'>>());

/** Gives the log file at a path. It is opened by its first entry. */
export function logFileAt(path: string): Pick<LogFile, 'write'> {
  let file = files.get(path);
  if (file === undefined) files.set(path, (file = new LogFile(path)));
  return file;
}
