import type { ByteWriter } from '../../serpent/byte-writer.js';
import { callOfMembers, type CallTarget, targetOfMembers } from '../contract/call-shape.js';
import { FormatSerializer, type ReadValue } from '../values/format-serializer.js';
import { JsonReader } from './json-reader.js';
import { JsonSink } from './json-sink.js';
import { type SerializedCall, SERIALIZER_IDS } from '../contract/serializer.js';

/** Json as Python writes it. @see Pyro5/serializers.py, `JsonSerializer` */
export class JsonSerializer extends FormatSerializer {
  readonly id = SERIALIZER_IDS.json;
  readonly name = 'json';

  protected override callValue({ objectId, method, args, kwargs }: SerializedCall): unknown {
    return { object: objectId, method, params: args, kwargs };
  }

  protected override callOf(value: unknown): SerializedCall {
    return callOfMembers(value);
  }

  protected override targetOf(value: unknown): CallTarget {
    return targetOfMembers(value);
  }

  protected write(value: unknown, out: ByteWriter): void {
    this.writeInto(JsonSink, value, out);
  }

  protected read(data: Buffer): ReadValue {
    const reader = new JsonReader(data, this.options);
    return { value: reader.read(), sawClass: reader.sawClass };
  }
}
