import { pyTuple } from '../serpent/index.js';
import { recreateClasses } from './class-dicts.js';
import { MarshalReader } from './marshal-reader.js';
import { MarshalSink } from './marshal-sink.js';
import { callOf, guarded } from './call-shape.js';
import { type ReadContext, type SerializedCall, type Serializer, SERIALIZER_IDS, type SerializerOptions } from './serializer.js';
import { ValueWriter } from './value-writer.js';

/** Python's own object format. @see Pyro5/serializers.py, `MarshalSerializer` */
export class MarshalSerializer implements Serializer {
  readonly id = SERIALIZER_IDS.marshal;
  readonly name = 'marshal';

  constructor(private readonly options: SerializerOptions) {}

  dumps(value: unknown): Buffer {
    return guarded(() => {
      const sink = new MarshalSink(this.options.maxBytes);
      new ValueWriter(this.name, sink, this.options).write(value);
      return sink.finish();
    });
  }

  loads(data: Uint8Array, context: ReadContext = {}): unknown {
    return guarded(() => {
      const reader = new MarshalReader(Buffer.from(data.buffer, data.byteOffset, data.byteLength), this.options);
      const value = reader.read();
      return reader.sawClass && !context.plain ? recreateClasses(value, this.options, context) : value;
    });
  }

  dumpsCall({ objectId, method, args, kwargs }: SerializedCall): Buffer {
    return this.dumps(pyTuple(objectId, method, pyTuple(...args), kwargs));
  }

  loadsCall(data: Uint8Array, context?: ReadContext): SerializedCall {
    return callOf(this.loads(data, context));
  }
}
