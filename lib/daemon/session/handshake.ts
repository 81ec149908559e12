import { decompress } from '../../protocol/compression.js';
import { DEFAULT_HANDSHAKE, FLAGS } from '../../protocol/constants.js';
import { SerializeError } from '../../protocol/errors.js';
import { asError, safeText } from '../../protocol/safe-text.js';
import { sizeLimit } from '../../protocol/header.js';
import type { Frame } from '../../protocol/frame-reader.js';
import type { Serializer } from '../../serializers/contract/serializer.js';
import { type CallServices, unknownSerializerText } from '../call/call-services.js';
import { Reply } from '../call/reply.js';
import type { SessionConnection } from '../connection/connection.js';
import { authorizationOf } from '../connection/authorizations.js';
import type { ReplyChannel } from '../contract/reply-channel.js';

/**
 * Answers a CONNECT message: authorizes the connection and says so, or refuses it and says why.
 *
 * The daemon's own hook is asked first, then the guards of the object that the client named. An unknown id is refused only after the
 * hook. Last, `connected` of the object is called.
 *
 * @param refusal a reason that holds before the message is read: the daemon is full
 * @returns undefined when the connection is authorized, else why it is refused
 * @see Pyro5/server.py, `Daemon._handshake`
 */
export async function answerHandshake(
  services: CallServices,
  channel: ReplyChannel,
  connection: SessionConnection,
  frame: Frame,
  refusal: string | undefined,
): Promise<Error | undefined> {
  const { serializerId } = frame.header;
  const serializer = refusal === undefined ? services.handshakeSerializers.get(serializerId) : undefined;
  const reply = new Reply(services, channel, serializer ?? services.marshal, frame);
  try {
    if (refusal !== undefined) throw new Error(refusal);
    if (serializer === undefined) throw new Error(unknownSerializerText(serializerId, services.options));
    await reply.connectOk(await authorizeConnect(services, connection, serializer, frame));
    return undefined;
  } catch (error) {
    // the refusal itself cannot be sent when the annotations of the daemon's hook are too large, for example
    await reply.connectFail(reasonOf(error)).catch((failure: unknown) => services.reporter.error(failure));
    return asError(error);
  }
}

async function authorizeConnect(
  { daemon, objects, options }: CallServices,
  connection: SessionConnection,
  serializer: Serializer,
  frame: Frame,
): Promise<object> {
  const limit = sizeLimit(options.maxMessageBytes, options.maxHandshakeBytes);
  const data = frame.header.flags & FLAGS.compressed ? await decompress(frame.data, limit) : frame.data;
  const { handshake, object: objectId } = readConnect(serializer.loads(data, { plain: true }));
  const { authorizations } = connection;
  const { annotations } = frame;
  connection.handshake = handshake;
  connection.requestedObject = objectId;
  connection.handshakeAnnotations = annotations;
  authorizations.ofDaemon = authorizationOf(
    await daemon.validateHandshake({ connection, objectId, data: handshake, annotations }),
  );
  const target = objects.get(objectId);
  const { response } = target ? await authorizations.authorize(target, objectId) : authorizations.ofDaemon;
  const { metadata: meta } = objects.known(objectId);
  if (target) connection.use(target);
  await target?.connected?.(connection);
  return { handshake: response === undefined ? DEFAULT_HANDSHAKE : response, meta };
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
  return safeText(error) || 'refused';
}
