import { type CorrelationIdSource, isSameId } from '../../calls/correlation-id.js';
import type { Annotations } from '../../protocol/messages/annotations.js';
import { CORRELATION_ID_BYTES, FLAGS, MESSAGE_TYPES } from '../../protocol/constants.js';
import type { ReplyAddress } from '../../protocol/messages/message.js';
import type { SerializedCall, Serializer } from '../../serializers/contract/serializer.js';
import type { FrameConnection } from '../../transport/frame-connection.js';
import type { AutoproxyLeases } from './autoproxy-leases.js';
import type { ProxySerializers } from './proxy-serializers.js';

/** A request to a daemon. */
export abstract class OutgoingRequest implements ReplyAddress {
  /** Set by the connection. */
  seq = 0;
  readonly serializerId: number;
  readonly idBlock: Buffer;
  readonly idAt: number;

  /** @param serializer the serializer of the request and of its reply */
  constructor(
    readonly serializer: Serializer,
    protected readonly flags: number,
    correlationIds: CorrelationIdSource,
  ) {
    this.serializerId = serializer.id;
    this.idAt = correlationIds.take();
    this.idBlock = correlationIds.block;
  }

  get isOneway(): boolean {
    return (this.flags & FLAGS.oneway) !== 0;
  }

  /** The 16 bytes of the correlation id. */
  get correlationId(): Buffer {
    const { idBlock, idAt } = this;
    return idBlock.subarray(idAt, idAt + CORRELATION_ID_BYTES);
  }

  /** True when the 16 bytes from `at` on are the correlation id of this request. */
  hasId(block: Buffer, at: number): boolean {
    return isSameId(this.idBlock, this.idAt, block, at);
  }

  /**
   * Sends the request.
   *
   * @returns false when the connection is closed and nothing was sent
   */
  abstract sendOver(frames: FrameConnection): boolean;
}

/** A request whose data is written already. */
export class WrittenRequest extends OutgoingRequest {
  constructor(
    private readonly type: number,
    private readonly data: Buffer,
    private readonly annotations: Annotations,
    serializer: Serializer,
    flags: number,
    correlationIds: CorrelationIdSource,
  ) {
    super(serializer, flags, correlationIds);
  }

  sendOver(frames: FrameConnection): boolean {
    const { type, serializerId, flags, seq, data, annotations, correlationId } = this;
    return frames.send({ type, serializerId, flags, seq, data, annotations, correlationId });
  }
}

/** A request that is written straight into the send buffer. */
export class CallRequest extends OutgoingRequest {
  constructor(
    private readonly call: SerializedCall,
    private readonly leases: AutoproxyLeases,
    private readonly serializers: ProxySerializers,
    flags: number,
    correlationIds: CorrelationIdSource,
    private readonly annotations: Annotations,
    private readonly annotationsBytes: number,
  ) {
    super(serializers.own, flags, correlationIds);
  }

  sendOver(frames: FrameConnection): boolean {
    const { call, leases, serializers, flags, serializerId, seq, annotations, annotationsBytes } = this;
    const out = frames.beginMessage(annotationsBytes);
    if (out === undefined) {
      const data = serializers.writeCall(call, leases);
      const { correlationId } = this;
      return frames.send({ type: MESSAGE_TYPES.invoke, serializerId, flags, seq, data, annotations, correlationId });
    }
    try {
      serializers.writeCallInto(call, leases, out);
    } catch (error) {
      frames.dropWritten(out);
      throw error;
    }
    // no other request follows before the reply, so this one leaves at once
    frames.sendWritten(out, MESSAGE_TYPES.invoke, flags, this, !this.isOneway, annotationsBytes, annotations);
    return true;
  }
}
