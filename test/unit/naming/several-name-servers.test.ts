import { getEventListeners, once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import {
  locateNameServer,
  NameRegistrar,
  NamingError,
  type PyroNameServer,
  PyroProxy,
  resolve,
  startNameServer,
} from '../../../lib/core.js';
import { firstAnswer } from '../../../lib/naming/first-answer.js';
import { locateUntil } from '../../../lib/naming/locate.js';
import { MemoryNameStore } from '../../../lib/name-server/store/memory-store.js';
import { dependantsOf } from '../../abort-signals.js';
import { collectUntil } from '../../garbage-collection.js';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Address {
  host: string;
  port: number;
}

async function start(options: { port?: number; storage?: MemoryNameStore } = {}): Promise<PyroNameServer & Address> {
  const server = await startNameServer({ host: '127.0.0.1', port: 0, ...options });
  cleanups.push(() => server.close());
  return Object.assign(server, { host: '127.0.0.1', port: server.uri.port! });
}

const addressOf = ({ host, port }: Address): Address => ({ host, port });

/** An address at which nobody listens. */
async function deadAddress(): Promise<Address> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return { host: '127.0.0.1', port };
}

/** Accepts connections, and never says anything. */
async function silentAddress(): Promise<Address & { sockets: Socket[] }> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => void sockets.push(socket.on('error', () => undefined))).listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { host: '127.0.0.1', port: (server.address() as { port: number }).port, sockets };
}

async function namesAt(server: Address): Promise<string[]> {
  await using client = await locateNameServer(addressOf(server));
  return [...(await client.list({ prefix: 'lab.' })).keys()];
}

const URI = 'PYRO:thing@127.0.0.1:4711';

describe('a list of name servers', () => {
  it('a list of name servers gives the first name server that answers, in the order of the list', async () => {
    const [dead, one, two] = [await deadAddress(), await start(), await start()];
    await using first = await locateNameServer([dead, addressOf(two), addressOf(one)]);
    expect(first.uri).toEqual(two.uri);
    await using again = await locateNameServer([addressOf(one), addressOf(two)]);
    expect(again.uri).toEqual(one.uri);
  });

  it('a list of name servers does not wait for a name server that hangs, and drops its connection', async () => {
    const [silent, server] = [await silentAddress(), await start()];
    const hanging = { host: silent.host, port: silent.port, connectTimeoutMs: 600_000 };
    await using found = await locateNameServer([hanging, addressOf(server)]);
    expect(found.uri).toEqual(server.uri);
    const [socket] = silent.sockets;
    if (!socket!.closed) await once(socket!.resume(), 'close');
  });

  it('a list of name servers says what each name server said when none answers, and waits for one of them with waitMs', async () => {
    const [dead, late] = [await deadAddress(), await deadAddress()];
    const failed = await locateNameServer([dead, late]).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(NamingError);
    expect((failed as Error).message).toMatch(
      new RegExp(`^2 name servers were asked: no name server at .*:${dead.port}: .*; no name server at .*:${late.port}: `),
    );
    const waiting = locateNameServer([dead, { ...late, waitMs: 60_000 }]);
    const server = await start({ port: late.port });
    await using found = await waiting;
    expect(found.uri).toEqual(server.uri);
  });

  it('a name is looked up where it is registered, whichever name server that is', async () => {
    const [one, two] = [await start(), await start()];
    await using client = await locateNameServer(addressOf(two));
    await client.register('lab.thing', URI, { metadata: ['thing'] });
    const nameServer = [addressOf(one), addressOf(two)];
    expect(String(await resolve('PYRONAME:lab.thing', nameServer))).toBe(URI);
    expect(String(await resolve('PYROMETA:thing', nameServer))).toBe(URI);
    await expect(resolve('PYRONAME:lab.other', nameServer)).rejects.toThrow(
      /^2 name servers were asked: .*unknown name.*; .*unknown name/,
    );
    await using proxy = await PyroProxy.connect('PYRONAME:Pyro.NameServer', {
      nameServer: [await deadAddress(), addressOf(one)],
    });
    expect(await proxy.$call('count')).toBe(1);
    // only the address in the URI is asked
    await expect(resolve(`PYRONAME:lab.thing@127.0.0.1:${one.port}`, nameServer)).rejects.toThrow('unknown name: lab.thing');
  });

  it('a watch goes on at the next name server of a list when the first has gone', async () => {
    const storage = new MemoryNameStore();
    const [one, two] = [await start({ storage }), await start({ storage })];
    await using client = await locateNameServer([addressOf(one), addressOf(two)]);
    const events = client.watch({ prefix: 'lab.' });
    const first = events.next();
    await using other = await locateNameServer(addressOf(two));
    await other.register('lab.before', URI);
    expect((await first).value).toMatchObject({ name: 'lab.before' });
    await one.close();
    await other.register('lab.after', URI);
    expect((await events.next()).value).toMatchObject({ name: 'lab.after' });
    expect(String(await client.waitFor('lab.after'))).toBe(URI);
    await events.return();
  });

  it('a list of name servers is refused when it is empty, or an address in it is wrong', async () => {
    await expect(locateNameServer([])).rejects.toThrow(
      'nameServer is an empty list; it must be an object with the address of the name server, or a list of such objects',
    );
    await expect(locateNameServer([{}, { prot: 1 } as never])).rejects.toThrow(
      'nameServer[1].prot is no option; did you mean port?',
    );
    expect(() => PyroProxy.to(URI, { nameServer: [{ unixSocket: '/a', port: 1 }] })).toThrow(
      'nameServer[0]: unixSocket excludes host and port',
    );
    expect(() => new NameRegistrar({ nameServer: [] })).toThrow('nameServer is an empty list');
  });

  it('a list of name servers ends when its signal aborts', async () => {
    const [one, two] = [await silentAddress(), await silentAddress()];
    const abort = new AbortController();
    const located = locateNameServer([
      { host: one.host, port: one.port, signal: abort.signal },
      { host: two.host, port: two.port },
    ]);
    abort.abort(new Error('enough'));
    await expect(located).rejects.toThrow('enough');
  });
});

