import { deflateSync } from 'node:zlib';
import { FLAGS, MESSAGE_TYPES } from '../../../lib/core.js';
import { encodeMessage } from '../../../lib/protocol/messages/message.js';
import type { Serializer } from '../../../lib/serializers/contract/serializer.js';
import { createSerializers } from '../../../lib/serializers/serializers.js';
import { OBJECT } from './fuzzed-server.js';
import type { ReceivedFrame } from '../../../lib/testing/index.js';

export const SERIALIZERS: readonly Serializer[] = [...createSerializers().values()];
/** Enough for any message that the fuzzer sends. */
export const LARGEST = 2 ** 30;

/** A message, and the answer that a right server gives to it. */
export interface Exchange {
  bytes(seq: number): Buffer;
  /** Says what is wrong with an answer. Undefined: there is no answer. */
  check: ((answer: ReceivedFrame, seq: number) => string | undefined) | undefined;
  /** For the report of a failure. */
  readonly text: string;
}

/** A call as bytes. */
export interface Invocation {
  format: Serializer;
  method: string;
  args: unknown[];
  flags?: number;
  isCompressed?: boolean;
  object?: string;
  notes?: Map<string, Buffer>;
  correlationId?: Buffer;
}

/** The bytes of an INVOKE message, for each sequence number. */
export function invocation({ format, method, args, object = OBJECT, ...parts }: Invocation): (seq: number) => Buffer {
  const data = format.dumpsCall({ objectId: object, method, args, kwargs: {} });
  return withData(format, data, parts);
}

/** The same, for a call that is serialized already. */
export function withData(
  format: Serializer,
  data: Buffer,
  { flags = 0, isCompressed = false, notes, correlationId }: Omit<Invocation, 'format' | 'method' | 'args' | 'object'>,
): (seq: number) => Buffer {
  const known = {
    type: MESSAGE_TYPES.invoke,
    serializerId: format.id,
    flags: flags | (isCompressed ? FLAGS.compressed : 0),
    data: isCompressed ? deflateSync(data) : data,
    ...(notes && { annotations: notes }),
    ...(correlationId && { correlationId }),
  };
  return (seq) => Buffer.concat(encodeMessage({ ...known, seq }, LARGEST));
}

/** Says what is wrong with a result: its type, sequence number, serializer or flags. */
export function answered(answer: ReceivedFrame, seq: number, format: Serializer, flags: number): string | undefined {
  const { header } = answer;
  if (header.type !== MESSAGE_TYPES.result) return `type ${header.type}`;
  if (header.seq !== seq) return `the answer has sequence number ${header.seq} instead of ${seq}`;
  if (header.serializerId !== format.id) return `serializer ${header.serializerId} instead of ${format.id}`;
  const seen = header.flags & ~FLAGS.correlationId;
  return seen === flags ? undefined : `flags ${seen} instead of ${flags}: ${answer.data.toString('latin1', 0, 300)}`;
}

/** An exception of one type. */
export const raises =
  (format: Serializer, type: RegExp) =>
  (answer: ReceivedFrame, seq: number): string | undefined => {
    const wrong = answered(answer, seq, format, FLAGS.exception);
    if (wrong !== undefined) return wrong;
    const text = answer.data.toString('latin1');
    return type.test(text) ? undefined : `no ${type}: ${text.slice(0, 300)}`;
  };

/** A result with exactly these bytes. */
export const returns =
  (format: Serializer, result: Buffer, flags = 0) =>
  (answer: ReceivedFrame, seq: number): string | undefined =>
    answered(answer, seq, format, flags) ??
    (answer.data.equals(result) ? undefined : `wrong result: ${answer.data.toString('latin1', 0, 300)}`);

export function message(type: number, seq: number, data: Buffer, serializerId = 1, flags = 0): Buffer {
  return Buffer.concat(encodeMessage({ type, serializerId, flags, seq, data }, LARGEST));
}
