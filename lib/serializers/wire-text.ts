import { FLAGS, MESSAGE_TYPES } from '../protocol/constants.js';
import type { WireMessage } from '../protocol/message.js';
import { printable } from '../reports/printable.js';
import { SERIALIZER_IDS } from './contract/serializer.js';

const MAX_TEXT_BYTES = 1_000;
const MAX_HEX_BYTES = 200;
const MAX_ANNOTATIONS = 20;
const TYPE_NAMES = namesOf(MESSAGE_TYPES);
const SERIALIZER_NAMES = namesOf(SERIALIZER_IDS);
const HANDSHAKES: readonly number[] = [MESSAGE_TYPES.connect, MESSAGE_TYPES.connectOk, MESSAGE_TYPES.connectFail];
const TEXTUAL: readonly number[] = [SERIALIZER_IDS.serpent, SERIALIZER_IDS.json];

/**
 * Describes a message in one line of a log: `<- 127.0.0.1:51234 #3 invoke seq 7, serpent, 58 bytes, oneway`.
 *
 * @param payloads show the data too: up to 1,000 bytes of text, or 200 bytes of binary data in hexadecimal. The data can hold passwords and
 * tokens. `'calls'`: only the data of calls, not of handshakes
 */
export function describeWireMessage(message: WireMessage, payloads: boolean | 'calls' = false): string {
  const { direction, peer, type, flags, seq, serializerId, annotations, data } = message;
  const parts = [
    `${direction === 'received' ? '<-' : '->'} ${printable(peer)} ${TYPE_NAMES.get(type) ?? `type ${type}`} seq ${seq}`,
    SERIALIZER_NAMES.get(serializerId) ?? `serializer ${serializerId}`,
    `${data.length} bytes`,
    ...flagNames(flags),
  ];
  if (annotations.size > 0) parts.push(`annotations ${annotationIds(annotations)}`);
  const isShown = payloads === 'calls' ? !HANDSHAKES.includes(type) : payloads;
  return isShown ? `${parts.join(', ')}: ${payloadOf(message)}` : parts.join(', ');
}

function annotationIds(annotations: WireMessage['annotations']): string {
  const ids: string[] = [];
  for (const id of annotations.keys()) {
    if (ids.length === MAX_ANNOTATIONS) return `${ids.join(' ')} and ${annotations.size - MAX_ANNOTATIONS} more`;
    ids.push(printable(id));
  }
  return ids.join(' ');
}

function payloadOf({ data, flags, serializerId }: WireMessage): string {
  const isText = TEXTUAL.includes(serializerId) && (flags & FLAGS.compressed) === 0;
  const limit = isText ? MAX_TEXT_BYTES : MAX_HEX_BYTES;
  const shown = data.subarray(0, limit);
  // quoted, so that line breaks of a peer do not look like lines of the log
  const text = isText ? printable(JSON.stringify(shown.toString()), Infinity) : shown.toString('hex');
  return data.length > limit ? `${text}…` : text;
}

/** Names of the flags, without `correlationId`, which nearly every message has. */
function flagNames(flags: number): string[] {
  return Object.entries(FLAGS)
    .filter(([name, flag]) => (flags & flag) !== 0 && name !== 'correlationId')
    .map(([name]) => name);
}

function namesOf(ids: Readonly<Record<string, number>>): ReadonlyMap<number, string> {
  return new Map(Object.entries(ids).map(([name, id]) => [id, name]));
}
