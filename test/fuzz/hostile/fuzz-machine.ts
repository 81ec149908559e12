import type { Socket } from 'node:net';
import { MESSAGE_TYPES } from '../../../lib/core.js';
import { ScriptedPeer } from '../../../lib/testing/index.js';
import { type Exchange, message, SERIALIZERS } from './exchanges.js';
import { type FuzzedServer, OBJECT, type ServerState } from './fuzzed-server.js';
import { patiently } from './play-session.js';
import { Random } from './random.js';
import { SampleValues } from './sample-values.js';
import { SessionModel } from './session-model.js';
import { settled } from './settled.js';

export interface MachineRun {
  seed: number;
  /** Messages that the clients send together. */
  frames: number;
}

export interface MachineResult {
  frames: number;
  bytes: number;
  /** Answers, each as the model foretold it. */
  answers: number;
  connections: number;
  /** Connections that were left in the middle of their messages. */
  aborted: number;
  /** Items of streams that were read on over another connection. */
  resumed: number;
  state: ServerState;
}

/** Clients that send at the same time. */
const CLIENTS = 8;
/** Messages that a client sends before it waits for the answers. */
const BURSTS = [1, 1, 3, 20, 100, 300];
const ABORT_SHARE = 0.1;
const END_SHARE = 0.1;

/**
 * Lets clients go through the states of the protocol, with a model that foretells every answer. Clients connect, make calls of all kinds,
 * open streams, disconnect at any byte, connect again, and resume streams of the previous connection.
 *
 * @throws {Error} when an answer is not the foretold one, or something stays at the server when the clients are gone
 */
export async function fuzzMachine(server: FuzzedServer, { seed, frames }: MachineRun): Promise<MachineResult> {
  const tally = { frames: 0, bytes: 0, answers: 0, connections: 0, aborted: 0, resumed: 0 };
  const before = await settled(server, 0);
  const values = new SampleValues(seed);
  const clients = Array.from({ length: CLIENTS }, async (_, number) => {
    const client = new MachineClient(server.location, new Random(seed * CLIENTS + number), values, tally);
    while (tally.frames < frames) await client.session();
    await client.session({ isLast: true });
  });
  await Promise.all(clients);
  return { ...tally, state: await settled(server, before.handles) };
}

type Tally = Omit<MachineResult, 'state'>;

class MachineClient {
  private lost: SessionModel['openStreams'] = [];
  private seq = 0;

  constructor(
    private readonly location: string,
    private readonly random: Random,
    private readonly values: SampleValues,
    private readonly tally: Tally,
  ) {}

  /** Runs a connection, from its handshake to its end. @param isLast true: the connection resumes no streams, and leaves none */
  async session({ isLast = false } = {}): Promise<void> {
    const peer = await ScriptedPeer.open(this.location);
    // without it, the kernel holds the pieces of a message back
    (peer.socket as Socket).setNoDelay(true);
    this.tally.connections++;
    try {
      if (!(await this.connect(peer))) return;
      const model = new SessionModel(this.random, this.values);
      for (const stream of isLast ? [] : this.lost) {
        await this.exchange(peer, [model.resume(stream)]);
        this.tally.resumed++;
      }
      this.lost = [];
      while (!this.random.chance(END_SHARE)) {
        const burst = Array.from({ length: this.random.pick(BURSTS) }, () => model.next());
        if (this.random.chance(ABORT_SHARE)) return await this.abort(peer, burst);
        await this.exchange(peer, burst);
      }
      // an abort leaves unknown which items were taken, a quiet end does not
      if (this.random.chance(0.5)) this.lost = [...model.openStreams];
    } finally {
      peer.destroy();
    }
  }

  /** @returns false when the client left, or was refused as foretold */
  private async connect(peer: ScriptedPeer): Promise<boolean> {
    const format = this.random.pick(SERIALIZERS);
    const isKnown = !this.random.chance(0.05);
    const object = isKnown ? OBJECT : 'nobody';
    const bytes = message(MESSAGE_TYPES.connect, 7, format.dumps({ handshake: 'hello', object }), format.id);
    if (this.random.chance(0.05)) {
      await this.leave(peer, bytes);
      return false;
    }
    await this.write(peer, bytes);
    const { header, data } = await patiently(() => peer.next());
    const expected = isKnown ? MESSAGE_TYPES.connectOk : MESSAGE_TYPES.connectFail;
    if (header.type !== expected) {
      throw new Error(`a handshake for ${object} was answered by type ${header.type}: ${data.toString('latin1', 0, 300)}`);
    }
    if (!isKnown) await patiently(() => peer.untilClosed());
    return isKnown;
  }

  /** Sends messages in pieces, and checks each answer. */
  private async exchange(peer: ScriptedPeer, burst: readonly Exchange[]): Promise<void> {
    const first = this.seq;
    const wire = this.wireOf(burst);
    await this.write(peer, wire);
    for (const [index, { check, text }] of burst.entries()) {
      if (check === undefined) continue;
      const answer = peer.frames.shift() ?? (await this.answer(peer, text));
      const wrong = check(answer, (first + index) & 0xffff);
      if (wrong !== undefined) throw new Error(`${text}: ${wrong}`);
      this.tally.answers++;
    }
  }

  private async answer(peer: ScriptedPeer, text: string): ReturnType<ScriptedPeer['next']> {
    try {
      return await patiently(() => peer.next());
    } catch (error) {
      throw new Error(`${text}: no answer`, { cause: error });
    }
  }

  /** Leaves at any byte. The answers that came until then are the first of the foretold ones. */
  private async abort(peer: ScriptedPeer, burst: readonly Exchange[]): Promise<void> {
    const first = this.seq;
    await this.leave(peer, this.wireOf(burst));
    const expected = [...burst.entries()].filter(([, { check }]) => check !== undefined);
    for (const [at, answer] of peer.frames.entries()) {
      if (expected[at] === undefined) throw new Error('an answer that nobody asked for');
      const [index, { check, text }] = expected[at];
      const wrong = check?.(answer, (first + index) & 0xffff);
      if (wrong !== undefined) throw new Error(`${text} (the client left): ${wrong}`);
      this.tally.answers++;
    }
  }

  private async leave(peer: ScriptedPeer, wire: Buffer): Promise<void> {
    await this.write(peer, wire.subarray(0, this.random.below(wire.length + 1)));
    this.tally.aborted++;
    if (this.random.chance(0.5)) return;
    peer.end();
    await patiently(() => peer.untilClosed());
  }

  private wireOf(burst: readonly Exchange[]): Buffer {
    const wire = Buffer.concat(burst.map((each) => each.bytes(this.seq++ & 0xffff)));
    this.tally.frames += burst.length;
    this.tally.bytes += wire.length;
    return wire;
  }

  private async write(peer: ScriptedPeer, wire: Buffer): Promise<void> {
    const isCut = this.random.chance(0.2);
    const longest = Math.ceil(wire.length / 10);
    for (let at = 0; at < wire.length && !peer.closed;) {
      const end = isCut ? at + 1 + this.random.below(longest) : wire.length;
      peer.write(wire.subarray(at, end));
      at = end;
      if (isCut) await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