it('waiting for a name server until a signal aborts ends with the signal of the options, too', async () => {
  const { host, port } = await silentAddress();
  const [abort, end] = [new AbortController(), new AbortController()];
  const byOptions = locateUntil([{ host, port, signal: abort.signal }], end.signal);
  abort.abort(new Error('enough'));
  await expect(byOptions).rejects.toThrow('enough');
  const byEnd = locateUntil([{ host, port }], end.signal);
  end.abort(new Error('the end'));
  await expect(byEnd).rejects.toThrow('the end');
});

it('a signal that is none is refused with the name of the option', async () => {
  await expect(locateNameServer({ signal: 5 as never })).rejects.toMatchObject({
    code: 'CONFIG',
    message: expect.stringContaining('nameServer.signal') as string,
  });
});

it('an answer that comes too late is dropped', async () => {
  let answerLate: ((answer: string) => void) | undefined;
  const late = new Promise<string>((done) => (answerLate = done));
  const dropped: string[] = [];
  const answers = [late, Promise.resolve('first')];
  const ask = (index: number): Promise<string> => answers[index]!;
  expect(await firstAnswer([0, 1], new AbortController().signal, ask, (answer) => dropped.push(answer))).toBe('first');
  answerLate!('late');
  await expect.poll(() => dropped).toEqual(['late']);
});

describe('a signal that lasts as long as the program', () => {
  const { signal } = new AbortController();
  const listeners = (): number => getEventListeners(signal, 'abort').length;

  it('a lookup at one of several name servers leaves nothing at the signal', async () => {
    const nameServer = [await start(), await start()].map((server) => ({ ...addressOf(server), signal }));
    for (let lookup = 0; lookup < 5; lookup++) await resolve('PYRONAME:Pyro.NameServer', nameServer);
    expect([listeners(), dependantsOf(signal)]).toEqual([0, 0]);
  });

  it('a connection to one of several name servers ends with the signal of each, and leaves nothing when it was dropped', async () => {
    const nameServer = [await start(), await start()].map((server) => ({ ...addressOf(server), signal }));
    const locate = async (): Promise<void> => {
      const ending = new AbortController();
      const client = await locateUntil(nameServer, ending.signal);
      expect(listeners()).toBeGreaterThan(0);
      // the client keeps what follows the signals
      let rounds = 0;
      await collectUntil(() => ++rounds > 3);
      ending.abort(new Error('enough'));
      await client.release();
      await expect(client.connect()).rejects.toThrow('enough');
    };
    await locate();
    await collectUntil(() => listeners() === 0);
    expect(dependantsOf(signal)).toBe(0);
  });

  it('nothing is left at the signal when no name server answers', async () => {
    const nameServer = [await deadAddress(), await deadAddress()].map((address) => ({ ...address, signal }));
    await expect(locateNameServer(nameServer)).rejects.toThrow(NamingError);
    expect([listeners(), dependantsOf(signal)]).toEqual([0, 0]);
  });
});

