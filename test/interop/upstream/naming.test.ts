import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  DAEMON_OBJECT_ID,
  locateNameServer,
  type NameServerClient,
  NAME_SERVER_OBJECT_ID,
  NamingError,
  PyroError,
  PyroProxy,
  PyroRemoteError,
  PyroUri,
  resolve,
} from '../../../lib/core.js';
import { PythonServer } from '../client/python-server.js';

/* The cases of Pyro5's tests/test_naming.py, for the name server's client; docs/audit/upstream-tests.md says which is which. */

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const host = '127.0.0.1';

describe('locating and resolving', () => {
  let server: PythonServer;
  let nameServerUri: string;
  beforeAll(async () => {
    server = await PythonServer.start('nameserver', '--host', '0.0.0.0', '--bchost', host, '--bcport', '0');
    nameServerUri = `PYRO:${NAME_SERVER_OBJECT_ID}@${host}:${server.port}`;
  });
  afterAll(() => server.kill());

  async function locate(options: Parameters<typeof locateNameServer>[0]): Promise<NameServerClient> {
    const nameServer = await locateNameServer(options);
    cleanups.push(() => nameServer.release());
    return nameServer;
  }

  it('locating fails with a NamingError at a unix socket that does not exist', async () => {
    await expect(locateNameServer({ unixSocket: join(tmpdir(), 'pyro-naming-that-is-not-there.sock') })).rejects.toThrow(
      NamingError,
    );
  });

  it('locating finds the name server by broadcast, at an address that can be reached, and by host and port', async () => {
    const broadcast = { port: server.broadcastPort!, addresses: [host] };
    const found = await locate({ broadcast });
    expect(found.uri.port).toBe(server.port);
    expect(found.uri.host).not.toBe('0.0.0.0');
    expect(await found.count()).toBe(1);
    expect(String((await locate({ host, port: server.port })).uri)).toBe(nameServerUri);
    expect((await resolve(`PYRONAME:${NAME_SERVER_OBJECT_ID}`, { broadcast })).protocol).toBe('PYRO');
    await expect(resolve('PYRONAME:unknown_object', { broadcast })).rejects.toThrow(NamingError);
  });

  it('a program reaches the name server’s daemon, too', async () => {
    await using daemon = await PyroProxy.connect(`PYRO:${DAEMON_OBJECT_ID}@${host}:${server.port}`);
    await daemon['ping']!();
    expect(await daemon['registered']!()).toEqual(expect.arrayContaining([DAEMON_OBJECT_ID, NAME_SERVER_OBJECT_ID]));
    await expect(daemon.$call('shutdown')).rejects.toMatchObject({ pythonType: 'builtins.AttributeError' });
  });

  it('resolving gives direct URIs as they are, and names as the name server has them, again and again', async () => {
    const direct = new PyroUri('PYRO:12345@host.com:4444');
    for (const uri of [direct, String(direct)]) expect(await resolve(uri)).toEqual(direct);
    const [daemonUri, nameUri] = [
      `PYRO:${DAEMON_OBJECT_ID}@${host}:${server.port}`,
      `PYRONAME:${NAME_SERVER_OBJECT_ID}@${host}:${server.port}`,
    ];
    for (let round = 0; round < 3; round++) {
      expect(String(await resolve(daemonUri))).toBe(daemonUri);
      const resolved = await resolve(nameUri);
      expect([resolved.protocol, resolved.object, resolved.port]).toEqual(['PYRO', NAME_SERVER_OBJECT_ID, server.port]);
      await using proxy = await PyroProxy.connect(nameServerUri);
      expect(proxy.$connected).toBe(true);
    }
    await expect(resolve(`PYRONAME:unknown_object@${host}:${server.port}`)).rejects.toThrow(NamingError);
    await expect(resolve(999 as unknown as string)).rejects.toThrow(PyroError);
  });

  it('resolving refuses dotted names of remote members', async () => {
    await using proxy = await PyroProxy.connect(nameServerUri);
    await expect(proxy.$call('namespace.keys')).rejects.toMatchObject({ pythonType: 'builtins.AttributeError' });
    expect(proxy.$connected).toBe(true);
    await proxy.$release();
    expect(proxy.$connected).toBe(false);
  });
});

