import { decompress } from '../../protocol/compression.js';
import { DEFAULT_HANDSHAKE, FLAGS } from '../../protocol/constants.js';
import { SerializeError } from '../../protocol/errors.js';
import { asError, safeText } from '../../protocol/safe-text.js';
import { sizeLimit } from '../../protocol/header.js';
import type { Frame } from '../../protocol/frame-reader.js';
import type { Serializer } from '../../serializers/contract/serializer.js';
import type { ResolvedDaemonOptions } from '../options/daemon-options.js';
import type { ObjectRegistry } from '../object/registry.js';
import { type Replies, unknownSerializerText } from '../call/replies.js';
import type { RequestLoop } from './request-loop.js';
import type { Authorization, AuthorizeRequest } from '../contract/target.js';

/** What is answered where no guard says otherwise, as in Pyro5. */

/** Answers CONNECT messages. @see Pyro5/server.py, `Daemon._handshake` */
export class Handshake {
  constructor(
    private readonly options: ResolvedDaemonOptions,
    /** Read natural and plain, whatever the daemon's values are: nothing of the peer's choice is made of it. */
    private readonly serializers: ReadonlyMap<number, Serializer>,
    private readonly objects: ObjectRegistry,
    private readonly replies: Replies,
    private readonly validate: (request: AuthorizeRequest) => Promise<Authorization> | Authorization,
  ) {}

  /**
   * Lets the client in, or tells it why not.
   *
   * @param refusal reason that holds before anything is looked at (the daemon is full)
   * @returns undefined when it is in, else why it is not
   */
  async run(loop: RequestLoop, frame: Frame, refusal: string | undefined): Promise<Error | undefined> {
    let serializer: Serializer | undefined;
    try {
      if (refusal !== undefined) throw new Error(refusal);
      serializer = this.serializers.get(frame.header.serializerId);
      if (serializer === undefined) throw new Error(unknownSerializerText(frame.header.serializerId, this.options));
      const response = await this.admit(loop, frame, serializer);
      await this.replies.connectOk(loop, frame, serializer, response);
      return undefined;
    } catch (error) {
      await this.replies.connectFail(loop, frame, reasonOf(error), serializer);
      return asError(error);
    }
  }

  private async admit(loop: RequestLoop, frame: Frame, serializer: Serializer): Promise<object> {
    const { maxMessageBytes, maxHandshakeBytes } = this.options;
    const data =
      frame.header.flags & FLAGS.compressed
        ? await decompress(frame.data, sizeLimit(maxMessageBytes, maxHandshakeBytes))
        : frame.data;
    const { handshake, object: objectId } = readConnect(serializer.loads(data, { plain: true }));
    const { connection } = loop;
    connection.handshake = handshake;
    connection.handshakeAnnotations = frame.annotations;
    connection.admissions.everywhere = await this.validate({
      connection,
      objectId,
      data: handshake,
      annotations: frame.annotations,
    });
    const target = this.objects.get(objectId);
    const admission = target ? await connection.admissions.admit(target, objectId) : connection.admissions.everywhere;
    const { metadata: meta } = this.objects.known(objectId);
    if (target?.connectionEnded) connection.usedTargets.add(target);
    await target?.connected?.(connection);
    return { handshake: admission.response ?? DEFAULT_HANDSHAKE, meta };
  }
}

function readConnect(data: unknown): { handshake: unknown; object: string } {
  if (typeof data === 'object' && data !== null && Object.hasOwn(data, 'handshake') && Object.hasOwn(data, 'object')) {
    const { handshake, object } = data as { handshake: unknown; object: unknown };
    if (typeof object === 'string') return { handshake, object };
  }
  throw new SerializeError('a CONNECT message holds a dict with "handshake" and "object"');
}

/** Python shows the text of the exception alone. */
function reasonOf(error: unknown): string {
  const text = safeText(error);
  return text === '' ? 'refused' : text;
}
