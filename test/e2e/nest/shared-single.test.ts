import { type CanActivate, type INestApplication, Inject, Injectable, type ModuleMetadata, Scope } from '@nestjs/common';
import { APP_GUARD, REQUEST } from '@nestjs/core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type OnPyroHousekeeping, PyroController, type PyroDaemon, PyroMethod, PyroServer } from '../../../lib/index.js';
import { eventually, joinServer, serve, type ServeOptions } from './fixtures.js';

let made = 0;
let log: string[] = [];
let disposal: Promise<void> = Promise.resolve();
let disposalOfPart: Promise<void> | undefined;
afterEach(() => {
  vi.useRealTimers();
});
beforeEach(() => {
  disposalOfPart = undefined;
  made = 0;
  log = [];
  disposal = Promise.resolve();
});

@Injectable({ scope: Scope.REQUEST })
class Part {
  constructor(@Inject(REQUEST) readonly request: unknown) {}
  async [Symbol.asyncDispose](): Promise<void> {
    if (disposalOfPart) log.push('disposing the part');
    await disposalOfPart;
  }
}

@PyroController({ objectId: 'oven', instanceMode: 'single' })
class Oven implements AsyncDisposable {
  readonly id = ++made;
  private target = 20;
  constructor(@Inject(Part) readonly part: Part) {}
  @PyroMethod() heat(target: number): number {
    return (this.target = target);
  }
  @PyroMethod() get(): number[] {
    return [this.id, this.target];
  }
  @PyroMethod() requests(): unknown {
    return [first, second].map((server) => server.unwrap<PyroDaemon>() === this.part.request);
  }
  async [Symbol.asyncDispose](): Promise<void> {
    log.push(`disposing ${this.id}`);
    await disposal;
    log.push(`disposed ${this.id}`);
  }
}

@Injectable({ scope: Scope.REQUEST })
class Guard implements CanActivate {
  canActivate(): boolean {
    return true;
  }
}
@PyroController({ objectId: 'plain', instanceMode: 'single' })
class Plain {
  readonly id = ++made;
  @PyroMethod() get(): number {
    return this.id;
  }
}

@PyroController({ objectId: 'busy', instanceMode: 'single' })
class Busy implements OnPyroHousekeeping {
  runs = 0;
  @PyroMethod() get(): number {
    return this.runs;
  }
  async onPyroHousekeeping(): Promise<void> {
    this.runs++;
    await disposal;
  }
}

let app: INestApplication;
let first: PyroServer;
let second: PyroServer;
const ticks = { first: 0, second: 0 };

/** Starts an application with two servers, and `further` ones. */
async function serveTwice(
  metadata: ModuleMetadata,
  options: ServeOptions<INestApplication> = {},
  further: PyroServer[] = [],
): Promise<void> {
  second = new PyroServer({ host: '127.0.0.1', port: 0, name: 'second', ...options, housekeeping: () => void ticks.second++ });
  const served = await serve(metadata, {
    ...options,
    name: 'first',
    housekeeping: () => void ticks.first++,
    prepare: (each) => {
      for (const strategy of [second, ...further]) each.connectMicroservice({ strategy });
    },
  });
  ({ app, server: first } = served);
}

const listen = (server: PyroServer): Promise<void> =>
  new Promise((resolve, reject) => server.listen((error) => (error === undefined ? resolve() : reject(error as Error))));

