import { SerializeError } from '../protocol/errors.js';
import type { ByteWriter } from '../serpent/writing/byte-writer.js';
import { SerpentError } from '../serpent/index.js';
import { checkLimits } from '../serpent/values/value-limits.js';
import { LiteralReader } from '../serpent/reading/reader.js';
import { LiteralWriter } from '../serpent/writing/writer.js';
import { FormatSerializer, type ReadValue } from './values/format-serializer.js';
import { SERIALIZER_IDS } from '../protocol/constants.js';
import type { SerializerOptions } from './contract/serializer.js';
import type { ValueBudget } from './contract/value-budget.js';

/** A call begins with the names of its object and its method. */
const NAMES_IN_CALL = 2;

/** Pyro5's default serializer: Python literals. @see Pyro5/serializers.py, `SerpentSerializer` */
export class SerpentSerializer extends FormatSerializer {
  readonly id = SERIALIZER_IDS.serpent;
  readonly name = 'serpent';

  private readonly reader: LiteralReader;
  private readonly writer: LiteralWriter;

  constructor(options: SerializerOptions) {
    super(options);
    const { maxDepth, maxIntDigits, maxBytes, values, serpentBytesRepr: bytesRepr } = options;
    // the limit of a read is the limit of the message
    this.reader = new LiteralReader(checkLimits({ maxDepth, maxIntDigits }), values === 'faithful');
    this.writer = new LiteralWriter({ maxDepth, maxIntDigits, maxBytes, bytesRepr, encodeObject: this.encodeObject });
  }

  protected write(value: unknown, out: ByteWriter): void {
    try {
      this.writer.write(value, out);
    } catch (error) {
      if (!(error instanceof SerpentError)) throw error;
      // the room serpent does not know that the option is called maxMessageBytes
      if (error.code === 'TOO_LARGE') throw this.tooLarge(error);
      throw new SerializeError(`${error.message} (in serpent)`, { cause: error });
    }
  }

  protected read(data: Buffer, budget: ValueBudget): ReadValue {
    return this.reader.read(data, 0, budget, 0);
  }

  protected override readCall(data: Buffer, start: number, budget: ValueBudget): ReadValue {
    return this.reader.read(data, start, budget, NAMES_IN_CALL);
  }
}
