import { connect, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { expose, FLAGS, MESSAGE_TYPES, type PyroDaemon } from '../../../../lib/core.js';
import { ScriptedPeer } from '../../../../lib/testing/index.js';
import { keepWarnings } from '../../../kept-warnings.js';
import { eventually, startDaemon } from '../fixtures.js';

keepWarnings(/^whoever reaches/);

/** Two addresses of this machine, which limits per address tell apart. */
const [GREEDY, OTHER] = ['127.0.0.9', '127.0.0.77'];

/** Calls that run until the test ends them. */
class Jobs {
  started = 0;
  readonly finish: (() => void)[] = [];
  run(): Promise<void> {
    this.started++;
    return new Promise((resolve) => this.finish.push(resolve));
  }
  end(): void {
    for (const finish of this.finish.splice(0)) finish();
  }
}
expose(Jobs);

async function serveJobs(options = {}): Promise<{ daemon: PyroDaemon; jobs: Jobs }> {
  const daemon = await startDaemon({ host: '0.0.0.0', profile: 'lab', limitLoopback: true, ...options });
  const jobs = new Jobs();
  daemon.register(jobs, 'jobs');
  return { daemon, jobs };
}

async function openFrom(daemon: PyroDaemon, localAddress: string): Promise<ScriptedPeer> {
  const socket = connect({ port: Number(daemon.locationStr.split(':')[1]), host: '127.0.0.1', localAddress });
  await new Promise((resolve, reject) => void socket.once('connect', resolve).once('error', reject));
  return new ScriptedPeer(socket);
}

/** Connects. Gives the peer, or the text with which it is refused. */
async function joinFrom(daemon: PyroDaemon, address: string): Promise<ScriptedPeer | string> {
  const peer = await openFrom(daemon, address);
  peer.connect('jobs');
  const { header, data } = await peer.next();
  return header.type === MESSAGE_TYPES.connectOk ? peer : data.toString('latin1');
}

const used = (daemon: PyroDaemon, limit: string): number => daemon.inspect().limits.find(({ name }) => name === limit)!.used!;
const reset = (peer: ScriptedPeer): void => void (peer.socket as Socket).resetAndDestroy();

/** Calls of `flags` begin on so many connections of an address, and then all of them go. */
async function callAndGo(daemon: PyroDaemon, jobs: Jobs, count: number, flags: number): Promise<void> {
  const peers: ScriptedPeer[] = [];
  for (let i = 0; i < count; i++) peers.push((await joinFrom(daemon, GREEDY)) as ScriptedPeer);
  for (const peer of peers) peer.invoke('jobs', 'run', [], {}, { flags });
  await eventually(() => jobs.started === count, 'the calls');
  peers.forEach(reset);
  await eventually(() => used(daemon, 'maxConnections') === 0, 'the end of the connections');
}

describe.each([
  ['calls', 0],
  ['oneway calls', FLAGS.oneway],
])('%s of clients that have gone', (_, flags) => {
  it('calls of clients that have gone make the daemon full for their own address, and for no other', async () => {
    const { daemon, jobs } = await serveJobs({ maxAbandonedConnections: 4, maxAbandonedConnectionsPerAddress: 2 });
    // as many as the address has connections: more than the daemon may have abandoned connections of all addresses
    await callAndGo(daemon, jobs, 6, flags);
    expect(await joinFrom(daemon, GREEDY)).toMatch(
      /^.{0,5}daemon is full for 127\.0\.0\.9: calls or clean-ups of 6 clients of it/s,
    );
    expect(daemon.counters).toMatchObject({ maxAbandonedConnectionsPerAddress: 1, maxAbandonedConnections: 0 });
    const other = (await joinFrom(daemon, OTHER)) as ScriptedPeer;
    expect(await other.call('Pyro.Daemon', 'ping')).toBe(null);
    expect(used(daemon, 'maxAbandonedConnectionsPerAddress')).toBe(6);
    expect(used(daemon, 'maxAbandonedConnections')).toBe(2);
    jobs.end();
    await eventually(() => daemon.connections.length === 1);
    expect(['maxAbandonedConnections', 'maxAbandonedConnectionsPerAddress'].map((limit) => used(daemon, limit))).toEqual([0, 0]);
    const again = (await joinFrom(daemon, GREEDY)) as ScriptedPeer;
    expect(await again.call('Pyro.Daemon', 'ping')).toBe(null);
    for (const peer of [other, again]) peer.destroy();
  });

  it('calls of clients that have gone count for all addresses together when they come from many', async () => {
    const { daemon, jobs } = await serveJobs({ maxAbandonedConnections: 2, maxAbandonedConnectionsPerAddress: 1 });
    for (const address of [GREEDY, OTHER]) {
      const peer = (await joinFrom(daemon, address)) as ScriptedPeer;
      peer.invoke('jobs', 'run', [], {}, { flags });
      await eventually(() => jobs.finish.length === (address === GREEDY ? 1 : 2));
      reset(peer);
    }
    await eventually(() => used(daemon, 'maxAbandonedConnections') === 2);
    expect(await joinFrom(daemon, '127.0.0.5')).toContain(
      'daemon is full: calls or clean-ups of 2 clients that have gone still run',
    );
    jobs.end();
    await eventually(() => daemon.connections.length === 0);
  });
});

it('both profiles limit the abandoned connections of an address far below those of all addresses', async () => {
  for (const profile of ['lab', 'exposed']) {
    const { daemon } = await serveJobs({ profile });
    const limits = daemon.inspect().limits.map(({ name, value }) => [name, value]);
    const { maxAbandonedConnections, maxAbandonedConnectionsPerAddress } = Object.fromEntries(limits) as Record<string, number>;
    expect(maxAbandonedConnectionsPerAddress).toBeLessThanOrEqual(maxAbandonedConnections! / 2);
  }
});

it('the handshake of a client that has gone counts for its address until the guard has ended', async () => {
  const guards: (() => void)[] = [];
  const validateHandshake = async ({ connection }: { connection: { remoteAddress: string } }): Promise<undefined> => {
    if (connection.remoteAddress.startsWith(OTHER)) return undefined;
    await new Promise<void>((resolve) => void guards.push(resolve));
    throw new Error('no');
  };
  const options = { maxHandshakesPerAddress: 3, maxAbandonedConnections: 5, validateHandshake, handshakeTimeoutMs: 0 };
  const { daemon } = await serveJobs(options);
  for (let attempt = 1; attempt <= 3; attempt++) {
    const peer = await openFrom(daemon, GREEDY);
    peer.connect('jobs');
    await eventually(() => guards.length === attempt);
    reset(peer);
    await eventually(() => used(daemon, 'maxConnections') === 0, 'the slot is free');
  }
  expect(used(daemon, 'maxHandshakesPerAddress')).toBe(3);
  expect(await joinFrom(daemon, GREEDY)).toContain('3 handshakes of it are under way (maxHandshakesPerAddress)');
  expect(guards).toHaveLength(3);
  const other = (await joinFrom(daemon, OTHER)) as ScriptedPeer;
  expect(await other.call('Pyro.Daemon', 'ping')).toBe(null);
  other.destroy();
  for (const end of guards) end();
  await eventually(() => used(daemon, 'maxHandshakesPerAddress') === 0 && daemon.sockets.length === 1);
  expect(used(daemon, 'maxAbandonedConnections')).toBe(0);
});
