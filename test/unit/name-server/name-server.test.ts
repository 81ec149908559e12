import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  locateNameServer,
  type NameEvent,
  NameRegistrar,
  type NameServerClient,
  type PyroNameServer,
  type PyroNameServerOptions,
  PyroProxy,
  PyroRemoteError,
  resolve,
  SecurityError,
  startNameServer,
} from '../../../lib/core.js';
import type { Pending } from '../../../lib/objects/keyed-instances.js';
import { RegistrarLease } from '../../../lib/naming/registrar/registrar-lease.js';
import { AutoCleaner } from '../../../lib/name-server/auto-cleaner.js';
import { DEFAULT_NAME_LIMITS, NameArguments } from '../../../lib/name-server/names/name-rules.js';
import { MemoryNameStore } from '../../../lib/name-server/store/memory-store.js';
import type { NameRecord, NameSelection } from '../../../lib/name-server/store/name-store.js';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function start(options: PyroNameServerOptions = {}): Promise<PyroNameServer> {
  const server = await startNameServer({ host: '127.0.0.1', port: 0, ...options });
  cleanups.push(() => server.close());
  return server;
}

const addressOf = ({ uri }: PyroNameServer) => ({ host: uri.host!, port: uri.port! });

async function connect(server: PyroNameServer, handshake?: unknown): Promise<NameServerClient> {
  const client = await locateNameServer({ ...addressOf(server), ...(handshake !== undefined && { handshake }) });
  cleanups.push(() => client.release());
  return client;
}

/** Calls a method with any arguments, as a program could that does not use our client. */
async function rawCall(server: PyroNameServer, method: string, ...args: unknown[]): Promise<unknown> {
  const proxy = await PyroProxy.connect(server.uri);
  cleanups.push(() => proxy.$release());
  return proxy.$call(method, ...args);
}

const URI = 'PYRO:thing@127.0.0.1:4711';
const OTHER_URI = 'PYRO:thing@127.0.0.1:4712';

// first: Node warns once of a signal
it('name servers are located, and names looked up and watched, many at the same time without a warning of Node', async () => {
  const server = await start();
  const client = await connect(server);
  await client.register('lab.camera', URI);
  const emitted = vi.spyOn(process, 'emitWarning');
  cleanups.push(() => emitted.mockRestore());
  const many = Array.from({ length: 20 });
  const uris = await Promise.all(many.map(() => resolve('PYRONAME:lab.camera', addressOf(server))));
  expect(uris.map(String)).toEqual(many.map(() => URI));
  await Promise.all(many.map(() => connect(server)));
  const watches = many.map(() => client.watch());
  await Promise.all(watches.map((watch) => watch.next()));
  await Promise.all(watches.map((watch) => watch.return()));
  expect(emitted.mock.calls).toEqual([]);
});

