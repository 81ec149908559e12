import { runIsolated } from '../../calls/async-context.js';
import { SecurityError, SerializeError } from '../../protocol/errors.js';
import { limitOf, overLimit } from '../../protocol/over-limit.js';
import { safeText } from '../../protocol/texts/safe-text.js';
import { pyTuple, SerpentError } from '../../serpent/index.js';
import { ByteWriter } from '../../serpent/writing/byte-writer.js';
import { placeInLiteral } from '../../serpent/text/place.js';
import { bytesOf } from '../../serpent/writing/spare-memory.js';
import { tupleOf } from '../../serpent/values/values.js';
import { callOf, type CallTarget, targetOf } from '../contract/call-shape.js';
import { ApplicationFailure, ConversionError, UnreadableError } from '../contract/unreadable-error.js';
import { ValueBudget } from '../contract/value-budget.js';
import { recreateClasses } from '../objects/class-dicts.js';
import { ObjectEncoder } from '../objects/object-encoder.js';
import type { ReadContext, SerializedCall, Serializer, SerializerName, SerializerOptions } from '../contract/serializer.js';
import { withDates } from './date-text.js';
import { placeInCall } from './call-place.js';
import { inArgument } from './unwritable-argument.js';
import type { ValueSink } from './value-sink.js';
import { ValueWriter } from './value-writer.js';

/** A value that was read. */
export interface ReadValue {
  value: unknown;
  /** True when a dict has a `__class__` key. */
  sawClass: boolean;
  /** True when a dict has a key of the dicts of arrays. */
  sawArray?: boolean;
  /** True when the value has the same container in several places, which only marshal can say. */
  hasShared?: boolean;
}

/** The common part of the serializers: class dicts, the shape of a call, and errors. */
export abstract class FormatSerializer implements Serializer {
  abstract readonly id: number;
  abstract readonly name: SerializerName;
  private readonly objects: ObjectEncoder;

  constructor(protected readonly options: SerializerOptions) {
    this.objects = new ObjectEncoder(
      options,
      (value) => this.write(value, new ByteWriter()),
      () => this.name,
    );
  }

  dumps(value: unknown): Buffer {
    return bytesOf((out) => this.dumpsInto(value, out));
  }

  dumpsInto(value: unknown, out: ByteWriter): void {
    try {
      this.write(value, out);
    } catch (error) {
      throw serializeError(error);
    }
  }

  loads(data: Uint8Array, context: ReadContext = {}): unknown {
    const budget = this.budgetOf(context);
    const value = this.recreated(this.readValue(bufferOf(data), budget), context, budget);
    return this.options.dates === 'Date' && !context.plain ? withDates(value, budget) : value;
  }

  dumpsCall(call: SerializedCall): Buffer {
    const out = new ByteWriter();
    this.dumpsCallInto(call, out);
    return out.written();
  }

  dumpsCallInto(call: SerializedCall, out: ByteWriter): void {
    try {
      this.dumpsInto(this.callValue(call), out);
    } catch (error) {
      throw error instanceof SerializeError ? inArgument(error, call, this) : error;
    }
  }

  /** The value that stands for a call. */
  protected callValue({ objectId, method, args, kwargs }: SerializedCall): unknown {
    return pyTuple(objectId, method, tupleOf(args), kwargs);
  }

  loadsCall(data: Uint8Array, context: ReadContext = {}, start = 0): SerializedCall {
    const budget = this.budgetOf(context);
    const bytes = bufferOf(data);
    let read: ReadValue;
    try {
      read = this.readCall(bytes, start, budget);
    } catch (error) {
      throw this.inCall(this.readError(error, bytes.subarray(start), budget), context);
    }
    try {
      const call = this.callOf(this.recreated(read, context, budget));
      if (this.options.dates === 'Date') {
        withDates(call.args, budget);
        withDates(call.kwargs, budget);
      }
      return call;
    } catch (error) {
      const target = this.targetOf(read.value);
      context.onUnread?.(target);
      throw error instanceof UnreadableError && error.steps.length > 0 ? withPlace(error, target.method) : error;
    }
  }

  protected abstract write(value: unknown, out: ByteWriter): void;
  /** @param budget what the value may cost */
  protected abstract read(data: Buffer, budget: ValueBudget): ReadValue;

  /** Reads the call that begins at `start`. */
  protected readCall(data: Buffer, start: number, budget: ValueBudget): ReadValue {
    return this.read(start === 0 ? data : data.subarray(start), budget);
  }

  /** The call that was read. @throws {UnreadableError} when the value has another shape */
  protected callOf(value: unknown): SerializedCall {
    return callOf(value);
  }

  /** Object id and method of a call, as far as they can be told. */
  protected targetOf(value: unknown): CallTarget {
    return targetOf(value);
  }

