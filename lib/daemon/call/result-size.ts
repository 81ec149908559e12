import { limitOf } from '../../protocol/over-limit.js';
import type { Serializer } from '../../serializers/contract/serializer.js';
import { COSTS, dictCost, isSmallInt, isWide } from '../../serpent/costs/value-costs.js';
import { isPyNumber } from '../../serpent/values/value-kinds.js';

/** Memory of an object of a class, as a multiple of the bytes that it takes in a message. */
const INSTANCE_FACTOR = 2;

/** Parts of values that several results of a batch share. Their memory is counted once. */
export class SharedParts {
  /** Names of members of plain objects. */
  readonly names = new Set<string>();
  readonly buffers = new Set<ArrayBufferLike>();
  private leastTooLong: bigint | undefined;

  constructor(private readonly maxIntDigits: number) {}

  /** True for an int that cannot be written. */
  isTooLong(int: bigint): boolean {
    const limit = (this.leastTooLong ??= 10n ** BigInt(this.maxIntDigits));
    return int >= limit || int <= -limit;
  }
}

/** Limits of a result. */
export interface ResultLimits {
  mostBytes: number;
  mostMemory: number;
  /** Nested containers. */
  maxDepth: number;
}

/** The size of one result of a batch. Counting ends once the result is over a limit, or cannot be written. */
export class ResultSize {
  /** The least number of bytes that the value takes in a message, in every serializer. */
  bytes = 0;
  /** An estimate of the memory that the value takes, in bytes. */
  memory = COSTS.slot as number;
  /** True when the value has a part that its serializer will hardly write. The rest is not counted then. */
  isUnwritable = false;

  constructor(
    private readonly serializer: Serializer,
    private readonly shared: SharedParts,
    private readonly limits: ResultLimits,
  ) {}

  get isOverBytes(): boolean {
    return this.bytes > this.limits.mostBytes;
  }

  get isOverMemory(): boolean {
    return this.memory > this.limits.mostMemory;
  }

  count(value: unknown): void {
    this.part(value, this.limits.maxDepth);
  }

  /** Counts a value as one of a class: by the bytes that it takes in a message. */
  countWritten(value: unknown, bytes: number): void {
    this.add(bytes, Math.max(INSTANCE_FACTOR * bytes, typeof value === 'object' ? unsentBytes(value!) : 0));
  }

  /** @param depth containers that may be inside of each other from here on */
  private part(value: unknown, depth: number): void {
    switch (typeof value) {
      case 'string':
        return this.text(value);
      case 'number':
        return this.add(1, isSmallInt(value) ? 0 : COSTS.number);
      case 'bigint':
        return this.bigint(value);
      case 'object':
        if (value === null) return this.add(1, 0);
        // a complex number has two floats
        if (isPyNumber(value)) return this.add(2, COSTS.complex);
        if (ArrayBuffer.isView(value)) return this.view(value);
        return this.container(value, depth);
      case 'function':
        return this.instance(value);
      case 'symbol':
        this.isUnwritable = true;
        return;
      default:
        return this.add(1, 0);
    }
  }

  private text(value: string): void {
    const { length } = value;
    this.add(length, COSTS.string + length);
    if (!this.isDone && isWide(value)) this.add(0, length);
  }

  private bigint(value: bigint): void {
    if (this.shared.isTooLong(value)) {
      this.isUnwritable = true;
      return;
    }
    const bytes = value.toString(16).length >> 1;
    this.add(1 + bytes, COSTS.bigint + bytes);
  }

  /** A small view may hold a large buffer, and many views one buffer. */
  private view(view: ArrayBufferView): void {
    const { buffer } = view;
    this.add('length' in view ? (view as Uint8Array).length : view.byteLength, COSTS.bytes);
    if (this.shared.buffers.has(buffer)) return;
    this.shared.buffers.add(buffer);
    this.add(0, buffer.byteLength);
  }

  private container(value: object, depth: number): void {
    if (depth === 0) {
      this.isUnwritable = true;
    } else if (Array.isArray(value)) {
      this.add(1, COSTS.emptyList + value.length * COSTS.slot);
      this.items(value as unknown[], depth);
    } else if (value instanceof Set) {
      this.add(1, COSTS.set + value.size * COSTS.setMember);
      this.parts(value as Set<unknown>, depth);
    } else if (value instanceof Map) {
      this.add(1, COSTS.map + value.size * COSTS.mapEntry);
      for (const entry of value as Map<unknown, unknown>) if (!this.parts(entry, depth)) return;
    } else if (isPlain(value)) {
      const names = Object.keys(value);
      this.add(1, dictCost(names.length));
      for (const name of names) this.name(name);
      this.parts(Object.values(value), depth);
    } else {
      this.instance(value);
    }
  }

  /** The room of a number in a list of numbers is counted as that of the list. */
  private items(items: readonly unknown[], depth: number): void {
    let numbers = 0;
    let hasOthers = false;
    for (const item of items) {
      if (this.isDone) return;
      if (typeof item === 'number') {
        this.bytes++;
        if (!isSmallInt(item)) numbers++;
      } else {
        hasOthers = true;
        this.part(item, depth - 1);
      }
    }
    if (hasOthers) this.add(0, numbers * COSTS.number);
  }

  /** @returns false once counting has ended */
  private parts(values: Iterable<unknown>, depth: number): boolean {
    for (const value of values) {
      if (this.isDone) return false;
      this.part(value, depth - 1);
    }
    return !this.isDone;
  }

  private name(name: string): void {
    this.add(name.length, 0);
    if (this.shared.names.has(name)) return;
    this.shared.names.add(name);
    this.add(0, COSTS.newMember + name.length);
  }

  /** An object of a class, an error or a function. Only its writer knows which members travel. */
  private instance(value: unknown): void {
    try {
      this.countWritten(value, this.serializer.dumps(value).length);
    } catch (error) {
      if (limitOf(error) === 'maxMessageBytes') this.bytes = Infinity;
      else this.isUnwritable = true;
    }
  }

  private get isDone(): boolean {
    return this.isUnwritable || this.isOverBytes || this.isOverMemory;
  }

  private add(bytes: number, memory: number): void {
    this.bytes += bytes;
    this.memory += memory;
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
