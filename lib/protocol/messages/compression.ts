import { promisify } from 'node:util';
import { deflate, deflateSync, inflate, inflateSync } from 'node:zlib';
import { ProtocolError } from '../errors.js';
import { messageTooLarge, type SizeLimit } from './header.js';

const deflateOnWorker = promisify(deflate);
const inflateOnWorker = promisify(inflate) as (data: Buffer, options: object) => Promise<Buffer>;

/** Data up to this size is not compressed. @see Pyro5/protocol.py, `SendingMessage` */
const MIN_COMPRESSED_BYTES = 100;
/** Longer compressed data is inflated on a worker thread: a zlib stream grows at most about 1,030-fold, so 256 bytes are no bomb. */
const INFLATED_AT_ONCE_BYTES = 256;
/** Longer data is compressed on a worker thread, so that it does not block the event loop. */
const WORKER_BYTES = 16 * 1024;
const LEVEL = 4;

/** True when compression can make data of this size smaller. */
export function worthCompressing(dataBytes: number): boolean {
  return dataBytes > MIN_COMPRESSED_BYTES;
}

export function compress(data: Buffer): Buffer | Promise<Buffer> {
  return data.length > WORKER_BYTES ? deflateOnWorker(data, { level: LEVEL }) : deflateSync(data, { level: LEVEL });
}

/** True when {@link decompress} gives no promise. */
export function isInflatedAtOnce(data: Buffer): boolean {
  return data.length <= INFLATED_AT_ONCE_BYTES;
}

/**
 * Inflates the data of a message, up to the limit.
 *
 * @throws {MessageTooLargeError} when the result is larger than the limit
 * @throws {ProtocolError} `BAD_COMPRESSION` when the data is no zlib stream
 */
export function decompress(data: Buffer, limit: SizeLimit): Buffer | Promise<Buffer> {
  const options = { maxOutputLength: Math.max(1, limit.bytes) };
  if (!isInflatedAtOnce(data)) return inflateOnWorker(data, options).catch((error: unknown) => fail(error, limit));
  try {
    return inflateSync(data, options);
  } catch (error) {
    return fail(error, limit);
  }
}

/**
 * Inflates data that {@link isInflatedAtOnce}, unless the result is larger than `bytes`.
 *
 * @returns undefined when the result is larger
 * @throws {ProtocolError} `BAD_COMPRESSION` when the data is no zlib stream
 */
export function decompressUpTo(data: Buffer, bytes: number): Buffer | undefined {
  try {
    return inflateSync(data, { maxOutputLength: Math.max(1, bytes) });
  } catch (error) {
    if (isTooLarge(error)) return undefined;
    throw badCompression(error);
  }
}

function isTooLarge(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
}

function fail(error: unknown, limit: SizeLimit): never {
  if (isTooLarge(error)) {
    const cause = messageTooLarge(limit.bytes + 1, limit);
    cause.message =
      limit.option === 'maxInflationRatio'
        ? `message too large: its data inflates to more than ${limit.bytes} bytes, which maxInflationRatio allows for its size`
        : `message too large: its data inflates to more than ${limit.option} (${limit.bytes})`;
    throw cause;
  }
  throw badCompression(error);
}

function badCompression(error: unknown): ProtocolError {
  return new ProtocolError(`message says its data is compressed, but it is no zlib stream: ${(error as Error).message}`, {
    code: 'BAD_COMPRESSION',
    cause: error,
  });
}
