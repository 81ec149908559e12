import { SERIALIZER_IDS, type SerializerName } from 'nestjs-pyro/core';
import { createSerializers } from '../../lib/serializers/serializers.js';
import { pyTuple } from '../../lib/serpent/index.js';
import { AT, FLAG_BITS, frame, frameSize, HEADER_BYTES, TYPES } from '../frame.js';
import { checkValue } from './check-value.js';
import type { Wire } from './wire.js';

/** `oneway` counts calls without a reply; the last call of a request has one, so that the server is never flooded. */
export type PyroKind = 'call' | 'batch' | 'oneway' | 'stream';

export interface PyroCall {
  kind: PyroKind;
  object: string;
  method: string;
  args: readonly unknown[];
  /** Value of the reply, of each call of a batch, of each item of a stream. */
  expected: unknown;
  serializer?: SerializerName;
}

/** Calls of a batch, and oneway calls of a request with its last call. */
export const BATCH_LENGTH = 100;
const DAEMON = 'Pyro.Daemon';
const ANNOTATION_HEAD_BYTES = 8;

/** Pyro's protocol, as Python's proxies speak it. */
export class PyroWire implements Wire {
  readonly varying = { start: AT.correlation, end: AT.reserved };
  readonly greetings: readonly Buffer[];
  readonly callsPerRequest: number;
  private readonly serializerId: number;
  private readonly serializer;

  constructor(private readonly call: PyroCall) {
    this.serializerId = SERIALIZER_IDS[call.serializer ?? 'serpent'];
    this.serializer = createSerializers().get(this.serializerId)!;
    this.callsPerRequest = call.kind === 'batch' || call.kind === 'oneway' ? BATCH_LENGTH : 1;
    const hello = this.frame(TYPES.connect, this.serializer.dumps({ handshake: 'hello', object: call.object }));
    this.greetings = call.kind === 'stream' ? [hello, this.invoke(call.object, call.method, call.args)] : [hello];
  }

  sizeOf(bytes: Buffer): number | undefined {
    return frameSize(bytes);
  }

  checkGreeting(reply: Buffer): void {
    const refused = reply[AT.type] !== TYPES.connectOk && reply[AT.type] !== TYPES.result;
    // a stream is opened by a reply whose exception flag is set
    if (refused) throw new Error(`the server refused the connection: ${reply.toString('latin1', HEADER_BYTES)}`);
  }

  request(lastGreeting: Buffer): Buffer {
    const { kind, object, method, args } = this.call;
    switch (kind) {
      case 'call':
        return this.invoke(object, method, args);
      case 'batch': {
        const calls = Array.from({ length: BATCH_LENGTH }, () => pyTuple(method, pyTuple(...args), {}));
        return this.invoke(object, '<batch>', calls, FLAG_BITS.batch);
      }
      case 'oneway': {
        const oneway = this.invoke(object, method, args, FLAG_BITS.oneway);
        const calls = Array.from({ length: BATCH_LENGTH - 1 }, () => oneway);
        return Buffer.concat([...calls, this.invoke(object, method, args)]);
      }
      case 'stream':
        return this.invoke(DAEMON, 'get_next_stream_item', [streamIdIn(lastGreeting)]);
    }
  }

  checkReply(reply: Buffer): void {
    const value = this.serializer.loads(reply.subarray(HEADER_BYTES + reply.readUInt32BE(AT.annotations)));
    if (reply[AT.type] !== TYPES.result || (reply.readUInt16BE(AT.flags) & FLAG_BITS.exception) !== 0) throw value;
    const { kind, expected } = this.call;
    checkValue(value, kind === 'batch' ? Array.from({ length: BATCH_LENGTH }, () => expected) : expected);
  }

  private invoke(object: string, method: string, args: readonly unknown[], flags = 0): Buffer {
    const data = this.serializer.dumpsCall({ objectId: object, method, args: [...args], kwargs: {} });
    return this.frame(TYPES.invoke, data, flags);
  }

  private frame(type: number, data: Buffer, flags = 0): Buffer {
    return frame({ type, serializerId: this.serializerId, flags, data });
  }
}

/** The only annotation of the reply that opens a stream. */
function streamIdIn(reply: Buffer): string {
  return reply.toString('latin1', HEADER_BYTES + ANNOTATION_HEAD_BYTES, HEADER_BYTES + reply.readUInt32BE(AT.annotations));
}