/** A promise, and the function that resolves it. */
function gate(): { opened: Promise<void>; open: () => void } {
  let open!: () => void;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

describe('a single object on two servers of an application', () => {
  it('a single object with a request-scoped dependency is one instance on two servers of an application', async () => {
    await serveTwice({ providers: [Oven, Part] });
    expect(await (await joinServer(first, 'oven')).call('oven', 'heat', 220)).toBe(220);
    expect(await (await joinServer(second, 'oven')).call('oven', 'get')).toEqual([1, 220]);
  });

  it('a single object under a request-scoped global guard is one instance on two servers of an application', async () => {
    await serveTwice({ providers: [Plain, { provide: APP_GUARD, useClass: Guard }] });
    for (const server of [first, second]) expect(await (await joinServer(server, 'plain')).call('plain', 'get')).toBe(1);
  });

  it('a single object on two servers is made once when both servers are asked at the same time', async () => {
    await serveTwice({ providers: [Oven, Part] });
    const peers = await Promise.all([first, second].map((server) => joinServer(server, 'oven')));
    const answers = await Promise.all(peers.map((peer) => peer.call('oven', 'get')));
    expect(answers).toEqual([
      [1, 20],
      [1, 20],
    ]);
  });

  it('a single object on two servers has the daemon that was asked first as its REQUEST', async () => {
    await serveTwice({ providers: [Oven, Part] });
    await (await joinServer(second, 'oven')).call('oven', 'get');
    expect(await (await joinServer(first, 'oven')).call('oven', 'requests')).toEqual([false, true]);
  });

  it('a single object on two servers is disposed with the last server, also when only the other has used it', async () => {
    await serveTwice({ providers: [Oven, Part] });
    await (await joinServer(first, 'oven')).call('oven', 'heat', 220);
    await first.close();
    expect(log).toEqual([]);
    expect(await (await joinServer(second, 'oven')).call('oven', 'get')).toEqual([1, 220]);
    await second.close();
    expect(log).toEqual(['disposing 1', 'disposed 1']);
  });

  it('a single object on two servers stays when one of the servers unregisters it', async () => {
    await serveTwice({ providers: [Oven, Part] });
    await (await joinServer(first, 'oven')).call('oven', 'heat', 220);
    first.unwrap<PyroDaemon>().unregister('oven');
    expect(await (await joinServer(second, 'oven')).call('oven', 'get')).toEqual([1, 220]);
    await app.close();
    expect(log).toEqual(['disposing 1', 'disposed 1']);
  });

  it('a single object on two servers survives a server that listens again', async () => {
    await serveTwice({ providers: [Oven, Part] });
    await (await joinServer(first, 'oven')).call('oven', 'heat', 220);
    await first.close();
    await listen(first);
    expect(await (await joinServer(first, 'oven')).call('oven', 'get')).toEqual([1, 220]);
    await second.close();
    expect(await (await joinServer(first, 'oven')).call('oven', 'get')).toEqual([1, 220]);
    expect(log).toEqual([]);
  });

  it('a single object on two servers is made again only when the instance before is disposed', async () => {
    await serveTwice({ providers: [Oven, Part] });
    await (await joinServer(first, 'oven')).call('oven', 'get');
    await second.close();
    const { opened, open } = gate();
    disposal = opened;
    const closed = first.close();
    await eventually(() => log.length === 1);
    await listen(second);
    const peer = await joinServer(second, 'oven');
    const answer = peer.call('oven', 'get').then((value) => log.push(`made ${(value as number[])[0]}`));
    // the connection answers in order, and the call that waits keeps this one waiting
    const { connections } = second.unwrap<PyroDaemon>();
    await eventually(() => connections.length === 1 && second.inspect().connections[0]!.requestsInProgress === 1);
    open();
    await Promise.all([answer, closed]);
    expect(log).toEqual(['disposing 1', 'disposed 1', 'made 2']);
  });

  it('a single object on two servers is made again for another server when the one that asked first has closed', async () => {
    const third = new PyroServer({ host: '127.0.0.1', port: 0, name: 'third' });
    await serveTwice({ providers: [Oven, Part] }, { drainTimeoutMs: 1 }, [third]);
    await (await joinServer(first, 'oven')).call('oven', 'get');
    await Promise.all([second.close(), third.close()]);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'], shouldAdvanceTime: true });
    const gates = [gate(), gate()];
    [disposal, disposalOfPart] = gates.map(({ opened }) => opened) as [Promise<void>, Promise<void>];
    const closed = first.close();
    await eventually(() => log.length === 1);
    await Promise.all([listen(second), listen(third)]);
    const [asker, other] = [await joinServer(second, 'oven'), await joinServer(third, 'oven')];
    asker.call('oven', 'get').catch(() => undefined);
    await eventually(() => second.inspect().connections[0]!.requestsInProgress === 1);
    const answer = other.call('oven', 'get');
    await eventually(() => third.inspect().connections[0]!.requestsInProgress === 1);
    const secondClosed = second.close();
    await eventually(() => !second.isListening, 'the end of the second server');
    await eventually(() => {
      vi.advanceTimersByTime(100);
      return log.includes('disposing the part');
    }, 'the end of the first disposal');
    for (const { open } of gates) open();
    expect(await answer).toEqual([2, 20]);
    await Promise.all([closed, secondClosed]);
  });

  it('a single object on two servers does its periodic work once at a time, and goes on when one server closes', async () => {
    const { opened, open } = gate();
    disposal = opened;
    await serveTwice({ providers: [Busy] }, { housekeepingIntervalMs: 1 });
    const busy = app.get(Busy);
    const from = { ...ticks };
    await eventually(() => ticks.first > from.first + 3 && ticks.second > from.second + 3);
    expect(busy.runs).toBe(1);
    open();
    await first.close();
    const { runs } = busy;
    await eventually(() => busy.runs > runs + 1);
  });
});
