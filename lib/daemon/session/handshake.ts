import { setTimeout as sleep } from 'node:timers/promises';
import { runForConnection } from '../../calls/current-call.js';
import { DEFAULT_HANDSHAKE } from '../../protocol/constants.js';
import { SerializeError } from '../../protocol/errors.js';
import { limitOf } from '../../protocol/over-limit.js';
import { asError, thrownText } from '../../protocol/texts/safe-text.js';
import { sizeLimit } from '../../protocol/messages/header.js';
import type { Frame } from '../../protocol/messages/frame-reader.js';
import type { Serializer } from '../../serializers/contract/serializer.js';
import { type DaemonServices, unknownSerializerText } from '../request/daemon-services.js';
import { Reply } from '../request/reply.js';
import type { ReplyChannel } from '../request/reply-channel.js';
import { memoryOf } from '../request/request-memory.js';
import type { SessionConnection } from '../connection/session-connection.js';
import { endsInTime } from '../connection/guard-time-limit.js';
import { runHookOf } from '../object/object-guards.js';

/**
 * Answers a CONNECT message: authorizes the connection, or refuses it with the reason.
 *
 * The daemon's own hook is asked first, then the guards of the object that the client named. An unknown id is refused only after the
 * hook. Last, `connected` of the object is called.
 *
 * @param refusal a reason that holds before the message is read: a limit is reached
 * @returns undefined when the connection is authorized, else why it is refused
 * @see Pyro5/server.py, `Daemon._handshake`
 */
export async function answerHandshake(
  services: DaemonServices,
  channel: ReplyChannel,
  frame: Frame,
  refusal: Error | undefined,
): Promise<Error | undefined> {
  const { connection } = channel;
  const { serializerId } = frame.header;
  const serializer = refusal === undefined ? services.handshakeSerializers.get(serializerId) : undefined;
  const reply = new Reply(services, channel, serializer ?? services.marshal, frame);
  try {
    if (refusal !== undefined) throw refusal;
    if (serializer === undefined) throw new Error(unknownSerializerText(serializerId, services.options));
    await reply.connectOk(await authorizeConnect(services, connection, serializer, frame));
    return undefined;
  } catch (error) {
    // a client that fails often is answered late, so that guessing takes long; a daemon without room is no fault of the client
    const isFull = refusal !== undefined || limitOf(error) === 'maxInFlightValueBytes';
    const delayMs = isFull ? 0 : (connection.address?.failed(performance.now()) ?? 0);
    if (delayMs > 0) await sleep(delayMs, undefined, { ref: false });
    // the refusal itself cannot be sent when the annotations of the daemon's hook are too large, for example
    await reply.connectFail(reasonOf(error)).catch((failure: unknown) => services.reporter.error(failure));
    return asError(error);
  }
}

async function authorizeConnect(
  services: DaemonServices,
  connection: SessionConnection,
  serializer: Serializer,
  frame: Frame,
): Promise<object> {
  const { daemon, objects } = services;
  const { handshake, object: objectId } = readConnect(await readWithin(services, connection, serializer, frame));
  const { authorizations } = connection;
  connection.handshake = handshake;
  connection.requestedObject = objectId;
  connection.handshakeAnnotations = frame.annotations;
  await authorizations.askDaemon(daemon, objectId);
  const target = objects.get(objectId);
  const { response } = target ? await authorizations.authorize(target, objectId, false) : authorizations.ofDaemon;
  const { metadata: meta } = objects.known(objectId);
  if (target) connection.use(target);
  if (target?.connected) {
    const connect = (): Promise<void> | void => target.connected!(connection);
    const connecting = runForConnection(connection, () => runHookOf(target, objectId, connect));
    await endsInTime(connecting, services.options.handshakeTimeoutMs, 'handshake');
  }
  return { handshake: response === undefined ? DEFAULT_HANDSHAKE : response, meta };
}

/** Reads the value of a CONNECT message within the memory that is left. The connection holds its memory. */
function readWithin(
  { memory, inflation, options }: DaemonServices,
  connection: SessionConnection,
  serializer: Serializer,
  frame: Frame,
): unknown {
  const { maxMessageBytes, maxHandshakeBytes } = options;
  const read = (data: Buffer, wireBytes: number): unknown => {
    const budget = memory.handshakeBudget(connection);
    const value = serializer.loads(data, { plain: true, budget, wireBytes });
    connection.holdHandshake(memory, budget.spentBytes + memoryOf(frame.annotations));
    return value;
  };
  return inflation.open(frame, read, sizeLimit(maxMessageBytes, maxHandshakeBytes));
}

function readConnect(data: unknown): { handshake: unknown; object: string } {
  if (typeof data === 'object' && data !== null && Object.hasOwn(data, 'handshake') && Object.hasOwn(data, 'object')) {
    const { handshake, object } = data as { handshake: unknown; object: unknown };
    if (typeof object === 'string') return { handshake, object };
  }
  throw new SerializeError('a CONNECT message holds a dict with "handshake" and "object"');
}

/** A Python client shows only the text of the error. */
function reasonOf(error: unknown): string {
  if (error === undefined || error === null) return 'refused';
  return thrownText(error) || 'refused';
}
