import { PyroError, SerializeError } from '../protocol/errors.js';
import { dumps, parse, pyTuple } from '../serpent/index.js';
import { encodeObject, recreateClasses } from './class-dicts.js';
import { type ReadContext, type SerializedCall, type Serializer, SERIALIZER_IDS, type SerializerOptions } from './serializer.js';

/** Pyro5's default serializer: Python literals. */
export class SerpentSerializer implements Serializer {
  readonly id = SERIALIZER_IDS.serpent;
  readonly name = 'serpent';

  constructor(private readonly options: SerializerOptions) {}

  dumps(value: unknown): Buffer {
    const { maxDepth, maxIntDigits, serpentBytesRepr } = this.options;
    return guarded(() =>
      dumps(value, { maxDepth, maxIntDigits, bytesRepr: serpentBytesRepr, encodeObject: (object) => encodeObject(object, this.options) }),
    );
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
    const value = this.loads(data, context);
    if (Array.isArray(value) && value.length === 4) {
      const [objectId, method, args, kwargs] = value as unknown[];
      const named = kwargs instanceof Map ? Object.fromEntries(kwargs as Map<string, unknown>) : (kwargs ?? {});
      if (typeof objectId === 'string' && typeof method === 'string' && Array.isArray(args)) {
        return { objectId, method, args: [...(args as unknown[])], kwargs: named as Record<string, unknown> };
      }
    }
    throw new SerializeError('a call is (object id, method, args, kwargs)');
  }
}

function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof PyroError) throw error;
    throw new SerializeError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
