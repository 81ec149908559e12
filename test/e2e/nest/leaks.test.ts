import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type CanActivate, Injectable, Scope, UseGuards } from '@nestjs/common';
import { expect, it } from 'vitest';
import { type OnPyroConnect, type PyroConnection, PyroController, type PyroDaemon, PyroMethod } from '../../../lib/index.js';
import { ScriptedPeer } from '../../../lib/testing/index.js';
import { closeAfter, eventually, serve } from './fixtures.js';

/** The numbers of connections and calls; `npm run test:long` uses larger ones. */
const CONNECTIONS = Number(process.env['LEAK_CONNECTIONS'] ?? 200);
const CALLS = Number(process.env['LEAK_CALLS'] ?? 1_000);
const AT_ONCE = 20;
const TIMEOUT_MS = 3_600_000;
/** Memory per instance, large enough that a few leaked instances show in the heap. */
const BALLAST_BYTES = 20_000_000 / Math.min(CONNECTIONS, CALLS);
/** Bytes that the heap may grow by for caches, compiled code and the test itself, whatever the number of calls. */
const MAX_GROWTH = 8 * 1024 * 1024;

let living = 0;
let disposed = 0;

class Counted implements Disposable {
  readonly ballast = Array.from<number>({ length: Math.ceil(BALLAST_BYTES / 8) });
  constructor() {
    living++;
  }
  [Symbol.dispose](): void {
    living--;
    disposed++;
  }
}
@Injectable({ scope: Scope.REQUEST })
class Dependency extends Counted {}
@Injectable({ scope: Scope.TRANSIENT })
class Part {}
@Injectable({ scope: Scope.REQUEST })
class ScopedGuard implements CanActivate {
  constructor(readonly part: Part) {}
  canActivate(): boolean {
    return true;
  }
}

@PyroController('session')
class Session extends Counted implements OnPyroConnect {
  private user: unknown;
  constructor(
    readonly dependency: Dependency,
    readonly part: Part,
  ) {
    super();
  }
  onPyroConnect(connection: PyroConnection): void {
    this.user = connection.id;
  }
  @PyroMethod() @UseGuards(ScopedGuard) who(): unknown {
    return this.user;
  }
  @PyroMethod() *items(): Generator<number> {
    yield 1;
    yield 2;
  }
}

@PyroController('percall', { instanceMode: 'percall' })
class PerCall extends Counted {
  constructor(
    readonly dependency: Dependency,
    readonly part: Part,
  ) {
    super();
  }
  @PyroMethod() method(): string {
    return 'ok';
  }
}

function heapBytes(): number {
  setFlagsFromString('--expose_gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}

async function inParallel(count: number, work: () => Promise<void>): Promise<void> {
  let left = count;
  const lane = async (): Promise<void> => {
    while (left-- > 0) await work();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}

/** Runs the work a few times to warm up, then `count` times, and expects the heap not to grow. */
async function expectNoGrowth(count: number, work: () => Promise<void>, settled: () => boolean): Promise<void> {
  await inParallel(Math.ceil(Math.min(1_000, count / 5)), work);
  await eventually(settled);
  const before = heapBytes();
  const started = performance.now();
  await inParallel(count, work);
  await eventually(settled);
  const seconds = (performance.now() - started) / 1_000;
  const growth = heapBytes() - before;
  const figures = `${count} in ${seconds.toFixed(1)} s, heap ${(before / 2 ** 20).toFixed(1)} MiB, grown by ${(growth / 1024).toFixed(0)} KiB`;
  if (process.env['LEAK_CONNECTIONS']) console.log(figures);
  expect(growth, figures).toBeLessThan(MAX_GROWTH);
}

async function start(): Promise<{ location: string; daemon: PyroDaemon }> {
  const directory = mkdtempSync(joinPath(tmpdir(), 'pyro-'));
  closeAfter(() => rmSync(directory, { recursive: true }));
  const providers = [Dependency, Part, ScopedGuard, Session, PerCall];
  const options = { host: undefined, port: undefined, unixSocket: joinPath(directory, 'leaks.sock') };
  const { server } = await serve({ providers }, options);
  const daemon = server.unwrap<PyroDaemon>();
  return { location: daemon.locationStr, daemon };
}

it(
  `nothing is left of ${CONNECTIONS} connections with a session each`,
  async () => {
    const { location, daemon } = await start();
    disposed = 0;
    let made = 0;
    const visit = async (): Promise<void> => {
      const peer = await ScriptedPeer.join(location, 'session');
      made++;
      await peer.call('session', 'who');
      peer.invoke('session', 'items');
      const id = (await peer.next()).annotations.get('STRM')!.toString();
      await peer.call('Pyro.Daemon', 'get_next_stream_item', id);
      await peer.call('Pyro.Daemon', 'close_stream', id);
      peer.end();
      await peer.untilClosed();
    };
    await expectNoGrowth(CONNECTIONS, visit, () => living === 0 && daemon.connections.length === 0);
    expect(disposed).toBe(2 * made);
  },
  TIMEOUT_MS,
);

it(
  `nothing is left of ${CALLS} per-call instances`,
  async () => {
    const { location } = await start();
    const peers: ScriptedPeer[] = [];
    for (let lane = 0; lane < AT_ONCE; lane++) peers.push(await ScriptedPeer.join(location, 'percall'));
    closeAfter(() => peers.forEach((peer) => peer.destroy()));
    disposed = 0;
    let made = 0;
    const call = async (): Promise<void> => {
      const peer = peers.pop()!;
      made++;
      await peer.call('percall', 'method');
      peers.push(peer);
    };
    await expectNoGrowth(CALLS, call, () => living === 0);
    expect(disposed).toBe(2 * made);
  },
  TIMEOUT_MS,
);
