import { SerializeError } from '../protocol/errors.js';
import { dumps, parse, pyTuple, SerpentError } from '../serpent/index.js';
import { callOf, guarded } from './call-shape.js';
import { encodeObject, recreateClasses } from './class-dicts.js';
import { type ReadContext, type SerializedCall, type Serializer, SERIALIZER_IDS, type SerializerOptions } from './serializer.js';

/** Pyro5's default serializer: Python literals. @see Pyro5/serializers.py, `SerpentSerializer` */
export class SerpentSerializer implements Serializer {
  readonly id = SERIALIZER_IDS.serpent;
  readonly name = 'serpent';

  constructor(private readonly options: SerializerOptions) {}

  dumps(value: unknown): Buffer {
    const { maxDepth, maxIntDigits, maxBytes, serpentBytesRepr: bytesRepr } = this.options;
    const limits = { maxDepth, maxIntDigits, maxBytes };
    return guarded(() => {
      try {
        return dumps(value, { ...limits, bytesRepr, encodeObject: (object) => encodeObject(object, this.options) });
      } catch (error) {
        // serpent stands alone and does not know what our option is called
        if (!(error instanceof SerpentError) || error.code !== 'TOO_LARGE') throw error;
        throw new SerializeError(`value takes more than maxMessageBytes (${maxBytes}) to write`, { cause: error });
      }
    });
  }

  loads(data: Uint8Array, context: ReadContext = {}): unknown {
    const { maxDepth, maxIntDigits, values } = this.options;
    return guarded(() => {
      const { value, sawClass } = parse(data, { maxDepth, maxIntDigits, values });
      return sawClass && !context.plain ? recreateClasses(value, this.options, context) : value;
    });
  }

  dumpsCall({ objectId, method, args, kwargs }: SerializedCall): Buffer {
    return this.dumps(pyTuple(objectId, method, pyTuple(...args), kwargs));
  }

  loadsCall(data: Uint8Array, context?: ReadContext): SerializedCall {
    return callOf(this.loads(data, context));
  }
}
