import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { FLAGS, MESSAGE_TYPES } from '../../../lib/protocol/constants.js';
import type { OutgoingMessage } from '../../../lib/protocol/messages/message.js';
import { dumps } from '../../../lib/serpent/index.js';
import { type ReceivedFrame, ScriptedPeer } from '../../../lib/testing/index.js';

/** Serves one connection of a scripted daemon. */
export type Script = (peer: ScriptedPeer, connection: number) => Promise<void>;

/** A daemon that answers each message as a script says, for answers that no real daemon gives. */
export class ScriptedDaemon {
  /** The number of connections so far. */
  connections = 0;
  private readonly peers = new Set<ScriptedPeer>();

  private constructor(private readonly server: Server) {}

  static async listen(script: Script, host = '127.0.0.1'): Promise<ScriptedDaemon> {
    const server = createServer();
    const daemon = new ScriptedDaemon(server);
    server.on('connection', (socket) => {
      const peer = new ScriptedPeer(socket);
      daemon.peers.add(peer);
      // a script ends, finished or not, when its peer disconnects
      script(peer, ++daemon.connections).catch(() => undefined);
    });
    server.listen(0, host);
    await once(server, 'listening');
    return daemon;
  }

  get uri(): string {
    return `PYRO:thing@127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    for (const peer of this.peers) peer.destroy();
    this.server.close();
    await once(this.server, 'close');
  }
}

/** Answers a message as a daemon does, with the changes in `changed`. */
export function reply(
  peer: ScriptedPeer,
  { header, correlationId }: ReceivedFrame,
  value: unknown,
  changed: Partial<OutgoingMessage> = {},
): void {
  peer.send({
    type: MESSAGE_TYPES.result,
    serializerId: header.serializerId,
    flags: FLAGS.correlationId,
    seq: header.seq,
    correlationId,
    data: dumps(value),
    ...changed,
  });
}

/** Accepts the handshake of a client for an object with these methods. */
export async function authorize(peer: ScriptedPeer, methods: string[] = ['call', 'other']): Promise<void> {
  const connect = await peer.next();
  const meta = { methods: new Set(methods), oneway: new Set(['tell']), attrs: new Set(['value']) };
  reply(peer, connect, { handshake: 'hello', meta }, { type: MESSAGE_TYPES.connectOk });
}

/** Accepts the handshake, and answers every call with its number. */
export const wellBehaved: Script = async (peer) => {
  await authorize(peer);
  for (let n = 1; ; n++) reply(peer, await peer.next(), n);
};
