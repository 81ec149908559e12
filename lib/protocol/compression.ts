import { promisify } from 'node:util';
import { deflate, deflateSync, inflate, inflateSync } from 'node:zlib';
import { ProtocolError } from './errors.js';
import { messageTooLarge, type SizeLimit } from './header.js';

const deflateAside = promisify(deflate);
const inflateAside = promisify(inflate) as (data: Buffer, options: object) => Promise<Buffer>;

/** Shorter data is sent as it is. @see Pyro5/protocol.py, `SendingMessage` */
const MIN_COMPRESSED_BYTES = 100;
/** Longer data is (de)compressed on a worker thread, so that other connections go on. */
const ASIDE_BYTES = 16 * 1024;
const LEVEL = 4;

/** True when data of this size gains from compression. */
export function worthCompressing(dataBytes: number): boolean {
  return dataBytes > MIN_COMPRESSED_BYTES;
}

export function compress(data: Buffer): Buffer | Promise<Buffer> {
  return data.length > ASIDE_BYTES ? deflateAside(data, { level: LEVEL }) : deflateSync(data, { level: LEVEL });
}

/**
 * Inflates the data of a message, never further than its limit.
 *
 * @throws {MessageTooLargeError} when more would come out
 * @throws {ProtocolError} `BAD_COMPRESSION` when it is no zlib stream
 */
export function decompress(data: Buffer, limit: SizeLimit): Buffer | Promise<Buffer> {
  // a zlib stream grows at most about 1,030-fold, so a small one can still be a bomb: those go aside too
  const options = { maxOutputLength: Math.max(1, limit.bytes) };
  if (data.length > 256) return inflateAside(data, options).catch((error: unknown) => fail(error, limit));
  try {
    return inflateSync(data, options);
  } catch (error) {
    return fail(error, limit);
  }
}

function fail(error: unknown, limit: SizeLimit): never {
  if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
    const cause = messageTooLarge(limit.bytes + 1, limit);
    cause.message = `message too large: its data inflates to more than ${limit.option} (${limit.bytes})`;
    throw cause;
  }
  throw new ProtocolError(`message says its data is compressed, but it is no zlib stream: ${(error as Error).message}`, {
    code: 'BAD_COMPRESSION',
    cause: error,
  });
}
