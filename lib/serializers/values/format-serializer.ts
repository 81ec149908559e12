import { SecurityError, SerializeError } from '../../protocol/errors.js';
import { safeText } from '../../protocol/safe-text.js';
import { pyTuple, PyTuple, SerpentError } from '../../serpent/index.js';
import { callOf } from '../contract/call-shape.js';
import { recreateClasses } from '../objects/class-dicts.js';
import { ObjectEncoder } from '../objects/object-encoder.js';
import type { ReadContext, SerializedCall, Serializer, SerializerName, SerializerOptions } from '../contract/serializer.js';
import { type ValueSink, ValueWriter } from './value-writer.js';

/** What a reader gives. */
export interface ReadValue {
  value: unknown;
  /** Whether any dict has a `__class__` key. */
  sawClass: boolean;
}

/** What the serializers share: class dicts, the shape of a call, and that nothing but our own errors leaves. */
export abstract class FormatSerializer implements Serializer {
  abstract readonly id: number;
  abstract readonly name: SerializerName;
  private readonly objects: ObjectEncoder;

  constructor(protected readonly options: SerializerOptions) {
    this.objects = new ObjectEncoder(options, (value) => this.write(value));
  }

  dumps(value: unknown): Buffer {
    return withSerializeErrors(() => this.write(value));
  }

  loads(data: Uint8Array, context: ReadContext = {}): unknown {
    return withSerializeErrors(() => this.readAll(data, context));
  }

  dumpsCall({ objectId, method, args, kwargs }: SerializedCall): Buffer {
    return this.dumps(pyTuple(objectId, method, PyTuple.from(args), kwargs));
  }

  loadsCall(data: Uint8Array, context: ReadContext = {}): SerializedCall {
    return withSerializeErrors(() => callOf(this.readAll(data, context)));
  }

  protected abstract write(value: unknown): Buffer;
  protected abstract read(data: Buffer): ReadValue;

  protected readAll(data: Uint8Array, context: ReadContext): unknown {
    const { value, sawClass } = this.readValue(Buffer.from(data.buffer, data.byteOffset, data.byteLength));
    return sawClass && !context.plain ? recreateClasses(value, this.options, context) : value;
  }

  private readValue(data: Buffer): ReadValue {
    try {
      return this.read(data);
    } catch (error) {
      if (!(error instanceof SerpentError)) throw error;
      throw new SerializeError(`bad ${this.name} data: ${error.message}`, { cause: error });
    }
  }

  protected readonly encodeObject = (value: object): unknown => this.objects.encode(value);

  protected writeInto(sink: ValueSink, value: unknown): void {
    const { maxDepth, maxIntDigits } = this.options;
    new ValueWriter(this.name, sink, { maxDepth, maxIntDigits, encodeObject: this.encodeObject }).dump(value);
  }
}

/**
 * Runs `work`, which may call code of users: converters, `toJSON`, getters.
 *
 * @throws {SerializeError} for everything that `work` throws, with the thrown value as cause; a SecurityError is thrown as it is
 */
export function withSerializeErrors<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof SerializeError || error instanceof SecurityError) throw error;
    throw new SerializeError(safeText(error), { cause: error });
  }
}
