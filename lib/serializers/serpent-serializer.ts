import { dumps, parse } from '../serpent/index.js';
import { FormatSerializer, type ReadValue } from './format-serializer.js';
import { SERIALIZER_IDS } from './serializer.js';

/** Pyro5's default serializer: Python literals. @see Pyro5/serializers.py, `SerpentSerializer` */
export class SerpentSerializer extends FormatSerializer {
  readonly id = SERIALIZER_IDS.serpent;
  readonly name = 'serpent';

  protected write(value: unknown): Buffer {
    const { maxDepth, maxIntDigits, maxBytes, serpentBytesRepr } = this.options;
    return dumps(value, { maxDepth, maxIntDigits, maxBytes, bytesRepr: serpentBytesRepr, encodeObject: this.encodeObject });
  }

  protected read(data: Buffer): ReadValue {
    const { maxDepth, maxIntDigits, values } = this.options;
    return parse(data, { maxDepth, maxIntDigits, values });
  }
}
