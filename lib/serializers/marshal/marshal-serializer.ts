import type { ByteWriter } from '../../serpent/byte-writer.js';
import { FormatSerializer, type ReadValue } from '../values/format-serializer.js';
import { MarshalReader } from './marshal-reader.js';
import { MarshalSink } from './marshal-sink.js';
import { SERIALIZER_IDS } from '../contract/serializer.js';

/** Python's own object format. @see Pyro5/serializers.py, `MarshalSerializer` */
export class MarshalSerializer extends FormatSerializer {
  readonly id = SERIALIZER_IDS.marshal;
  readonly name = 'marshal';

  protected write(value: unknown, out: ByteWriter): void {
    this.writeInto(MarshalSink, value, out);
  }

  protected read(data: Buffer): ReadValue {
    const reader = new MarshalReader(data, this.options);
    return { value: reader.read(), sawClass: reader.sawClass };
  }
}
