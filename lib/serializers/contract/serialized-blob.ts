import { BLOB_ANNOTATION } from '../../protocol/constants.js';
import type { Annotations } from '../../protocol/annotations.js';
import { UnreadableError } from './unreadable-error.js';
import type { ReadContext, SerializedCall, Serializer } from './serializer.js';

/**
 * Arguments of a call that stay serialized until somebody asks, so that they can be passed on without the cost of reading.
 *
 * @see Pyro5/client.py, `SerializedBlob`
 */
export class SerializedBlob {
  /** @internal use {@link SerializedBlob.of} */
  constructor(
    /** What the sender says about the data. */
    readonly info: unknown,
    /** @internal the data as it came, and the serializer it is in; undefined for a blob made here of values. */
    readonly received: { data: Buffer; serializer: Serializer; context: ReadContext } | undefined,
    private readonly values: unknown[] = [],
  ) {}

  /** A blob to send. */
  static of(info: unknown, values: unknown[]): SerializedBlob {
    return new SerializedBlob(info, undefined, values);
  }

  /** The arguments inside. @throws {SerializeError} when the data cannot be read */
  deserialized(): unknown[] {
    if (this.received === undefined) return this.values;
    const { data, serializer, context } = this.received;
    return serializer.loadsCall(data, context).args;
  }
}

/**
 * Reads a message whose data stays serialized: the called method gets one blob.
 *
 * @param marshal reads the annotation, whatever the data is in
 * @throws {UnreadableError} when the annotation is missing or has another shape
 */
export function readBlobCall(
  data: Buffer,
  annotations: Annotations,
  serializer: Serializer,
  marshal: Serializer,
  context: ReadContext,
): SerializedCall {
  const annotation = annotations.get(BLOB_ANNOTATION);
  const parts = annotation && marshal.loads(annotation, { plain: true });
  if (Array.isArray(parts) && parts.length === 3) {
    const [info, objectId, method] = parts as unknown[];
    if (typeof objectId === 'string' && typeof method === 'string') {
      const blob = new SerializedBlob(info, { data, serializer, context });
      return { objectId, method, args: [blob], kwargs: {} };
    }
  }
  throw new UnreadableError(
    `a message that stays serialized needs annotation ${BLOB_ANNOTATION}: marshal of (info, object id, method)`,
  );
}