describe.each(['memory', 'sql'])('a name server that stores in %s', (storage) => {
  let server: PythonServer;
  let ns: NameServerClient;
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'pyro-'));
    const place = storage === 'sql' ? `sql:${join(directory, 'names.sqlite')}` : 'memory';
    server = await PythonServer.start('nameserver', '--storage', place);
    ns = await locateNameServer({ host, port: server.port });
  });
  afterAll(async () => {
    await ns.release();
    await server.kill();
    await rm(directory, { recursive: true });
  });
  beforeEach(async () => {
    await ns.remove({ prefix: '' });
    await ns.remove({ regex: '.*' });
  });

  const names = async (filter?: Parameters<NameServerClient['list']>[0]): Promise<string[]> =>
    [...(await ns.list(filter)).keys()].filter((name) => name !== NAME_SERVER_OBJECT_ID).sort();

  it('a name server registers names, again and safely, and removes them', async () => {
    await ns.ping();
    await ns.register('test.object1', 'PYRO:000000@host.com:4444');
    await ns.register('test.object2', 'PYRO:222222@host.com:4444');
    await ns.register('test.object3', new PyroUri('PYRO:333333@host.com:4444'));
    expect(String(await ns.lookup('test.object1'))).toBe('PYRO:000000@host.com:4444');
    await ns.register('test.object1', 'PYRO:111111@host.com:4444');
    expect(String(await ns.lookup('test.object1'))).toBe('PYRO:111111@host.com:4444');
    await ns.register('test.sub.objectA', 'PYRO:AAAAAA@host.com:4444');
    await ns.register('test.sub.objectB', 'PYRO:BBBBBB@host.com:4444');
    await expect(ns.register('test.object1', 'PYRO:X@Y:5555', { safe: true })).rejects.toThrow(NamingError);
    await expect(ns.lookup('unknown_object')).rejects.toThrow(NamingError);
    expect(await ns.lookup('test.object3')).toEqual(new PyroUri('PYRO:333333@host.com:4444'));
    for (const name of ['unknown_object', 'test.object1', 'test.object2', 'test.object3']) await ns.remove(name);
    expect(await names()).toEqual(['test.sub.objectA', 'test.sub.objectB']);
  });

  it('a name server refuses invalid names and URIs', async () => {
    await expect(ns.register('test.nonurivalue', 'THISVALUEISNOTANURI')).rejects.toThrow(PyroError);
    for (const [name, uri] of [
      ['test.wrongtype', 5555],
      [4444, 'PYRO:X@Y:5555'],
      [null, null],
    ] as unknown as [string, string][]) {
      await expect(ns.register(name, uri)).rejects.toThrow(Error);
    }
    expect(await names()).toEqual([]);
  });

  it('a name server removes names by name, by prefix and by regex', async () => {
    for (let i = 0; i < 20; i++) await ns.register(`test.${i}`, 'PYRO:obj@host:555');
    expect(await ns.count()).toBe(21);
    expect(await ns.remove('wrong')).toBe(0);
    expect(await ns.remove({ prefix: 'wrong' })).toBe(0);
    expect(await ns.remove({ regex: 'wrong.*' })).toBe(0);
    expect(await ns.remove('test.0')).toBe(1);
    expect(await ns.count()).toBe(20);
    expect(await ns.remove({ prefix: 'test.1' })).toBe(11);
    expect(await ns.remove({ regex: String.raw`test\..` })).toBe(8);
    expect(await ns.count()).toBe(1);
  });

  it('a name server does not remove the name server’s own name', async () => {
    for (const what of [NAME_SERVER_OBJECT_ID, { prefix: 'Pyro' }, { regex: 'Pyro.*' }]) expect(await ns.remove(what)).toBe(0);
    expect((await ns.list()).has(NAME_SERVER_OBJECT_ID)).toBe(true);
  });

  it('a name server registers names of any letters', async () => {
    const uri = new PyroUri('PYRO:unicode\u20ac@host:5555');
    await ns.register('unicodename\u20ac', uri);
    expect(await ns.lookup('unicodename\u20ac')).toEqual(uri);
  });

  it('a name server lists names by prefix and by regex', async () => {
    for (const name of ['objects.1', 'objects.2', 'objects.3', 'other.a', 'other.b', 'other.c'])
      await ns.register(`test.${name}`, `PYRONAME:something.${name}`);
    await ns.register('entirely.else', 'PYRONAME:meh');
    expect(await names()).toHaveLength(7);
    expect(await names({ prefix: 'nothing' })).toEqual([]);
    expect(await names({ prefix: 'test.' })).toHaveLength(6);
    expect(await names({ regex: '.+other..' })).toEqual(['test.other.a', 'test.other.b', 'test.other.c']);
    expect((await ns.list({ regex: '.+other..' })).get('test.other.a')).toBe('PYRONAME:something.other.a');
    expect(await names({ regex: String.raw`\d\d\d\d\d\d\d\d\d\d` })).toEqual([]);
    await expect(ns.list({ regex: '((((((broken' })).rejects.toThrow(NamingError);
  });

  it('a name server takes only one filter of names at a time', async () => {
    const both = { prefix: 'a', regex: 'a' } as unknown as { prefix: string };
    await expect(ns.list(both)).rejects.toThrow(PyroRemoteError);
    const anyAndAll = { any: ['a'], all: ['a'] } as unknown as { any: string[] };
    await expect(ns.yplookup(anyAndAll)).rejects.toThrow(PyroRemoteError);
  });

  it('a name server takes tags as a collection, and refuses a text as tags', async () => {
    const uri = 'PYRO:meta1@localhost:1111';
    for (const tags of [12345, 'string'] as unknown as string[][]) {
      await expect(ns.register('meta1', uri, { metadata: tags })).rejects.toThrow('tags');
      await expect(ns.setMetadata('meta1', tags)).rejects.toThrow('tags');
      await expect(ns.yplookup({ all: tags })).rejects.toThrow('tags');
      await expect(ns.yplookup({ any: tags })).rejects.toThrow('tags');
    }
    expect(await names()).toEqual([]);
  });

  it('a name server finds names by all of their tags', async () => {
    await ns.register('meta1', 'PYRO:meta1@localhost:1111', { metadata: new Set('abc') });
    await ns.register('meta2', 'PYRO:meta2@localhost:2222', { metadata: new Set('xyz') });
    await ns.register('meta3', 'PYRO:meta3@localhost:3333', { metadata: ['p', 'q', 'r', 'r', 'q'] });
    for (const [name, tags] of [
      ['meta1', 'abc'],
      ['meta2', 'xyz'],
      ['meta3', 'pqr'],
    ] as const) {
      expect((await ns.lookup(name)).object).toBe(name);
      const { uri, metadata } = await ns.lookupWithMetadata(name);
      expect([uri.object, metadata]).toEqual([name, new Set(tags)]);
    }
    expect(await names()).toEqual(['meta1', 'meta2', 'meta3']);
    const all = await ns.listWithMetadata();
    expect(all.get('meta1')).toEqual({ uri: 'PYRO:meta1@localhost:1111', metadata: new Set('abc') });
    expect(all.get('meta2')).toEqual({ uri: 'PYRO:meta2@localhost:2222', metadata: new Set('xyz') });
    expect(await ns.yplookup({ all: ['a', 'c'] })).toEqual(
      new Map([['meta1', { uri: 'PYRO:meta1@localhost:1111', metadata: new Set('abc') }]]),
    );
    for (const tags of [
      ['a', 'wrong'],
      ['a', 'b', 'c', 'wrong'],
      ['a', 'c', 'x'],
    ]) {
      expect(await ns.yplookup({ all: tags })).toEqual(new Map());
    }
    await expect(ns.setMetadata('notexistingname', [])).rejects.toThrow(NamingError);
    for (const tags of [new Set(['one', 'two', 'three']), ['one', 'two', 'three', 'three', 'two']]) {
      await ns.setMetadata('meta1', tags);
      expect((await ns.lookupWithMetadata('meta1')).metadata).toEqual(new Set(['one', 'two', 'three']));
    }
    await ns.remove('meta1');
    await ns.remove('meta3');
    expect(await names()).toEqual(['meta2']);
    for (const filter of [{ prefix: 'meta' }, { regex: 'meta2.*' }]) {
      expect(await ns.listWithMetadata(filter)).toEqual(
        new Map([['meta2', { uri: 'PYRO:meta2@localhost:2222', metadata: new Set('xyz') }]]),
      );
    }
    expect(await ns.count()).toBe(2);
  });

  it('a name server finds names by any of their tags', async () => {
    await ns.register('meta1', 'PYRO:meta1@localhost:1111', { metadata: new Set('abc') });
    await ns.register('meta2', 'PYRO:meta2@localhost:2222', { metadata: new Set('xyz') });
    await ns.register('meta3', 'PYRO:meta3@localhost:2222', { metadata: new Set('klm') });
    const found = async (tags: string): Promise<string[]> => [...(await ns.yplookup({ any: [...tags] })).keys()].sort();
    expect(await found('123')).toEqual([]);
    expect(await found('12a')).toEqual(['meta1']);
    expect(await found('12az')).toEqual(['meta1', 'meta2']);
  });

  it('a name server keeps names without tags', async () => {
    await ns.register('meta1', 'PYRO:meta1@localhost:1111', { metadata: new Set() });
    expect((await ns.lookupWithMetadata('meta1')).metadata).toEqual(new Set());
    expect((await ns.listWithMetadata({ prefix: 'meta' })).get('meta1')!.metadata).toEqual(new Set());
    await ns.setMetadata('meta1', new Set());
  });
});
