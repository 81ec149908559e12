import { DAEMON_OBJECT_ID, MESSAGE_TYPES } from '../../../lib/core.js';
import { type ReceivedFrame, ScriptedPeer } from '../../../lib/testing/index.js';
import { OBJECT } from './fuzzed-server.js';
import type { Session } from './wire-session.js';

/** A server that does not answer for so long hangs. Long enough for the busiest machine. */
const HANG_MS = 60_000;

/** `ScriptedPeer` waits 20 s; a busy machine may take longer. */
export async function patiently<T>(wait: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + HANG_MS;
  for (;;) {
    try {
      return await wait();
    } catch (error) {
      if (!(error instanceof Error && error.message === 'nothing came for 20 s') || performance.now() > deadline) throw error;
    }
  }
}

/** The messages and answers of a session, for the report at the end. */
export interface Tally {
  frames: number;
  bytes: number;
  answers: number;
}

/**
 * Sends the messages of a session, and compares the answers with the foretold answers.
 *
 * @throws {Error} when an answer is wrong, or does not come
 */
export async function playSession(location: string, session: Session, tally: Tally): Promise<void> {
  const peer = await ScriptedPeer.open(location);
  try {
    if (session.joins) await joinObject(peer);
    const { wire, isWhole } = wireOf(session);
    tally.frames += session.steps.length;
    tally.bytes += wire.length;
    await writeInPieces(peer, wire, session.pieces);
    if (isWhole && session.leaves === 'when answered') await checkAnswers(peer, session, tally);
    if (session.leaves === 'by end') peer.end();
  } finally {
    peer.destroy();
  }
}

async function joinObject(peer: ScriptedPeer): Promise<void> {
  peer.connect(OBJECT);
  const { header } = await patiently(() => peer.next());
  if (header.type !== MESSAGE_TYPES.connectOk)
    throw new Error(`a good handshake was answered by a message of type ${header.type}`);
}

const seqOf = (index: number): number => 1_000 + index;

function wireOf({ steps, damage, sent, joins }: Session): { wire: Buffer; isWhole: boolean } {
  const wire = Buffer.concat(steps.map((step, index) => step.bytes(seqOf(index))));
  for (const [offset, byte] of damage) if (wire.length > 0) wire[offset % wire.length] = byte;
  return { wire: wire.subarray(0, Math.ceil(wire.length * sent)), isWhole: joins && damage.length === 0 && sent === 1 };
}

async function writeInPieces(peer: ScriptedPeer, wire: Buffer, pieces: readonly number[]): Promise<void> {
  const shortest = Math.ceil(wire.length / 200);
  for (let at = 0, turn = 0; at < wire.length && !peer.closed; turn++) {
    const end = at + Math.max(pieces[turn % pieces.length]!, shortest);
    peer.write(wire.subarray(at, end));
    at = end;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function checkAnswers(peer: ScriptedPeer, { steps }: Session, tally: Tally): Promise<void> {
  for (const [index, { check, outcome, text }] of steps.entries()) {
    if (outcome === 'unknown') return;
    const where = `message ${index + 1} (${text})`;
    if (outcome === 'ends') {
      await patiently(() => peer.untilClosed());
      // a daemon may say why it ends a connection: an exception, or a refusal
      const others = peer.frames.filter(
        ({ header: { type } }) => type !== MESSAGE_TYPES.result && type !== MESSAGE_TYPES.connectFail,
      );
      if (others.length > 0) throw new Error(`${where}: was answered by a message of type ${others[0]!.header.type}`);
      return;
    }
    if (check === undefined) continue;
    let answer: ReceivedFrame;
    try {
      answer = await patiently(() => peer.next());
    } catch (error) {
      throw new Error(`${where}: no answer`, { cause: error });
    }
    const wrong = check(answer, seqOf(index));
    if (wrong !== undefined) throw new Error(`${where}: ${wrong}`);
    tally.answers++;
  }
  peer.invoke(DAEMON_OBJECT_ID, 'ping', [], {}, { seq: 999 });
  const last = await patiently(() => peer.next());
  if (last.header.seq !== 999) throw new Error(`an answer that nobody asked for: sequence number ${last.header.seq}`);
}
