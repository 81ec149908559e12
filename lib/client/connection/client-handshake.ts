import type { TLSSocket } from 'node:tls';
import { DAEMON_METHODS, DAEMON_OBJECT_ID, MESSAGE_TYPES } from '../../protocol/constants.js';
import { CommunicationError, ProtocolError, SecurityError } from '../../protocol/errors.js';
import type { Frame } from '../../protocol/messages/frame-reader.js';
import { isOfFullDaemon } from '../../protocol/texts/refusal-texts.js';
import type { PyroUri } from '../../protocol/uri.js';
import { printableMessage } from '../../reports/printable.js';
import type { ClientConnection } from './client-connection.js';
import { droppedProxies } from './dropped-proxies.js';
import { endsOf } from './peer-address.js';
import type { Deadline } from '../../calls/deadline.js';
import type { ConnectedDaemon } from '../options/proxy-options.js';
import { annotationsToSend, type ResolvedProxyOptions, tellAnnotations } from '../options/resolve-proxy-options.js';
import { HandshakeBudget } from '../../serializers/contract/value-budget.js';
import { sizeLimit } from '../../protocol/messages/header.js';
import type { ProxySerializers } from '../messages/proxy-serializers.js';
import { type OutgoingRequest, WrittenRequest } from '../messages/outgoing-request.js';
import type { CorrelationIds } from '../../calls/correlation-id.js';
import { readMetadata, type RemoteMetadata } from './remote-metadata.js';
import { noteRejection } from '../messages/rejections.js';
import { readReply } from '../messages/reply-reader.js';

/** The parts that the first request of a connection is made from. */
export interface HandshakeParts {
  options: ResolvedProxyOptions;
  serializers: ProxySerializers;
  correlationIds: CorrelationIds;
}

/**
 * Sends the handshake for an object and reads the daemon's answer.
 *
 * @returns the metadata of the object
 * @throws {CommunicationError} `connection to … rejected: REASON`
 * @throws the error of `validateHandshake`
 * @see Pyro5/client.py, `Proxy.__pyroCreateConnection`
 */
export async function performHandshake(
  connection: ClientConnection,
  uri: PyroUri,
  parts: HandshakeParts,
  deadline: Deadline,
): Promise<RemoteMetadata> {
  const { options, serializers } = parts;
  const data = serializers.own.dumps({ handshake: options.handshake, object: uri.object });
  const frame = await connection.request(requestOf(MESSAGE_TYPES.connect, data, parts), deadline);
  if (!frame) throw closed(connection);
  if (frame.annotations.size > 0) tellAnnotations(options.onAnnotations, frame.annotations);
  const answer = await readHandshakeAnswer(frame, parts);
  if (frame.header.type === MESSAGE_TYPES.connectFail) {
    throw rejection(connection.location, printableMessage(answer));
  }
  if (typeof answer !== 'object' || answer === null || !Object.hasOwn(answer, 'meta')) {
    throw new ProtocolError('the answer to a handshake is a dict with "handshake" and "meta"');
  }
  const { handshake, meta } = answer as { handshake: unknown; meta: unknown };
  const metadata = readMetadata(meta, uri);
  const verdict: unknown = await options.validateHandshake?.(handshake, daemonOf(connection));
  if (verdict === false) {
    throw new SecurityError(`validateHandshake of the proxy gave false for ${connection.location}; to say why, throw an error`);
  }
  connection.handshakeDone();
  return metadata;
}

/**
 * Asks the daemon for the metadata of an object. Used in place of the handshake on a `connectedSocket`, which has none.
 *
 * @returns the metadata of the object
 * @throws {PyroRemoteError} `unknown object`
 */
export async function askMetadata(
  connection: ClientConnection,
  uri: PyroUri,
  parts: HandshakeParts,
  deadline: Deadline,
): Promise<RemoteMetadata> {
  const { serializers } = parts;
  connection.handshakeDone();
  const call = { objectId: DAEMON_OBJECT_ID, method: DAEMON_METHODS.metadata, args: [uri.object], kwargs: {} };
  const request = requestOf(MESSAGE_TYPES.invoke, serializers.own.dumpsCall(call), parts);
  const frame = await connection.request(request, deadline);
  if (!frame) throw closed(connection);
  const natural = serializers.naturalWithId(request.serializerId)!;
  return readMetadata(await readReply(frame, natural, {}, serializers.inflation), uri);
}

function requestOf(type: number, data: Buffer, { options, serializers, correlationIds }: HandshakeParts): OutgoingRequest {
  return new WrittenRequest(type, data, annotationsToSend(options.annotations), serializers.own, 0, correlationIds);
}

function daemonOf(connection: ClientConnection): ConnectedDaemon {
  const { getPeerCertificate } = connection.socket as Partial<TLSSocket>;
  const { remoteAddress } = endsOf(connection);
  return { remoteAddress, peerCertificate: getPeerCertificate?.call(connection.socket) };
}

function closed({ location }: ClientConnection): CommunicationError {
  return new CommunicationError(`connection to ${location} was closed`, { sent: false });
}

async function readHandshakeAnswer(frame: Frame, { options, serializers }: HandshakeParts): Promise<unknown> {
  const { serializerId } = frame.header;
  const { maxMessageBytes, maxHandshakeBytes } = options;
  const serializer = serializers.naturalWithId(serializerId);
  if (serializer === undefined) throw new ProtocolError(`handshake answered with unknown serializer ${serializerId}`);
  const budget = new HandshakeBudget(maxHandshakeBytes);
  const limit = sizeLimit(maxMessageBytes, maxHandshakeBytes);
  const read = (data: Buffer, wireBytes: number): unknown => serializer.loads(data, { plain: true, budget, wireBytes });
  return serializers.inflation.open(frame, read, limit);
}

function rejection(location: string, reason: string): CommunicationError {
  const isFull = isOfFullDaemon(reason);
  const idle = isFull ? droppedProxies.idleTo(location) : 0;
  const remedy = `; ${idle} of its connections are idle ones of this program: release proxies by $release() or await using`;
  const code = isFull ? 'DAEMON_FULL' : 'COMMUNICATION';
  const text = `connection to ${location} rejected: ${reason}${idle > 0 ? remedy : ''}`;
  return noteRejection(new CommunicationError(text, { code, sent: false }), reason);
}
