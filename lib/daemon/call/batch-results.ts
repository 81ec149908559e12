import { PyroError } from '../../protocol/errors.js';
import { limitOf, overLimit } from '../../protocol/over-limit.js';
import { unsendable } from './reply.js';
import { ResultSize, SharedParts } from './result-size.js';
import type { ServedRequest } from './served-request.js';

/**
 * The results of a batch, kept until the last entry has run. Their bytes and their memory are counted as they come: a small request must
 * not make the daemon hold more than a reply may have, nor more than all running requests may take.
 */
export class BatchResults {
  private all: unknown[] = [];
  private bytes = 0;
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
    const size = new ResultSize(request.serializer, this.shared, {
      mostBytes: maxMessageBytes - this.bytes,
      mostMemory: Math.max(0, memory.leftFor(request.connection)),
      // the list of the results is a container, too
      maxDepth: maxDepth - 1,
    });
    size.count(result);
    if (size.isUnwritable && !this.write(result, size)) return;
    if (size.isOverBytes) throw this.tooMuch('maxMessageBytes', maxMessageBytes, 'ask for less in one batch');
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

  /** Adds the error of the entry that ended the batch. */
  addError(error: unknown): void {
    this.all.push(error);
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

  /** Asks the serializer whether it can write a result. @returns false when it cannot: all results are dropped */
  private write(result: unknown, size: ResultSize): boolean {
    const { serializer } = this.request;
    try {
      size.countWritten(result, serializer.dumps([result]).length);
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
    return overLimit(limit, new PyroError(text));
  }
}
