import { SerializeError } from '../protocol/errors.js';
import type { ByteWriter } from '../serpent/byte-writer.js';
import { parse, SerpentError } from '../serpent/index.js';
import { dumpsInto } from '../serpent/writer.js';
import { FormatSerializer, type ReadValue } from './values/format-serializer.js';
import { SERIALIZER_IDS } from './contract/serializer.js';

/** Pyro5's default serializer: Python literals. @see Pyro5/serializers.py, `SerpentSerializer` */
export class SerpentSerializer extends FormatSerializer {
  readonly id = SERIALIZER_IDS.serpent;
  readonly name = 'serpent';

  protected write(value: unknown, out: ByteWriter): void {
    const { maxDepth, maxIntDigits, maxBytes, serpentBytesRepr: bytesRepr } = this.options;
    try {
      dumpsInto(value, out, { maxDepth, maxIntDigits, maxBytes, bytesRepr, encodeObject: this.encodeObject });
    } catch (error) {
      if (!(error instanceof SerpentError)) throw error;
      // serpent stands alone and does not know that the option is called maxMessageBytes
      if (error.code === 'TOO_LARGE') throw this.tooLarge(error);
      throw new SerializeError(`${error.message} (in serpent)`, { cause: error });
    }
  }

  protected read(data: Buffer): ReadValue {
    const { maxDepth, maxIntDigits, values } = this.options;
    return parse(data, { maxDepth, maxIntDigits, values });
  }
}
