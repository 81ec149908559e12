import type { ByteWriter } from '../../serpent/writing/byte-writer.js';
import type { ValueBudget } from '../contract/value-budget.js';
import { callOfMembers, type CallTarget, targetOfMembers, targetOfSources } from '../contract/call-shape.js';
import { KnownMembers } from '../reading/known-members.js';
import { FormatSerializer, type ReadValue } from '../values/format-serializer.js';
import { JsonReader } from './json-reader.js';
import { JsonSink } from './json-sink.js';
import { SERIALIZER_IDS } from '../../protocol/constants.js';
import type { SerializedCall } from '../contract/serializer.js';

/** Json as Python writes it. @see Pyro5/serializers.py, `JsonSerializer` */
export class JsonSerializer extends FormatSerializer {
  readonly id = SERIALIZER_IDS.json;
  readonly name = 'json';
  private readonly shapes = new KnownMembers();

  protected override callValue({ objectId, method, args, kwargs }: SerializedCall): unknown {
    return { object: objectId, method, params: args, kwargs };
  }

  protected override callOf(value: unknown): SerializedCall {
    return callOfMembers(value);
  }

  protected override targetOf(value: unknown): CallTarget {
    return targetOfMembers(value);
  }

  protected override targetBefore(before: readonly unknown[]): CallTarget {
    return targetOfSources(before);
  }

  protected write(value: unknown, out: ByteWriter): void {
    this.writeInto(JsonSink, value, out);
  }

  protected read(data: Buffer, budget: ValueBudget): ReadValue {
    const reader = new JsonReader(data, this.options, budget, this.shapes);
    return { value: reader.read(), sawClass: reader.sawClass, sawArray: reader.sawArray };
  }
}
