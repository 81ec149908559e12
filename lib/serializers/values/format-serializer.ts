import { SecurityError, SerializeError } from '../../protocol/errors.js';
import { safeText } from '../../protocol/safe-text.js';
import { pyTuple, PyTuple, SerpentError } from '../../serpent/index.js';
import { ByteWriter } from '../../serpent/byte-writer.js';
import { callOf } from '../contract/call-shape.js';
import { recreateClasses } from '../objects/class-dicts.js';
import { ObjectEncoder } from '../objects/object-encoder.js';
import type { ReadContext, SerializedCall, Serializer, SerializerName, SerializerOptions } from '../contract/serializer.js';
import { type ValueSink, ValueWriter } from './value-writer.js';

/** A value that was read. */
export interface ReadValue {
  value: unknown;
  /** True when a dict has a `__class__` key. */
  sawClass: boolean;
}

/** The common part of the serializers: class dicts, the shape of a call, and errors. */
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

  protected writeInto(Sink: new (out: ByteWriter) => ValueSink, value: unknown): Buffer {
    const { maxDepth, maxIntDigits, maxBytes } = this.options;
    const out = new ByteWriter(maxBytes, () => {
      throw this.tooLarge();
    });
    new ValueWriter(this.name, new Sink(out), { maxDepth, maxIntDigits, encodeObject: this.encodeObject }).dump(value);
    return out.finish();
  }

  protected tooLarge(cause?: SerpentError): SerializeError {
    return new SerializeError(
      `the value takes more than maxMessageBytes (${this.options.maxBytes}) to write`,
      cause && { cause },
    );
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
