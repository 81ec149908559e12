import { Duplex } from 'node:stream';
import { expect, it } from 'vitest';
import { LingeringClose } from '../../../lib/transport/lingering-close.js';

/** A stream whose peer reads what `read` takes off. */
class Peer extends Duplex {
  readonly unread: (() => void)[] = [];
  override _read(): void {}
  override _write(_chunk: Buffer, _encoding: string, done: () => void): void {
    this.unread.push(done);
  }
  read1(): void {
    this.unread.shift()!();
  }
}

const closed = (peer: Peer): Promise<unknown> => new Promise((resolve) => peer.once('close', () => resolve('closed')));

it('the last bytes of a connection have left when the peer has read them', async () => {
  const peer = new Peer();
  const last = new LingeringClose(peer);
  expect(await last.whenSent()).toBe(true);
  peer.write('reply');
  const sent = last.whenSent();
  peer.read1();
  expect(await sent).toBe(true);
  expect(peer.destroyed).toBe(false);
});

it('a peer that reads nothing has stalled: nobody waits for it, and its ended connection is cut', async () => {
  const peer = new Peer();
  const last = new LingeringClose(peer, 10);
  peer.write('reply');
  expect(await last.whenSent()).toBe(false);
  expect(peer.destroyed).toBe(false);
  last.begin();
  expect(await closed(peer)).toBe('closed');
});

it('an ended connection is closed after its time, however steadily its peer reads', async () => {
  const peer = new Peer();
  const last = new LingeringClose(peer);
  for (let chunk = 0; chunk < 10_000; chunk++) peer.write('reply');
  const reading = setInterval(() => peer.read1(), 1);
  last.begin();
  last.endWithin(20);
  expect(await closed(peer)).toBe('closed');
  clearInterval(reading);
});

it('a closed connection is not waited for', async () => {
  const peer = new Peer();
  const last = new LingeringClose(peer);
  peer.write('reply');
  const sent = last.whenSent();
  peer.destroy();
  expect(await sent).toBe(true);
});