describe('the limits of a name server', () => {
  it.each([
    ['maxNames', { maxNames: 1 }, ['a', URI, false, []]],
    ['maxNameLength', { maxNameLength: 20 }, ['a'.repeat(21), URI, false, []]],
    ['maxUriLength', { maxUriLength: 20 }, ['a', URI, false, []]],
    ['maxTags', { maxTags: 1 }, ['a', URI, false, ['one', 'two']]],
    ['maxTagsLength', { maxTagsLength: 6 }, ['a', URI, false, ['four', 'two']]],
    ['maxTagLength', { maxTagLength: 3 }, ['a', URI, false, ['four']]],
  ])('a registration over %s is refused, naming the option', async (option, limits, args) => {
    const server = await start({ limits });
    await expect(rawCall(server, 'register', ...args)).rejects.toMatchObject({
      pythonType: 'Pyro5.errors.NamingError',
      message: expect.stringContaining(`limits.${option}`) as string,
    });
    expect(await (await connect(server)).count()).toBe(1);
  });

  it('registrations over maxStoredBytes are refused, for names and for tags, and those that do not grow are taken', async () => {
    const uriBytes = URI.length;
    // two names of one character, with a tag of ten characters in one of them
    const server = await start({ limits: { maxStoredBytes: 2 * (201 + uriBytes) + 95 } });
    const client = await connect(server);
    const refused = {
      pythonType: 'Pyro5.errors.NamingError',
      message: expect.stringMatching(
        /\d+ bytes in all registrations, with this one: remove names or tags, or raise the limit; the name server takes \d+ \(its option limits\.maxStoredBytes\)$/,
      ) as string,
    };
    await client.register('a', URI);
    await client.register('b', URI, { metadata: ['x'.repeat(10)] });
    expect(await server.storedBytes()).toBe(2 * (201 + uriBytes) + 95);
    await expect(rawCall(server, 'register', 'c', URI)).rejects.toMatchObject(refused);
    await expect(rawCall(server, 'register', 'a', `${URI}1`)).rejects.toMatchObject(refused);
    await expect(rawCall(server, 'register_leased', 'a', URI, 'me', 60_000)).rejects.toMatchObject(refused);
    await expect(rawCall(server, 'set_metadata', 'a', ['x'])).rejects.toMatchObject(refused);
    expect(server.counters.maxStoredBytes).toBe(4);
    await client.register('b', OTHER_URI, { metadata: ['y'.repeat(10)] });
    await client.setMetadata('b', ['x']);
    await client.setMetadata('b', ['x'.repeat(10)]);
    await client.remove('b');
    await client.register('c', URI);
    expect(await server.storedBytes()).toBe(2 * (201 + uriBytes));
  });

  it('registrations at the same time do not pass the limits together', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'names-'));
    cleanups.push(() => rm(directory, { recursive: true }));
    for (const limits of [{ maxNames: 11 }, { maxStoredBytes: 10 * (202 + URI.length) }]) {
      const server = await start({ storage: `file:${join(directory, Object.keys(limits)[0]!)}`, limits });
      const clients = await Promise.all(Array.from({ length: 30 }, () => connect(server)));
      const answers = await Promise.allSettled(clients.map((client, index) => client.register(String(10 + index), URI)));
      expect(answers.filter(({ status }) => status === 'fulfilled').length).toBeLessThanOrEqual(10);
      expect(await server.count()).toBeLessThanOrEqual(11);
      for (let index = 0; (await server.count()) < 11; index++) await clients[0]!.register(String(50 + index), URI);
      await expect(clients[0]!.register('99', URI)).rejects.toThrow(`limits.${Object.keys(limits)[0]}`);
    }
  });

  it('a lease that is a list is refused, and told by its first items', async () => {
    const server = await start();
    const list = Array.from({ length: 10_000 }, (_, index) => index);
    await expect(rawCall(server, 'register_leased', 'a', URI, 'me', list)).rejects.toMatchObject({
      args: [expect.stringMatching(/^a lease of \[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, …\] ms; it must be from 1000 to/)],
    });
  });

  it('tags of a search, and names of a renewal, are not copied: the first that is refused ends the reading', () => {
    const read = new NameArguments(DEFAULT_NAME_LIMITS);
    let visited = 0;
    const values = function* (): Iterable<unknown> {
      for (; visited < 1_000; visited++) yield [];
    };
    expect(() => read.searchedTags(values(), 'metadata_any')).toThrow("unhashable type: 'list'");
    expect(() => read.renewedNames(values())).toThrow('name must be a str');
    expect(visited).toBe(0);
    expect(read.searchedTags(Buffer.from('ab'), 'metadata_any')).toEqual({ tags: [], hasOthers: true });
  });

  it('a renewal of more leases than maxRenewedNames is refused, and programs of this library renew in parts', async () => {
    const server = await start({ limits: { maxRenewedNames: 1_000 } });
    const names = Array.from({ length: 2_500 }, (_, index) => `name${index}`);
    await expect(rawCall(server, 'renew_leases', 'me', names.slice(0, 1_001))).rejects.toMatchObject({
      pythonType: 'Pyro5.errors.NamingError',
      message: expect.stringContaining(
        '1001 names in one renewal of leases: renew them in parts; the name server takes 1000 (its option limits.maxRenewedNames)',
      ) as string,
    });
    expect(server.counters.maxRenewedNames).toBe(1);
    await expect(rawCall(server, 'renew_leases', 'me', 'abc')).rejects.toMatchObject({ pythonType: 'builtins.TypeError' });
    const lease = new RegistrarLease(60_000);
    const client = await connect(server);
    await lease.put(client, 'name2000', server.uri, []);
    expect(await lease.renew(client, names)).toEqual(names.filter((name) => name !== 'name2000'));
    await expect(start({ limits: { maxRenewedNames: 999 } })).rejects.toThrow('maxRenewedNames is 999');
  });

  it('a regular expression over maxRegexLength is refused', async () => {
    const client = await connect(await start({ limits: { maxRegexLength: 5 } }));
    await expect(client.list({ regex: 'abcdef' })).rejects.toThrow('limits.maxRegexLength');
  });

  it('a regular expression over maxRegexInstructions is refused, for listing and for removing', async () => {
    const server = await start({ limits: { maxRegexInstructions: 20 } });
    for (const [method, ...args] of [
      ['list', null, 'a{30}'],
      ['remove', null, null, 'a{30}'],
    ] as const) {
      await expect(rawCall(server, method, ...args)).rejects.toThrow('limits.maxRegexInstructions');
    }
  });

  it('a regular expression that takes longer than maxRegexMs is refused, for listing and for removing', async () => {
    const server = await start({ limits: { maxRegexMs: 1 } });
    const client = await connect(server);
    // one name takes some 40 ms
    for (let index = 0; index < 3; index++) await client.register(`${'a'.repeat(990)}${index}`, URI);
    for (const [method, ...args] of [
      ['list', null, '(a{1,20}){1,20}b'],
      ['remove', null, null, '(a{1,20}){1,20}b'],
    ] as const) {
      await expect(rawCall(server, method, ...args)).rejects.toMatchObject({
        pythonType: 'Pyro5.errors.NamingError',
        message: expect.stringMatching(
          /: \d+ ms for a regex and 4 names: use a simpler regex, or a prefix; the name server takes 1 \(its option limits\.maxRegexMs\)/,
        ) as string,
      });
    }
    expect(server.counters.maxRegexMs).toBe(2);
    expect((await client.list({ prefix: 'a' })).size).toBe(3);
  });

  it('a regular expression that takes exponential time elsewhere is matched in linear time', async () => {
    const client = await connect(await start());
    await client.register('a'.repeat(500), URI);
    expect(await client.list({ regex: '(a+)+$' })).toEqual(new Map([['a'.repeat(500), URI]]));
    expect((await client.list({ regex: '(a+)+b' })).size).toBe(0);
  });

  it('a watch over maxWatches is refused, and our client asks again until another watch has ended', async () => {
    const server = await start({ limits: { maxWatches: 1 } });
    const client = await connect(server);
    const first = client.watch();
    await first.next();
    const stream = (await rawCall(server, 'watch')) as AsyncIterable<unknown>;
    await expect(stream[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      pythonType: 'Pyro5.errors.NamingError',
      args: ['too many watches: 1 are open; the name server takes 1 (its option limits.maxWatches)'],
    });
    const refused = once(server.daemon, 'callFailed');
    const second = client.watch();
    const event = second.next();
    await refused;
    await first.return();
    expect((await event).value).toMatchObject({ kind: 'registered', name: 'Pyro.NameServer' });
    await second.return();
  });

  it('watches that are not read hold at most maxWatchBytes, and those that are read and closed hold nothing', async () => {
    const server = await start({ limits: { maxWatchBytes: 16 * 100 } });
    const client = await connect(server);
    for (let i = 0; i < 19; i++) await client.register(`name ${i}`, URI, { metadata: ['lab'] });
    const open = async (tags: string[] = []): Promise<AsyncIterator<{ change: string }>> => {
      const opened = (await client.changes('', tags))[Symbol.asyncIterator]();
      await opened.next();
      return opened;
    };
    const change = ({ value }: IteratorResult<{ change: string }>): string => (value as { change: string }).change;
    const [first, second] = [await open(), await open()];
    await expect(open()).rejects.toThrow('limits.maxWatchBytes');
    // a watch with tags keeps the names, too
    await second.return!();
    await expect(open(['lab'])).rejects.toThrow('limits.maxWatchBytes');
    while (change(await first.next()) !== 'ready');
    await (
      await open()
    ).return!();
    // the first watch is behind now: its changes take too much
    for (let i = 0; i < 19; i++) await client.register(`name ${i}`, `PYRO:again@localhost:${i + 1}`);
    const items: string[] = [];
    while (items.at(-1) !== 'ready') items.push(change(await first.next()));
    expect(items).toEqual(['restart', ...Array.from({ length: 20 }, () => 'registered'), 'ready']);
    await first.return!();
  });

  it('a wrong option is refused by its name', async () => {
    await expect(start({ limits: { maxNames: -1 } })).rejects.toThrow('maxNames is -1');
    await expect(start({ autocleanMs: 10 })).rejects.toThrow('autocleanMs is 10; it must be 0, or a whole number from 3000');
    await expect(start({ policy: { register: 'local' as never } })).rejects.toThrow('policy.register is the text "local"');
    await expect(start({ policy: { registr: 'loopback' } as never })).rejects.toThrow(
      'policy.registr is no option; did you mean register?',
    );
    await expect(start({ storage: 'dbm:names' })).rejects.toThrow('storage is the text "dbm:names"');
    await expect(start({ broadcast: true })).rejects.toThrow('broadcast is of no use at 127.0.0.1');
    await expect(start({ broadcast: true, host: 'localhost' })).rejects.toThrow('broadcast is of no use at localhost');
  });
});

