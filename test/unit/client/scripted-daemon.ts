import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import type { Frame } from '../../../lib/protocol/frame-reader.js';
import { FLAGS, MESSAGE_TYPES } from '../../../lib/protocol/constants.js';
import type { OutgoingMessage } from '../../../lib/protocol/message.js';
import { dumps } from '../../../lib/serpent/index.js';
import { ScriptedPeer } from '../../../lib/testing/index.js';

/** What a scripted daemon does with one connection. */
export type Script = (peer: ScriptedPeer, connection: number) => Promise<void>;

/** A daemon that answers what it is told to, message for message: for what no daemon should ever answer. */
export class ScriptedDaemon {
  /** Connections so far. */
  connections = 0;
  private readonly peers = new Set<ScriptedPeer>();

  private constructor(private readonly server: Server) {}

  static async listen(script: Script, host = '127.0.0.1'): Promise<ScriptedDaemon> {
    const server = createServer();
    const daemon = new ScriptedDaemon(server);
    server.on('connection', (socket) => {
      const peer = new ScriptedPeer(socket);
      daemon.peers.add(peer);
      // a script ends when its peer goes away, however far it got
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

/** Answers a message as a daemon does, but for what `changed` says. */
export function reply(
  peer: ScriptedPeer,
  { header, correlationId }: Frame,
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

/** Lets a client in that asks for an object with these methods. */
export async function admit(peer: ScriptedPeer, methods: string[] = ['call', 'other']): Promise<void> {
  const connect = await peer.next();
  const meta = { methods: new Set(methods), oneway: new Set(['tell']), attrs: new Set(['value']) };
  reply(peer, connect, { handshake: 'hello', meta }, { type: MESSAGE_TYPES.connectOk });
}

/** Admits, and answers every call with its number. */
export const wellBehaved: Script = async (peer) => {
  await admit(peer);
  for (let n = 1; ; n++) reply(peer, await peer.next(), n);
};
