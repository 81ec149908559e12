import { recogniseInstances } from '../../copies/process-wide.js';
import { BLOB_ANNOTATION } from '../../protocol/constants.js';
import { SerializeError } from '../../protocol/errors.js';
import type { Annotations } from '../../protocol/messages/annotations.js';
import { refuseUnreadable, UnreadableError } from './unreadable-error.js';
import type { ReadContext, SerializedCall, Serializer } from './serializer.js';

/** The data of a received blob. */
export interface ReceivedBlob {
  readonly data: Buffer;
  readonly serializer: Serializer;
  readonly context: ReadContext;
  /** The info in faithful mode: it is written as the same Python value. */
  faithfulInfo(): unknown;
}

/** Reads the annotation of a blob. */
export interface BlobInfoReaders {
  readonly marshal: Serializer;
  /** Marshal that keeps the types of Python apart. */
  readonly faithfulMarshal: Serializer;
}

/**
 * Arguments of a call that stay serialized until {@link deserialized} is called. They can be forwarded without the cost of reading.
 *
 * @see Pyro5/client.py, `SerializedBlob`
 */
export class SerializedBlob {
  static {
    recogniseInstances(this, 'SerializedBlob');
  }

  /** @internal undefined for a blob that was made here */
  readonly received: ReceivedBlob | undefined;

  /**
   * Makes a blob to send.
   *
   * @param data the arguments of the call
   * @throws {SerializeError} when `data` is no array
   */
  constructor(info: unknown, data: readonly unknown[]);
  /** @internal a blob that was received */
  constructor(info: unknown, data: readonly unknown[], received: ReceivedBlob);
  constructor(
    /** The sender's description of the data. */
    readonly info: unknown,
    private readonly data: readonly unknown[],
    received?: ReceivedBlob,
  ) {
    if (!Array.isArray(data)) throw new SerializeError('the data of a SerializedBlob is an array: the arguments of the call');
    this.received = received;
  }

  /** A blob to send. The same as the constructor. */
  static of(info: unknown, values: unknown[]): SerializedBlob {
    return new SerializedBlob(info, values);
  }

  /** @internal the info as it is sent. The info of a forwarded blob is unchanged, even if {@link info} has plain values. */
  get infoToSend(): unknown {
    return this.received ? this.received.faithfulInfo() : this.info;
  }

  /** The arguments inside. @throws {SerializeError} when the data cannot be read */
  deserialized(): unknown[] {
    if (this.received === undefined) return [...this.data];
    const { data, serializer, context } = this.received;
    try {
      const { args } = context.readCall ? context.readCall(data, serializer) : serializer.loadsCall(data, context);
      return args;
    } catch (error) {
      // the sender made the mistake, and not the method that opens the blob
      refuseUnreadable(error);
      throw error;
    }
  }
}

/**
 * Reads a message whose data stays serialized. The called method gets one blob.
 *
 * @param readers read the annotation; the data may be in another serializer
 * @throws {UnreadableError} when the annotation is missing or has another shape
 */
export function readBlobCall(
  data: Buffer,
  annotations: Annotations,
  serializer: Serializer,
  { marshal, faithfulMarshal }: BlobInfoReaders,
  context: ReadContext,
): SerializedCall {
  const annotation = annotations.get(BLOB_ANNOTATION);
  const parts = annotation && marshal.loads(annotation, { plain: true, budget: context.budget });
  if (Array.isArray(parts) && parts.length === 3) {
    const [info, objectId, method] = parts as unknown[];
    if (typeof objectId === 'string' && typeof method === 'string') {
      const faithfulInfo = (): unknown => (faithfulMarshal.loads(annotation!, { plain: true }) as unknown[])[0];
      const blob = new SerializedBlob(info, [], { data, serializer, context, faithfulInfo });
      return { objectId, method, args: [blob], kwargs: {} };
    }
  }
  throw new UnreadableError(
    `a message that stays serialized needs annotation ${BLOB_ANNOTATION}: marshal of (info, object id, method)`,
  );
}