it('arguments that Python takes for false select nothing, an empty dict too', async () => {
  const server = await start();
  for (const nothing of [{}, new Map(), [], new Set(), '', 0, false, null]) {
    expect(await rawCall(server, 'yplookup', nothing)).toEqual({});
    expect(await rawCall(server, 'remove', null, nothing)).toBe(0);
  }
});

it('names and tags of other types select nothing, as in Python, and lists and dicts are no names', async () => {
  const server = await start();
  await rawCall(server, 'register', 'lab', URI, false, ['x', 'y']);
  const lab = { lab: expect.anything() as unknown };
  for (const others of [[1], [null], [1.5, true]]) {
    expect(await rawCall(server, 'yplookup', null, ['x', ...others])).toEqual(lab);
    expect(await rawCall(server, 'yplookup', ['x', ...others])).toEqual({});
    expect(await rawCall(server, 'yplookup', null, others)).toEqual({});
    expect(await rawCall(server, 'yplookup', others)).toEqual({});
  }
  for (const name of [1, 1.5, true]) expect(await rawCall(server, 'remove', name)).toBe(0);
  await expect(rawCall(server, 'remove', ['lab'])).rejects.toThrow("unhashable type: 'list'");
  await expect(rawCall(server, 'yplookup', null, ['x', { a: 1 }])).rejects.toThrow("unhashable type: 'dict'");
  expect(await rawCall(server, 'yplookup', ['x', 'y'])).toEqual(lab);
});

