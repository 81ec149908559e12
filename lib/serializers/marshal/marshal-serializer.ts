import type { ByteWriter } from '../../serpent/writing/byte-writer.js';
import { KnownMembers } from '../reading/known-members.js';
import { FormatSerializer, type ReadValue } from '../values/format-serializer.js';
import type { ValueBudget } from '../contract/value-budget.js';
import { MarshalReader } from './marshal-reader.js';
import { MarshalSink } from './marshal-sink.js';
import { SERIALIZER_IDS } from '../../protocol/constants.js';

/** Python's own object format. @see Pyro5/serializers.py, `MarshalSerializer` */
export class MarshalSerializer extends FormatSerializer {
  readonly id = SERIALIZER_IDS.marshal;
  readonly name = 'marshal';
  protected readonly Reader: typeof MarshalReader = MarshalReader;
  private readonly shapes = new KnownMembers();

  protected write(value: unknown, out: ByteWriter): void {
    this.writeInto(MarshalSink, value, out);
  }

  protected read(data: Buffer, budget: ValueBudget): ReadValue {
    const reader = new this.Reader(data, this.options, budget, this.shapes);
    return { value: reader.read(), sawClass: reader.sawClass, sawArray: reader.sawArray, hasShared: reader.hasShared };
  }
}