describe('a registrar of several name servers', () => {
  function registrarAt(servers: readonly Address[]): { registrar: NameRegistrar; told: string[] } {
    const registrar = new NameRegistrar({
      nameServer: servers.map(addressOf),
      objects: [{ name: 'lab.thing', uri: URI }],
      retryIntervalMs: 50,
    });
    const told: string[] = [];
    registrar.on('registered', (name, _uri, { port }) => told.push(`registered ${name} at ${port}`));
    registrar.on('removed', (name) => told.push(`removed ${name}`));
    registrar.on('unavailable', () => told.push('unavailable'));
    registrar.on('available', ({ port }) => told.push(`available ${port}`));
    cleanups.push(() => registrar.stop(500));
    return { registrar, told };
  }

  it('a registrar of several name servers registers at each of them, again at one that comes back empty, and removes the names everywhere', async () => {
    const [one, two] = [await start(), await start()];
    const { registrar, told } = registrarAt([one, two]);
    expect(await registrar.start()).toBe(true);
    expect([await namesAt(one), await namesAt(two)]).toEqual([['lab.thing'], ['lab.thing']]);
    expect(told.toSorted()).toEqual([`registered lab.thing at ${one.port}`, `registered lab.thing at ${two.port}`].toSorted());
    told.length = 0;
    await one.close();
    await expect.poll(() => told).toEqual(['unavailable']);
    registrar.add({ name: 'lab.other', uri: URI });
    await expect.poll(() => namesAt(two)).toEqual(['lab.thing', 'lab.other']);
    const back = await start({ port: one.port });
    await expect.poll(() => namesAt(back)).toEqual(['lab.thing', 'lab.other']);
    registrar.remove('lab.thing');
    await expect.poll(() => namesAt(back)).toEqual(['lab.other']);
    await expect.poll(() => namesAt(two)).toEqual(['lab.other']);
    await registrar.stop();
    expect([await namesAt(back), await namesAt(two)]).toEqual([[], []]);
  });

  it('a registrar of several name servers is not registered everywhere when one of them is gone', async () => {
    const one = await start();
    const { registrar, told } = registrarAt([await deadAddress(), one]);
    expect(await registrar.start()).toBe(false);
    expect(told.toSorted()).toEqual([`registered lab.thing at ${one.port}`, 'unavailable']);
  });

  class SharedStore extends MemoryNameStore {
    readonly sharedId = 'one store';
  }

  it('a registrar of several name servers registers once where they share a store, and over another one when that one is gone', async () => {
    const storage = new SharedStore();
    const [one, two] = [await start({ storage }), await start({ storage })];
    const { registrar, told } = registrarAt([one, two]);
    expect(await registrar.start()).toBe(true);
    expect(told).toHaveLength(1);
    const owner = told[0]!.endsWith(String(one.port)) ? one : two;
    const other = owner === one ? two : one;
    expect(await namesAt(other)).toEqual(['lab.thing']);
    await owner.close();
    await expect.poll(() => told.slice(1)).toEqual(['unavailable']);
    registrar.add({ name: 'lab.other', uri: URI });
    await expect.poll(() => told.at(-1)).toBe(`registered lab.other at ${other.port}`);
    await start({ storage, port: owner.port });
    await expect.poll(() => told.at(-1)).toBe(`available ${owner.port}`);
    await registrar.stop();
    expect(told.filter((text) => text.startsWith('registered'))).toHaveLength(2);
    expect(told.filter((text) => text.startsWith('removed')).toSorted()).toEqual(['removed lab.other', 'removed lab.thing']);
    expect(await namesAt(other)).toEqual([]);
  });

  const statesOf = (registrar: NameRegistrar): string[] => registrar.states().map(({ state }) => state);

  it('a registered name waits while its name server does not answer, and is registered at the others', async () => {
    const [one, two] = [await start(), await start()];
    const { registrar } = registrarAt([one, two]);
    await registrar.start();
    expect(statesOf(registrar)).toEqual(['registered', 'registered']);
    await one.close();
    await expect.poll(() => statesOf(registrar)).toEqual(['waiting', 'registered']);
    await two.close();
    await expect.poll(() => statesOf(registrar)).toEqual(['waiting', 'waiting']);
    await start({ port: one.port });
    await expect.poll(() => statesOf(registrar)).toEqual(['registered', 'waiting']);
  });

  it('a name in a shared store is registered as long as one of the name servers of the store answers', async () => {
    const storage = new SharedStore();
    const [one, two] = [await start({ storage }), await start({ storage })];
    const { registrar, told } = registrarAt([one, two]);
    await registrar.start();
    await one.close();
    await expect.poll(() => told).toContain('unavailable');
    expect(statesOf(registrar)).toEqual(['registered', 'registered']);
    await two.close();
    await expect.poll(() => statesOf(registrar)).toEqual(['waiting', 'waiting']);
  });
});