describe('the policy of a name server', () => {
  it('the policy of a name server decides by the principal that the handshake guard set, and by the name', async () => {
    const server = await start({
      validateHandshake: ({ data }) => ({ principal: data }),
      policy: {
        register: ({ principal, name }) => principal === 'admin' || name!.startsWith(`${String(principal)}.`),
        remove: ({ principal }) => principal === 'admin',
        setMetadata: 'nobody',
        list: ({ principal }) => principal !== 'guest',
      },
    });
    const [lab, guest] = [await connect(server, 'lab'), await connect(server, 'guest')];
    await lab.register('lab.camera', URI);
    const refused = (pattern: RegExp) => ({
      pythonType: 'Pyro5.errors.SecurityError',
      message: expect.stringMatching(pattern) as string,
    });
    await expect(lab.register('other.camera', URI)).rejects.toMatchObject(
      refused(/127.0.0.1:\d+ may not register the name "other.camera"/),
    );
    await expect(lab.remove('lab.camera')).rejects.toMatchObject(refused(/may not remove/));
    await expect(lab.remove({ prefix: 'lab' })).rejects.toMatchObject(refused(/may not remove the name "lab.camera"/));
    await expect(lab.setMetadata('lab.camera', ['x'])).rejects.toMatchObject(refused(/may not change the metadata of/));
    expect((await guest.lookup('lab.camera')).toString()).toBe(URI);
    for (const ask of [guest.list(), guest.yplookup({ all: ['x'] }), guest.watch().next()]) {
      await expect(ask).rejects.toMatchObject(refused(/may not list names/));
    }
    expect(await (await connect(server, 'admin')).remove({ prefix: 'lab' })).toBe(1);
  });

  it('the policy of a name server refuses clients when a rule gives neither true nor false, and warns of each rule once', async () => {
    const emitted = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    cleanups.push(() => emitted.mockRestore());
    const policy = { remove: () => 'no', list: () => Promise.resolve({}), setMetadata: () => undefined, takeover: () => 1 };
    const server = await start({ policy: policy as never });
    const client = await connect(server);
    await rawCall(server, 'register_leased', 'held', URI, 'one', 60_000);
    for (let time = 0; time < 2; time++) {
      await expect(client.remove('held')).rejects.toThrow(/may not remove the name "held": the name server's policy refuses it/);
      await expect(client.list()).rejects.toThrow(/may not list names/);
      await expect(client.setMetadata('held', ['tag'])).rejects.toThrow(/may not change the metadata/);
      await expect(client.register('held', OTHER_URI)).rejects.toThrow('belongs to the running server');
    }
    const given = { remove: 'the text "no"', list: 'an object', setMetadata: 'undefined', takeover: '1' };
    expect(emitted.mock.calls).toEqual(
      Object.entries(given).map(([action, text]) => [
        `policy.${action} of the name server has given ${text}; it must be true or false. The client was refused`,
        { code: 'PYRO_NAME_POLICY' },
      ]),
    );
  });

  it('the policy of a name server does not tell by removing which names there are, to who may not list them', async () => {
    const server = await start({
      validateHandshake: ({ data }) => ({ principal: data }),
      policy: { list: 'nobody', remove: ({ principal }) => principal === 'admin' },
    });
    const [admin, guest] = [await connect(server, 'admin'), await connect(server, 'guest')];
    await admin.register('vault.key', URI);
    for (const client of [admin, guest]) {
      for (const filter of [{ prefix: 'vault' }, { prefix: 'other' }, { regex: 'vault' }, { regex: 'other' }]) {
        await expect(client.remove(filter)).rejects.toThrow(/127\.0\.0\.1:\d+ may not list names/);
      }
    }
    expect(await admin.remove('vault.key')).toBe(1);
  });

  it('the policy of a name server lets programs of this machine register with the rule loopback', async () => {
    const client = await connect(await start({ policy: { register: 'loopback' } }));
    await client.register('a', URI);
    expect(await client.count()).toBe(2);
  });

  it('nobody registers or removes the name of the name server itself', async () => {
    const server = await start();
    const client = await connect(server);
    await expect(client.register('Pyro.NameServer', URI)).rejects.toBeInstanceOf(PyroRemoteError);
    expect(await client.remove('Pyro.NameServer')).toBe(0);
    expect(await client.lookup('Pyro.NameServer')).toEqual(server.uri);
    expect(new SecurityError('x').pythonType).toBe('Pyro5.errors.SecurityError');
  });
});

describe('the lease of a name', () => {
  async function registrar(server: PyroNameServer, uri: string, retryIntervalMs = 50): Promise<NameRegistrar> {
    const made = new NameRegistrar({ nameServer: addressOf(server), objects: [{ name: 'lab.camera', uri }], retryIntervalMs });
    cleanups.push(() => made.stop());
    return made;
  }

  it('the lease of a name keeps the name from others while its program lives, and ends with the program’s own removal', async () => {
    const server = await start();
    const [client, owner] = [await connect(server), await registrar(server, URI)];
    expect(await owner.start()).toBe(true);
    await expect(client.register('lab.camera', OTHER_URI)).rejects.toThrow(
      `name is in use: lab.camera belongs to the running server at ${URI}`,
    );
    await expect(client.remove('lab.camera')).rejects.toThrow('name is in use');
    expect(await client.remove({ prefix: 'lab' })).toBe(0);
    await expect(client.register('lab.camera', URI, { safe: true })).rejects.toThrow('name already registered: lab.camera');
    await owner.stop();
    expect((await client.list()).has('lab.camera')).toBe(false);
  });

  it('another program gets the name as soon as it is free', async () => {
    const server = await start();
    const [first, second] = [await registrar(server, URI), await registrar(server, OTHER_URI)];
    await first.start();
    const taken = once(second, 'taken');
    expect(await second.start()).toBe(false);
    expect((await taken).map(String)).toEqual(['lab.camera', URI]);
    const registered = once(second, 'registered');
    await first.stop();
    expect((await registered).slice(0, 2).map(String)).toEqual(['lab.camera', OTHER_URI]);
  });

  it('a program that starts again at the same address has its name at once, and the lease when the old one is overdue', async () => {
    const store = new MemoryNameStore();
    const server = await start({ storage: store });
    await rawCall(server, 'register_leased', 'lab.camera', URI, 'its last process', 4_000);
    const short = await registrar(server, URI);
    const again = await registrar(server, URI);
    for (const one of [short, again])
      for (const event of ['taken', 'unavailable'] as const) one.on(event, () => expect.unreachable());
    expect(await short.start()).toBe(true);
    await short.stop();
    expect(await again.start()).toBe(true);
    expect(store.get('lab.camera')!.lease!.owner).toBe('its last process');
    await expect.poll(() => store.get('lab.camera')?.lease?.ttlMs, { timeout: 60_000 }).toBe(15_000);
  });

  it('the lease of a name cannot be taken in two steps: first with the same URI, then with another one', async () => {
    const server = await start();
    const owner = await registrar(server, URI);
    await owner.start();
    const evil = ['lab.camera', OTHER_URI] as const;
    await rawCall(server, 'register', 'lab.camera', URI);
    await expect(rawCall(server, 'register', ...evil)).rejects.toThrow('name is in use');
    await expect(rawCall(server, 'register_leased', 'lab.camera', URI, 'evil', 60_000)).rejects.toThrow('name is in use');
    await expect(rawCall(server, 'register_leased', ...evil, 'evil', 60_000)).rejects.toThrow('name is in use');
    await expect(rawCall(server, 'remove', 'lab.camera')).rejects.toThrow('name is in use');
  });

  it('the lease of a name keeps the tags of the name, so that a search by tags finds no other one', async () => {
    const server = await start();
    const owner = new NameRegistrar({
      nameServer: addressOf(server),
      objects: [{ name: 'lab.camera', uri: URI, metadata: ['camera'] }],
    });
    cleanups.push(() => owner.stop());
    await owner.start();
    const client = await connect(server);
    await expect(client.setMetadata('lab.camera', [])).rejects.toThrow('name is in use: lab.camera');
    await expect(client.register('lab.camera', URI, { metadata: ['other'] })).rejects.toThrow('name is in use: lab.camera');
    expect([...(await client.yplookup({ all: ['camera'] })).keys()]).toEqual(['lab.camera']);
  });

  it('the lease of a name is taken again by its program when it was lost', async () => {
    const store = new MemoryNameStore();
    const server = await start({ storage: store });
    const owner = await registrar(server, URI);
    await owner.start();
    const { lease: _, ...record } = store.get('lab.camera')!;
    store.put({ ...record, lease: undefined }, { safe: false, takeover: true });
    await expect.poll(() => store.get('lab.camera')?.lease).toBeDefined();
    const taken = once(owner, 'taken');
    store.put({ ...record, uri: OTHER_URI, lease: undefined }, { safe: false, takeover: true });
    expect((await taken).map(String)).toEqual(['lab.camera', OTHER_URI]);
  });

  it('the lease of a name ends when it is not renewed: the name goes away, and watchers are told', async () => {
    const server = await start();
    const client = await connect(server);
    await client.register('lab.other', URI);
    const events = client.watch({ prefix: 'lab.' });
    // the watch has begun: it misses no change
    expect((await events.next()).value).toMatchObject({ kind: 'registered', name: 'lab.other' });
    await rawCall(server, 'register_leased', 'lab.camera', URI, 'an owner', 1_000);
    expect((await events.next()).value).toMatchObject({ kind: 'registered', name: 'lab.camera' });
    expect((await events.next()).value).toEqual({ kind: 'removed', name: 'lab.camera' });
    await events.return();
    expect(await client.count()).toBe(2);
  });

  it('a policy may allow to take a name over', async () => {
    const server = await start({ policy: { takeover: 'loopback' } });
    const client = await connect(server);
    await (await registrar(server, URI, 60_000)).start();
    await client.setMetadata('lab.camera', ['tag']);
    expect((await client.lookupWithMetadata('lab.camera')).metadata).toEqual(new Set(['tag']));
    await client.register('lab.camera', OTHER_URI);
    expect(String(await client.lookup('lab.camera'))).toBe(OTHER_URI);
  });
});

describe('watching names', () => {
  /** Collects the names of events until `end` is one of them. */
  async function collect(events: AsyncIterable<NameEvent>, end: string): Promise<string[]> {
    const found: string[] = [];
    for await (const { kind, name } of events) {
      found.push(`${kind} ${name}`);
      if (name === end) break;
    }
    return found;
  }

  it('a watch gives the present names, and each change of those names that the prefix and the tags select', async () => {
    const client = await connect(await start());
    await client.register('lab.first', URI, { metadata: ['cam', 'x'] });
    await client.register('lab.none', URI);
    const events = client.watch({ prefix: 'lab.', tags: ['cam'] });
    expect((await events.next()).value).toMatchObject({ kind: 'registered', name: 'lab.first', metadata: new Set(['cam', 'x']) });
    await client.register('other', URI, { metadata: ['cam'] });
    await client.setMetadata('lab.none', ['cam']);
    await client.setMetadata('lab.none', []);
    await client.remove('lab.first');
    await client.register('lab.end', OTHER_URI, { metadata: ['cam'] });
    expect(await collect(events, 'lab.end')).toEqual([
      'registered lab.none',
      'removed lab.none',
      'removed lab.first',
      'registered lab.end',
    ]);
  });

  it('a watch goes on after the name server was away, and gives the changes of the meantime', async () => {
    const server = await start();
    const client = await connect(server);
    await client.register('stays', URI);
    await client.register('goes', URI);
    const events = client.watch();
    for (let count = 0; count < 3; count++) await events.next();
    const { port } = addressOf(server);
    await server.close();
    const again = await start({ port });
    const other = await connect(again);
    await other.register('stays', URI);
    await other.register('comes', URI);
    const found = await collect(events, 'comes');
    expect(found).toContain('removed goes');
    expect(found).not.toContain('removed stays');
  });

  it('waitFor gives the URI as soon as the name is registered, and fails after timeoutMs', async () => {
    const client = await connect(await start());
    const waiting = client.waitFor('lab.camera');
    await client.register('lab.camera2', OTHER_URI);
    await client.register('lab.camera', URI);
    expect(String(await waiting)).toBe(URI);
    await expect(client.waitFor('lab.nothing', { timeoutMs: 50 })).rejects.toThrow(
      '"lab.nothing" was not registered within timeoutMs (50 ms)',
    );
    await expect(client.waitFor('lab.nothing', { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
  });

  it('waitFor keeps its time limits at a name server that has stopped answering', async () => {
    const server = await start();
    // longer than this test may take
    const client = await locateNameServer({ ...addressOf(server), callTimeoutMs: 3_600_000, connectTimeoutMs: 3_600_000 });
    cleanups.push(() => client.release());
    const { port } = addressOf(server);
    await server.close();
    const silent = createServer((socket) => socket.on('error', () => undefined)).listen(port, '127.0.0.1');
    const sockets: Socket[] = [];
    silent.on('connection', (socket: Socket) => sockets.push(socket));
    await once(silent, 'listening');
    cleanups.push(() => {
      for (const socket of sockets) socket.destroy();
      silent.close();
    });
    await expect(client.waitFor('lab.camera', { timeoutMs: 100 })).rejects.toThrow('within timeoutMs (100 ms)');
    const enough = AbortSignal.timeout(100);
    await expect(client.waitFor('lab.camera', { signal: enough })).rejects.toThrow('timeout');
  });

  it('a watch without changes lasts longer than callTimeoutMs, on one connection', async () => {
    const server = await start();
    const client = await locateNameServer({ ...addressOf(server), callTimeoutMs: 200 });
    cleanups.push(() => client.release());
    let connections = 0;
    server.daemon.on('connection', () => connections++);
    const events = client.watch();
    await events.next();
    const next = events.next();
    // a new connection would be there after 1.2 s
    await sleep(2_000);
    await client.register('lab.camera', URI);
    expect((await next).value).toMatchObject({ name: 'lab.camera' });
    expect(connections).toBe(1);
    await events.return();
  });
});

describe('autoclean', () => {
  it('autoclean removes the names of a server that cannot be reached, and no other', async () => {
    const alive = createServer().listen(0, '127.0.0.1');
    await once(alive, 'listening');
    cleanups.push(() => alive.close());
    const { port } = alive.address() as { port: number };
    const store = new MemoryNameStore();
    const put = (name: string, uri: string, lease?: { owner: string; ttlMs: number }) =>
      store.put({ name, uri, metadata: undefined, lease }, { safe: false, takeover: false });
    put('alive', `PYRO:a@127.0.0.1:${port}`);
    put('dead', 'PYRO:a@127.0.0.1:1');
    put('leased', 'PYRO:a@127.0.0.1:1', { owner: 'someone', ttlMs: 60_000 });
    put('elsewhere', 'PYRONAME:alive');
    const cleaned: string[] = [];
    const fail = (error: unknown): void => expect.unreachable(String(error));
    const cleaner = new AutoCleaner(store, { intervalMs: 10, maxUnreachableMs: 100 }, (name) => cleaned.push(name), fail);
    cleanups.push(() => cleaner.stop());
    await expect.poll(() => cleaned).toEqual(['dead']);
    expect((await store.list({ by: 'all' })).map(({ name }) => name)).toEqual(['alive', 'leased', 'elsewhere']);
  });

  it('autoclean keeps a name that was registered again while its server was tried, and one that has moved since it was unreachable', async () => {
    const PUT = { safe: false, takeover: false };
    const record = (name: string, port: number) => ({
      name,
      uri: `PYRO:a@127.0.0.1:${port}`,
      metadata: undefined,
      lease: undefined,
    });
    let port = 2;
    /** A store in which programs register names at the most awkward times. */
    class BusyStore extends MemoryNameStore {
      override list(selection: NameSelection): Pending<NameRecord[]> {
        this.put(record('moving', (port = 5 - port)), PUT);
        return super.list(selection);
      }

      override removeUnchanged(checked: NameRecord): boolean {
        if (checked.name === 'back') this.put(record('back', 1), PUT);
        return super.removeUnchanged(checked);
      }
    }
    const store = new BusyStore();
    for (const name of ['moving', 'back', 'dead']) store.put(record(name, name === 'moving' ? port : 1), PUT);
    const cleaned: string[] = [];
    const fail = (error: unknown): void => expect.unreachable(String(error));
    const cleaner = new AutoCleaner(store, { intervalMs: 10, maxUnreachableMs: 100 }, (name) => cleaned.push(name), fail);
    cleanups.push(() => cleaner.stop());
    await expect.poll(() => cleaned).toEqual(['dead']);
    expect(['moving', 'back', 'dead'].filter((name) => store.get(name))).toEqual(['moving', 'back']);
  });
});

describe('autoclean that is stopped', () => {
  /** A store whose lists and removals wait. */
  class SlowStore extends MemoryNameStore {
    readonly lists: (() => void)[] = [];
    readonly removals: (() => void)[] = [];

    override async list(selection: NameSelection): Promise<NameRecord[]> {
      await new Promise<void>((go) => this.lists.push(go));
      return super.list(selection);
    }

    // @ts-expect-error a store in memory answers at once
    override async removeUnchanged(checked: NameRecord): Promise<boolean> {
      await new Promise<void>((go) => this.removals.push(go));
      return super.removeUnchanged(checked);
    }
  }
  const slowStore = (): { store: SlowStore; cleaner: AutoCleaner; cleaned: string[] } => {
    const store = new SlowStore();
    for (const name of ['dead', 'gone'])
      store.put({ name, uri: 'PYRO:a@127.0.0.1:1', metadata: undefined, lease: undefined }, { safe: false, takeover: false });
    const cleaned: string[] = [];
    const fail = (error: unknown): void => expect.unreachable(String(error));
    const cleaner = new AutoCleaner(store, { intervalMs: 1, maxUnreachableMs: 1 }, (name) => cleaned.push(name), fail);
    cleanups.push(() => cleaner.stop());
    return { store, cleaner, cleaned };
  };
  /** Runs rounds until the first removal waits. */
  const untilRemoval = (store: SlowStore): Promise<unknown> =>
    vi.waitUntil(() => (store.lists.shift()?.(), store.removals.length > 0), { timeout: 20_000, interval: 2 });

  it('autoclean that is stopped waits for the removal that runs, and removes no further name', async () => {
    const { store, cleaner, cleaned } = slowStore();
    await untilRemoval(store);
    const stopped = cleaner.stop();
    store.removals.shift()!();
    await stopped;
    expect(cleaned).toEqual(['dead']);
    expect([store.get('dead'), store.get('gone')?.name]).toEqual([undefined, 'gone']);
    await nextTurn();
    expect(store.removals).toEqual([]);
  });

  it('autoclean that is stopped waits for the list that runs, and tries no server', async () => {
    const { store, cleaner } = slowStore();
    await vi.waitUntil(() => store.lists.length > 0, { timeout: 20_000, interval: 2 });
    let isStopped = false;
    const stopped = cleaner.stop().then(() => (isStopped = true));
    await nextTurn();
    expect(isStopped).toBe(false);
    store.lists.shift()!();
    await stopped;
    expect(store.removals).toEqual([]);
  });

  it('autoclean that is stopped is waited for by the end of its name server', async () => {
    const stop = vi.spyOn(AutoCleaner.prototype, 'stop');
    cleanups.push(() => vi.restoreAllMocks());
    let release!: () => void;
    stop.mockReturnValueOnce(new Promise<void>((go) => (release = go)));
    const nameServer = await startNameServer({ port: 0, autocleanMs: 3_000 });
    let isClosed = false;
    const closed = nameServer.close().then(() => (isClosed = true));
    await once(nameServer.daemon, 'close');
    await nextTurn();
    expect(isClosed).toBe(false);
    release();
    await closed;
  });

  it('autoclean ends with the daemon of its name server, which closes the store, too', async () => {
    const stop = vi.spyOn(AutoCleaner.prototype, 'stop');
    cleanups.push(() => vi.restoreAllMocks());
    const directory = await mkdtemp(join(tmpdir(), 'names-'));
    cleanups.push(() => rm(directory, { recursive: true }));
    const storage = `file:${join(directory, 'names')}`;
    const nameServer = await start({ autocleanMs: 3_000, storage });
    await expect(start({ storage })).rejects.toThrow('names');
    await nameServer.daemon.close();
    expect(stop).toHaveBeenCalledOnce();
    // another process may write the file now
    const again = await vi.waitUntil(() => start({ storage }).catch(() => undefined), { timeout: 20_000, interval: 5 });
    expect(await again!.count()).toBe(1);
  });
});

describe('at its start a name server', () => {
  /** The warnings of a name server that listens on all interfaces. */
  async function warningsOf(options: PyroNameServerOptions): Promise<string[]> {
    const emitted = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    try {
      await start({ host: '0.0.0.0', ...options });
      return emitted.mock.calls.map(([text, given]) => `${given?.code}: ${String(text)}`);
    } finally {
      emitted.mockRestore();
    }
  }

  it('a name server warns once at its start, with all remedies, when everybody in the network may change names', async () => {
    const [warning, ...others] = await warningsOf({});
    expect(others).toEqual([]);
    expect(warning).toMatch(
      /^PYRO_OPEN_NAME_SERVER: whoever reaches the name server at 0\.0\.0\.0:\d+ may look up, register and remove names/,
    );
    for (const remedy of [
      "register: 'loopback'",
      '--write loopback',
      'tls',
      'validateHandshake',
      'handshakeGuards',
      "profile: 'lab'",
    ]) {
      expect(warning).toContain(remedy);
    }
  });

  it.each<[string, PyroNameServerOptions]>([
    ['on loopback', { host: '127.0.0.1' }],
    ['with a policy', { policy: { register: 'loopback', remove: 'loopback', setMetadata: 'loopback' } }],
    ['with a guard', { validateHandshake: () => undefined }],
    ['in a lab', { profile: 'lab' }],
  ])('a name server %s does not warn at its start', async (_, options) => {
    expect(await warningsOf(options)).toEqual([]);
  });
});