  /** Object id and method of a call that failed inside. @param before see {@link UnreadableError} */
  protected targetBefore(before: readonly unknown[]): CallTarget {
    return targetOf(before);
  }

  private budgetOf(context: ReadContext): ValueBudget {
    const budget = context.budget ?? new ValueBudget(this.options.maxValueBytes, this.options.maxCheckedObjects);
    if (context.wireBytes !== undefined) budget.wireBytes = context.wireBytes;
    return budget;
  }

  private recreated(
    { value, sawClass, sawArray, hasShared = false }: ReadValue,
    context: ReadContext,
    budget: ValueBudget,
  ): unknown {
    if (!(sawClass || sawArray) || context.plain) return value;
    // a converter is code of the application: a store that it enters must not hold for later messages
    return runIsolated(() => withConversionErrors(() => recreateClasses(value, hasShared, this.options, context, budget)));
  }

  private readValue(data: Buffer, budget: ValueBudget): ReadValue {
    try {
      return this.read(data, budget);
    } catch (error) {
      throw this.readError(error, data, budget);
    }
  }

  private readError(error: unknown, data: Buffer, budget: ValueBudget): unknown {
    return error instanceof SerpentError ? unreadableLiteral(error, this.name, data, budget) : error;
  }

  /** The error of a call that cannot be read: it names the argument instead of the byte. */
  private inCall(error: unknown, context: ReadContext): unknown {
    if (!(error instanceof UnreadableError)) return error;
    const target = this.targetBefore(error.before);
    context.onUnread?.(target);
    return withPlace(error, target.method);
  }

  protected readonly encodeObject = (value: object): unknown => this.objects.encode(value);

  protected writeInto(Sink: new (out: ByteWriter) => ValueSink, value: unknown, out: ByteWriter): void {
    const { maxDepth, maxIntDigits, maxBytes } = this.options;
    out.limit(maxBytes, this.failTooLarge);
    new ValueWriter(this.name, new Sink(out), { maxDepth, maxIntDigits, encodeObject: this.encodeObject }).dump(value);
    out.checkLimit();
  }

  private readonly failTooLarge = (): never => {
    throw this.tooLarge();
  };

  protected tooLarge(cause?: SerpentError): SerializeError {
    const text = `the value takes more than maxMessageBytes (${this.options.maxBytes}) to write`;
    return overLimit('maxMessageBytes', new SerializeError(text, cause && { cause }));
  }
}

/**
 * Runs `work`, which may call code of users.
 *
 * @throws {SerializeError} for everything that `work` throws, see {@link serializeError}
 */
export function withSerializeErrors<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw serializeError(error);
  }
}

/**
 * The error of a value that cannot be written. Writing may call code of users: converters, `toJSON`, getters.
 *
 * @returns a SerializeError with the thrown value as cause; a SecurityError as it is
 */
function serializeError(error: unknown): unknown {
  if (error instanceof SerializeError || error instanceof SecurityError) return error;
  return new SerializeError(safeText(error), { cause: error });
}

/**
 * Runs `work`, which reads a value and may call code of users: converters.
 *
 * @throws {ConversionError} for everything that `work` throws, except the errors of this package's readers
 */
function withConversionErrors<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof SerializeError || error instanceof SecurityError) throw error;
    throw error instanceof ApplicationFailure ? new ConversionError(error.thrown, true) : new ConversionError(error);
  }
}

/** Translates an error of the room `serpent/`, which reads the literals of serpent and json and has its own errors. */
function unreadableLiteral(error: SerpentError, format: string, data: Buffer, budget: ValueBudget): UnreadableError {
  const { offset, code } = error;
  const isTooCostly = code === 'TOO_COSTLY';
  // the room serpent knows no options
  const message = isTooCostly ? `${budget.reason} at byte ${offset}` : error.message;
  const { steps, before } = offset === undefined ? NOWHERE : placeInLiteral(data, offset);
  const unreadable = new UnreadableError(`bad ${format} data: ${message}`, {
    reason: message.replace(/(?:[;,] found)? at byte \d+$/, ''),
    raisedAs: code === 'UNHASHABLE' ? 'builtins.TypeError' : isTooCostly ? budget.raisedAs : 'builtins.ValueError',
    steps,
    cause: error,
  });
  unreadable.before = before;
  return isTooCostly ? overLimit(budget.limit, unreadable) : unreadable;
}

const NOWHERE = { steps: [], before: [] };

function withPlace(error: UnreadableError, method: string | undefined): UnreadableError {
  const { reason, raisedAs, steps, cause } = error;
  const placed = new UnreadableError(`${placeInCall(method, steps)} cannot be read: ${reason}`, { raisedAs, cause });
  const limit = limitOf(error);
  return limit === undefined ? placed : overLimit(limit, placed);
}

function bufferOf(data: Uint8Array): Buffer {
  return Buffer.isBuffer(data) ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}
