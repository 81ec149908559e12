import { PyroError } from '../../protocol/errors.js';
import { refusal } from '../../protocol/refusals.js';
import { limitOf, overLimit } from '../../protocol/over-limit.js';
import { ExceptionWrapper } from '../../serializers/objects/class-dicts.js';
import { unserializableError } from '../../serializers/objects/exceptions.js';
import { presentableError } from '../request/presentable-error.js';
import { MAX_REPLACEMENT_CHARACTERS, unsendable } from '../request/reply.js';
import { ResultSize, SharedParts } from './result-size.js';
import type { ServedRequest } from '../request/served-request.js';

/** Most bytes that serializers write for a byte of {@link ResultSize.bytes}: a float of 24 characters counts as one byte. */
const MOST_WRITTEN_BYTES = 32;

/** Bytes of a reply that are kept free for the error of the entry that does not fit; a sixteenth of small replies. */
const ERROR_BYTES = 4_096;

/**
 * The results of a batch, kept until the last entry has run. Their bytes and their memory are counted as they come: a small request must
 * not make the daemon hold more than a reply may have, nor more than all running requests may take.
 */
export class BatchResults {
  private all: unknown[] = [];
  /** The bytes of the results in the reply: the least number, or the number itself when `isExact` is true. */
  private bytes = 0;
  /** True once the results may be over the limit. From then on each is written to be counted, and written once more into the reply. */
  private isExact = false;
  private memory = 0;
  private readonly shared: SharedParts;
  /** Why the results cannot be written. None of them is kept then. */
  private failure: PyroError | undefined;

  constructor(private readonly request: ServedRequest) {
    this.shared = new SharedParts(request.services.options.maxIntDigits);
  }

  /** @throws {PyroError} when the results together are larger than a reply may be, or take too much memory; the result is not kept then */
  add(result: unknown): void {
    const { request } = this;
    // nobody gets the results of a oneway batch, nor results of which one cannot be written
    if (request.oneway || this.failure !== undefined) return;
    const { memory, options } = request.services;
    const { maxMessageBytes, maxInFlightValueBytes, maxDepth } = options;
    const mostBytes = maxMessageBytes - Math.min(ERROR_BYTES, maxMessageBytes / 16);
    const size = new ResultSize(request.serializer, this.shared, {
      mostBytes: mostBytes - this.bytes,
      mostMemory: Math.max(0, memory.leftFor(request.connection)),
      // the list of the results is a container, too
      maxDepth: maxDepth - 1,
    });
    size.count(result);
    if ((size.isUnwritable || this.mayBeOver(size)) && !this.write(result, size)) return;
    if (size.bytes > mostBytes - this.bytes) throw this.tooMuch('maxMessageBytes', maxMessageBytes, 'ask for less in one batch');
    if (size.isOverMemory)
      throw this.tooMuch(
        'maxInFlightValueBytes',
        maxInFlightValueBytes,
        'with the running requests, of which those of one connection or address may take a part; try again later, or ask for less',
      );
    this.bytes += size.bytes;
    this.hold(size.memory);
    this.all.push(result);
  }

  /**
   * Adds the error of the entry that ended the batch.
   *
   * @returns the error that is sent in place of an error that cannot be written
   */
  addError(thrown: unknown): PyroError | undefined {
    const error = presentableError(thrown);
    const replacement = this.request.oneway ? undefined : this.replacementOf(error);
    this.all.push(new ExceptionWrapper(replacement ?? error));
    return replacement;
  }

  private replacementOf(error: Error): PyroError | undefined {
    try {
      this.request.serializer.dumps(error);
      return undefined;
    } catch (failure) {
      return unserializableError(error, failure, MAX_REPLACEMENT_CHARACTERS);
    }
  }

  /**
   * Gives the results.
   *
   * @throws {PyroError} when one of them cannot be written. As in Pyro5, all entries have run, and the client gets this error alone
   */
  end(): unknown[] {
    if (this.failure !== undefined) throw this.failure;
    return this.all;
  }

  /** True when the results fit by their least size, but might not when they are written. */
  private mayBeOver({ bytes, isOverBytes, isOverMemory }: ResultSize): boolean {
    if (isOverBytes || isOverMemory) return false;
    return this.isExact || (this.bytes + bytes) * MOST_WRITTEN_BYTES > this.request.services.options.maxMessageBytes;
  }

  /** Asks the serializer for the bytes of a result. @returns false when it cannot write it: all results are dropped */
  private write(result: unknown, size: ResultSize): boolean {
    const { serializer } = this.request;
    try {
      const { length } = serializer.dumps([result]);
      if (size.isUnwritable) {
        size.countWritten(result, length);
      } else {
        if (!this.isExact) this.bytes = serializer.dumps(this.all).length;
        this.isExact = true;
        size.bytes = length;
      }
      return true;
    } catch (error) {
      if (limitOf(error) === 'maxMessageBytes') {
        size.bytes = Infinity;
        return true;
      }
      this.failure = unsendable(serializer, this.failureInList(result) ?? error);
      this.all = [];
      this.hold(-this.memory);
      return false;
    }
  }

  /** The error that names the place of a result in the list of all results. */
  private failureInList(result: unknown): unknown {
    try {
      this.request.serializer.dumps([...this.all.map(() => null), result]);
      return undefined;
    } catch (error) {
      return error;
    }
  }

  /** Counts memory that is held until the request ends. */
  private hold(bytes: number): void {
    this.memory += bytes;
    this.request.hold(bytes);
  }

  private tooMuch(limit: string, most: number, remedy: string): PyroError {
    const text = `the results of the batch are over ${limit} (${most}) from entry ${this.all.length + 1} on; ${remedy}`;
    return overLimit(limit, refusal(new PyroError(text)));
  }
}
