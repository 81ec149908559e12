import { decompress, decompressUpTo, isInflatedAtOnce } from './compression.js';
import { FLAGS } from '../constants.js';
import type { LaterTurns } from '../later-turns.js';
import type { Frame } from './frame-reader.js';
import { type SizeLimit, sizeLimit } from './header.js';

/** Limits of compressed messages. */
export interface InflationLimits {
  maxMessageBytes: number;
  /** Largest data, as a multiple of its compressed size. Data up to {@link FREE_BYTES} may have any ratio. */
  maxInflationRatio: number;
  /** Bytes that are inflated at the same time. A larger message is inflated alone. */
  maxInflatingBytes: number;
}

/** Defaults of the limits of compressed messages. */
export const INFLATION_DEFAULTS = { maxInflationRatio: 100, maxInflatingBytes: 256 * 1024 * 1024 };

/** Data up to this size may have any ratio: zeros shrink to a thousandth. */
const FREE_BYTES = 16 * 1024 * 1024;
/** The largest ratio that a zlib stream can have. */
const ZLIB_RATIO = 1_032;
const ZLIB_SPARE_BYTES = 1_024;
/**
 * Longer data is read in a turn of its own. A few bytes stand for it, and reading may take 70 ms for 1 MiB: without turns, messages that
 * worker threads inflate at the same time are read one after the other, and nobody is served between them.
 */
export const READ_AT_ONCE_BYTES = 64 * 1024;

/** Counts the compressed messages that wait. */
interface HeldBytes {
  hold(bytes: number): void;
  release(bytes: number): void;
}

/** Reads the data of a message. `wireBytes` is their length on the wire, compressed. */
type ReadData<T> = (data: Buffer, wireBytes: number) => T;

interface Waiting {
  bytes: number;
  enter(): void;
}

/**
 * Opens the data of messages. Compressed data of all connections together is inflated within {@link InflationLimits.maxInflatingBytes}:
 * messages over this limit wait for their turn.
 */
export class Inflation {
  /** Bytes that are being inflated. */
  heldBytes = 0;
  private readonly waiting: Waiting[] = [];
  private readonly messageLimit: SizeLimit;

  /**
   * @param onWaiting called when a message has to wait, because of {@link InflationLimits.maxInflatingBytes}
   * @param unserved counts the messages that wait
   * @param turns in which large data is read; undefined: it is read at once
   */
  constructor(
    private readonly limits: InflationLimits,
    private readonly onWaiting: () => void = () => undefined,
    private readonly unserved?: HeldBytes,
    private readonly turns?: LaterTurns,
  ) {
    this.messageLimit = sizeLimit(limits.maxMessageBytes);
  }

  /**
   * Hands the data of a message to `read`, inflated when it is compressed.
   *
   * @param read gets the bytes of the data on the wire, too: compressed, a few bytes stand for many
   * @param limit of the inflated data
   * @returns the result of `read`; a promise of it, when the data is inflated on a worker thread, or read in a later turn
   * @throws {MessageTooLargeError} when the data inflates to more than the limit or the ratio allows
   * @throws {ProtocolError} `BAD_COMPRESSION`
   */
  open<T>(frame: Frame, read: ReadData<T>, limit = this.messageLimit): T | Promise<T> {
    const { data } = frame;
    const wireBytes = data.length;
    if (!(frame.header.flags & FLAGS.compressed)) return read(data, wireBytes);
    const most = this.mostOf(wireBytes, limit);
    if (!isInflatedAtOnce(data)) return this.openInTurn(data, read, most);
    const { turns } = this;
    const inflate = (): Buffer => decompress(data, most) as Buffer;
    if (turns === undefined || most.bytes <= READ_AT_ONCE_BYTES) return read(inflate(), wireBytes);
    const inflated = decompressUpTo(data, READ_AT_ONCE_BYTES);
    // the compressed bytes wait: up to a thousand times as many inflated bytes would wait uncounted
    return inflated === undefined ? inTurn(turns, () => read(inflate(), wireBytes)) : read(inflated, wireBytes);
  }

  private readInTurn<T>(data: Buffer, wireBytes: number, read: ReadData<T>): T | Promise<T> {
    const { turns } = this;
    if (turns === undefined || data.length <= READ_AT_ONCE_BYTES) return read(data, wireBytes);
    return inTurn(turns, () => read(data, wireBytes));
  }

  private async openInTurn<T>(data: Buffer, read: ReadData<T>, most: SizeLimit): Promise<T> {
    const bytes = Math.min(most.bytes, ZLIB_RATIO * data.length + ZLIB_SPARE_BYTES);
    if (!this.fits(bytes) || this.waiting.length > 0) {
      this.onWaiting();
      this.unserved?.hold(data.length);
      await new Promise<void>((enter) => this.waiting.push({ bytes, enter }));
      this.unserved?.release(data.length);
    } else {
      this.heldBytes += bytes;
    }
    try {
      return await this.readInTurn(await decompress(data, most), data.length, read);
    } finally {
      this.leave(bytes);
    }
  }

  private mostOf(compressedBytes: number, limit: SizeLimit): SizeLimit {
    const bytes = Math.max(FREE_BYTES, compressedBytes * this.limits.maxInflationRatio);
    return bytes < limit.bytes ? { bytes, option: 'maxInflationRatio' } : limit;
  }

  private fits(bytes: number): boolean {
    return this.heldBytes === 0 || this.heldBytes + bytes <= this.limits.maxInflatingBytes;
  }

  private leave(bytes: number): void {
    this.heldBytes -= bytes;
    for (let next = this.waiting[0]; next !== undefined && this.fits(next.bytes); next = this.waiting[0]) {
      this.waiting.shift();
      this.heldBytes += next.bytes;
      next.enter();
    }
  }
}

/** Does work in a later turn. */
function inTurn<T>(turns: LaterTurns, work: () => T): Promise<T> {
  return new Promise((resolve, reject) => {
    turns.delay({ takeTurn: () => resolve(work()), turnFailed: reject });
  });
}
