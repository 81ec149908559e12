import type { ByteWriter } from '../../serpent/writing/byte-writer.js';
import { KnownMembers } from '../reading/known-members.js';
import { FormatSerializer, type ReadValue } from '../values/format-serializer.js';
import type { ValueBudget } from '../contract/value-budget.js';
import { MsgpackReader } from './msgpack-reader.js';
import { MsgpackSink } from './msgpack-sink.js';
import { SERIALIZER_IDS } from '../../protocol/constants.js';

/** Msgpack with Pyro5's extension types. @see Pyro5/serializers.py, `MsgpackSerializer` */
export class MsgpackSerializer extends FormatSerializer {
  readonly id = SERIALIZER_IDS.msgpack;
  readonly name = 'msgpack';
  private readonly shapes = new KnownMembers();

  protected write(value: unknown, out: ByteWriter): void {
    this.writeInto(MsgpackSink, value, out);
  }

  protected read(data: Buffer, budget: ValueBudget): ReadValue {
    const reader = new MsgpackReader(data, this.options, budget, this.shapes);
    return { value: reader.read(), sawClass: reader.sawClass, sawArray: reader.sawArray };
  }
}
