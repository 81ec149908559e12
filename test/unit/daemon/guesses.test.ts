import { expect, it } from 'vitest';
import { expose, FLAGS, type ObjectGuard, type PyroDaemon } from '../../../lib/core.js';
import { Authorizations, type AskingConnection } from '../../../lib/daemon/connection/authorizations.js';
import { RemoteAddresses } from '../../../lib/daemon/connection/remote-addresses.js';
import type { PyroTarget } from '../../../lib/daemon/contract/target.js';
import { RemoteFailure, type ScriptedPeer } from '../../../lib/testing/scripted-peer.js';
import { pyTuple } from '../../../lib/serpent/index.js';
import { eventually, join, startDaemon } from './fixtures.js';

/* Handshake data that is guessed by using a guarded object over a connection to another object. */

class Vault {
  colour = 'red';
  read(): string {
    return 'content';
  }
  *items(): Generator<number> {
    for (let i = 0; ; i++) yield i;
  }
}
expose(Vault);

let asked = 0;
const guard: ObjectGuard = ({ data }) => {
  asked++;
  if (data !== 'secret') throw new Error('wrong password');
  return { principal: 'ann' };
};

async function serve(): Promise<PyroDaemon> {
  asked = 0;
  const daemon = await startDaemon({ maxFailedHandshakes: 3, limitLoopback: true });
  for (const id of ['vault', 'vault2', 'vault3', 'vault4']) daemon.register(new Vault(), id, { guards: guard });
  return daemon;
}

async function failureOf(peer: ScriptedPeer): Promise<string> {
  return String(new RemoteFailure(await peer.next()).args[0]);
}

const TOO_MANY =
  /^too many connections refused by guards from 127\.0\.0\.1 \(maxFailedHandshakes is 3 in a minute\)\. Retry in \d+ s$/;

const WAYS: Record<string, (peer: ScriptedPeer) => void> = {
  'a call': (peer) => peer.invoke('vault', 'read'),
  'an attribute': (peer) => peer.invoke('vault', '__getattr__', ['colour']),
  'a batch': (peer) => peer.invoke('vault', '<batch>', [pyTuple('read', pyTuple(), {})], {}, { flags: FLAGS.batch }),
  get_metadata: (peer) => peer.invoke('Pyro.Daemon', 'get_metadata', ['vault']),
  get_signatures: (peer) => peer.invoke('Pyro.Daemon', 'get_signatures', ['vault']),
  'a oneway call': (peer) => {
    peer.invoke('vault', 'read', [], {}, { flags: FLAGS.oneway });
    peer.invoke('vault', 'read');
  },
};

it.each(Object.keys(WAYS))('handshake data cannot be guessed by %s over a connection to another object', async (way) => {
  const daemon = await serve();
  for (let i = 0; i < 3; i++) {
    const peer = await join(daemon, 'Pyro.Daemon', `guess ${i}`);
    WAYS[way]!(peer);
    expect(await failureOf(peer)).toBe('wrong password');
  }
  expect(asked).toBe(3);
  const peer = await join(daemon, 'Pyro.Daemon', 'secret');
  WAYS[way]!(peer);
  expect(await failureOf(peer)).toMatch(TOO_MANY);
  expect(asked).toBe(3);
  expect(daemon.counters.maxFailedHandshakes).toBeGreaterThan(0);
  expect(daemon.inspect().limits.find(({ name }) => name === 'maxFailedHandshakes')).toMatchObject({
    used: 3,
    usedBy: '127.0.0.1',
  });
  // the object that the handshake names can be used all the same
  expect(await (await join(daemon, 'vault', 'secret')).call('vault', 'read')).toBe('content');
});

it('handshake data cannot be guessed by asking for an item of the stream of another principal', async () => {
  const daemon = await serve();
  const owner = await join(daemon, 'vault', 'secret');
  owner.invoke('vault', 'items');
  const id = (await owner.next()).annotations.get('STRM')!.toString();
  for (let i = 0; i < 4; i++) {
    const peer = await join(daemon, 'Pyro.Daemon', `guess ${i}`);
    peer.invoke('Pyro.Daemon', i % 2 ? 'close_stream' : 'get_next_stream_item', [id]);
    expect(await failureOf(peer)).toMatch(i < 3 ? /^wrong password$/ : TOO_MANY);
  }
  expect(await owner.call('Pyro.Daemon', 'get_next_stream_item', id)).toBe(0);
});

it('a connection that many objects refuse counts once, and goes on with the objects that it may use', async () => {
  const daemon = await serve();
  daemon.register(new Vault(), 'own', { guards: () => undefined });
  const peer = await join(daemon, 'own', 'data of its own');
  for (const id of ['vault', 'vault2', 'vault3', 'vault4', 'vault']) {
    peer.invoke(id, 'read');
    expect(await failureOf(peer)).toBe('wrong password');
  }
  expect(asked).toBe(4);
  const later = await join(daemon, 'Pyro.Daemon', 'data of its own');
  expect(await later.call('own', 'read')).toBe('content');
  expect(daemon.counters.maxFailedHandshakes).toBe(0);
});

it('clients that guards of further objects refuse again and again are not locked out of the objects that their handshakes name', async () => {
  const daemon = await serve();
  daemon.register(new Vault(), 'own', { guards: () => undefined });
  for (let i = 0; i < 5; i++) {
    const peer = await join(daemon, 'own', 'data of its own');
    peer.invoke('vault', 'read');
    expect(await failureOf(peer)).toMatch(i < 3 ? /^wrong password$/ : TOO_MANY);
    expect(await peer.call('own', 'read')).toBe('content');
  }
});

it('the call of a client that has gone does not wait for the delay of its refusal', async () => {
  const limits = {
    maxConnectionsPerAddress: 9,
    maxHandshakesPerAddress: 9,
    maxAbandonedConnectionsPerAddress: 9,
    maxStreamsPerAddress: 9,
    limitLoopback: false,
  };
  const address = new RemoteAddresses({ ...limits, maxFailedHandshakes: 60 }).of('192.0.2.7')!;
  const delays = Array.from({ length: 40 }, () => address.refusedByGuards(performance.now()));
  expect(delays.at(-1)).toBe(2_000);
  let leave: (() => void) | undefined;
  const connection = { address, onGone: (hook: () => void) => ((leave = hook), () => undefined) };
  const authorizations = new Authorizations(connection as unknown as AskingConnection, 0);
  const target = { authorize: () => Promise.reject(new Error('wrong password')) } as unknown as PyroTarget;
  const ended = Promise.resolve(authorizations.authorize(target, 'vault')).catch((error: Error) => error.message);
  await eventually(() => leave !== undefined);
  leave!();
  const late = new Promise((resolve) => setTimeout(resolve, 1_500, 'late'));
  expect(await Promise.race([ended, late])).toBe('wrong password');
});
