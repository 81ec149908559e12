import { PyroError } from '../../protocol/errors.js';
import { limitOf, overLimit } from '../../protocol/over-limit.js';
import type { Serializer } from '../../serializers/contract/serializer.js';
import { COSTS, dictCost } from '../../serpent/value-costs.js';
import { isPyNumber } from '../../serpent/value-kinds.js';
import type { ServedRequest } from './served-request.js';

/**
 * The results of a batch, kept until the last entry has run. Their bytes and their memory are counted as they come: a small request must
 * not make the daemon hold more than a reply may have, nor more than all running requests may take.
 */
export class BatchResults {
  readonly all: unknown[] = [];
  private bytes = 0;

  constructor(private readonly request: ServedRequest) {}

  /** @throws {PyroError} when the results together are larger than a reply may be, or take too much memory; the result is not kept then */
  add(result: unknown): void {
    const { request } = this;
    // nobody gets the results of a oneway batch
    if (request.oneway) return;
    const { memory, options } = request.services;
    const { maxMessageBytes, maxInFlightValueBytes } = options;
    const size = new ResultSize(request.serializer, maxMessageBytes - this.bytes, memory.leftBytes);
    size.count(result, options.maxDepth);
    if (size.bytes > size.mostBytes) throw this.tooMuch('maxMessageBytes', maxMessageBytes, 'ask for less in one batch');
    if (size.memory > size.mostMemory)
      throw this.tooMuch(
        'maxInFlightValueBytes',
        maxInFlightValueBytes,
        'with the running requests; try again later, or ask for less',
      );
    this.bytes += size.bytes;
    request.hold(size.memory);
    this.all.push(result);
  }

  /** Adds the error of the entry that ended the batch. */
  addError(error: unknown): void {
    this.all.push(error);
  }

  private tooMuch(limit: string, most: number, remedy: string): PyroError {
    const text = `the results of the batch are over ${limit} (${most}) from entry ${this.all.length + 1} on; ${remedy}`;
    return overLimit(limit, new PyroError(text));
  }
}

/** Memory of an object of a class, as a multiple of the bytes that it takes in a message. */
const INSTANCE_FACTOR = 2;

/** The size of one result. Counting ends once the result is over a limit. */
class ResultSize {
  /** The least number of bytes that the value takes in a message, in every serializer. */
  bytes = 0;
  /** An estimate of the memory that the value takes, in bytes. */
  memory = 0;

  constructor(
    private readonly serializer: Serializer,
    readonly mostBytes: number,
    readonly mostMemory: number,
  ) {}

  /** A value that is too deep counts as little: it cannot be sent anyway. */
  count(value: unknown, depth: number): void {
    if (typeof value === 'string') return this.add(value.length, COSTS.string + value.length);
    if (typeof value !== 'object' || value === null || depth === 0 || isPyNumber(value)) return this.add(1, 0);
    if (ArrayBuffer.isView(value)) {
      return this.add('length' in value ? (value as Uint8Array).length : value.byteLength, COSTS.bytes + value.byteLength);
    }
    if (Array.isArray(value)) {
      this.add(1, COSTS.emptyList + value.length * COSTS.slot);
      this.countAll(value as unknown[], depth);
    } else if (value instanceof Set) {
      this.add(1, COSTS.set + value.size * COSTS.setMember);
      this.countAll(value as Set<unknown>, depth);
    } else if (value instanceof Map) {
      this.add(1, COSTS.map + value.size * COSTS.mapEntry);
      for (const entry of value as Map<unknown, unknown>) if (!this.countAll(entry, depth)) return;
    } else if (isPlain(value)) {
      const names = Object.keys(value);
      this.add(1, dictCost(names.length));
      for (const name of names) this.add(name.length, 0);
      this.countAll(Object.values(value), depth);
    } else {
      const bytes = this.written(value);
      this.add(bytes, Math.max(INSTANCE_FACTOR * bytes, unsentBytes(value)));
    }
  }

  /** @returns false once the value is over a limit */
  private countAll(values: Iterable<unknown>, depth: number): boolean {
    for (const value of values) {
      if (this.isOver) return false;
      this.count(value, depth - 1);
    }
    return !this.isOver;
  }

  private get isOver(): boolean {
    return this.bytes > this.mostBytes || this.memory > this.mostMemory;
  }

  private add(bytes: number, memory: number): void {
    this.bytes += bytes;
    this.memory += memory;
  }

  /** The bytes of an object of a class, an array or an error. Only its writer knows which members travel. */
  private written(value: object): number {
    try {
      return this.serializer.dumps(value).length;
    } catch (error) {
      // every other failure is told when the results are written
      return limitOf(error) === 'maxMessageBytes' ? Infinity : 1;
    }
  }
}

/** The bytes of texts and buffers in an object of a class, whether they travel or not. Further objects in it may belong to the application. */
function unsentBytes(value: object): number {
  let bytes = 0;
  for (const member of Object.values(value) as unknown[]) {
    if (typeof member === 'string') bytes += member.length;
    else if (ArrayBuffer.isView(member)) bytes += member.byteLength;
  }
  return bytes;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
