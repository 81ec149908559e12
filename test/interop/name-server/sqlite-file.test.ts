import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { locateNameServer, PyroProxy, PyroUri } from '../../../lib/core.js';
import { Program } from '../../../scripts/program.js';
import { ensurePythonEnv } from '../python-env.js';
import { NameServers } from './storages.js';

const OWN_TAG = 'class:Pyro5.nameserver.NameServer';

let directory: string;
let storage: string;
let ours: NameServers;
const cleanups: (() => unknown)[] = [];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'names-'));
  storage = `sql:${join(directory, 'names.sqlite')}`;
  ours = await NameServers.of('sql');
  cleanups.push(
    () => rm(directory, { recursive: true }),
    () => ours.close(),
  );
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Starts Pyro5's name server on the file. */
async function startPython(): Promise<{ uri: string; stop(): Promise<void> }> {
  const args = ['-u', '-m', 'Pyro5.nameserver', '-n', '127.0.0.1', '-p', '0', '-x', '-s', storage];
  const program = new Program(await ensurePythonEnv(), args);
  cleanups.push(() => program.stop());
  return { uri: await program.line('URI = '), stop: () => program.stop() };
}

/** Names with their URIs and tags, by what a name server lists; its own one is left out. */
async function listed(uri: string): Promise<Record<string, [uri: string, ...tags: string[]]>> {
  const { host, port } = new PyroUri(uri);
  const client = await locateNameServer({ host: host!, port: port! });
  const names = await client.listWithMetadata();
  const count = await client.count();
  await client.release();
  const entries = [...names].map(([name, { uri: registered, metadata }]): [string, [string, ...string[]]] => [
    name,
    [registered, ...[...metadata].sort()],
  ]);
  expect(entries.find(([name]) => name === 'Pyro.NameServer')).toEqual(['Pyro.NameServer', [uri, OWN_TAG]]);
  expect(count).toBe(entries.length);
  return Object.fromEntries(entries.filter(([name]) => name !== 'Pyro.NameServer'));
}

async function call(uri: string, method: string, ...args: unknown[]): Promise<unknown> {
  const proxy = await PyroProxy.connect(uri);
  try {
    return await proxy.$call(method, ...args);
  } finally {
    await proxy.$release();
  }
}

describe('one SQLite file', () => {
  it('one SQLite file is opened by pyro5-ns and by our name server in turn: each finds what the other has registered', async () => {
    const python = await startPython();
    await call(python.uri, 'register', 'lab.a', 'PYRO:a@h:1', false, ['ü', 'tag']);
    await call(python.uri, 'register', 'lab.b', 'PYRO:b@h:1');
    await call(python.uri, 'register', 'LAB.c', 'PYRO:c@h:1');
    await python.stop();

    const server = await ours.start({ storage });
    expect(await listed(server.uri)).toEqual({
      'lab.a': ['PYRO:a@h:1', 'tag', 'ü'],
      'lab.b': ['PYRO:b@h:1'],
      'LAB.c': ['PYRO:c@h:1'],
    });
    // Pyro5's own search by prefix takes LAB.c as well
    expect(await call(server.uri, 'remove', null, 'lab.b')).toBe(1);
    await call(server.uri, 'set_metadata', 'lab.a', ['new']);
    await call(server.uri, 'register_leased', 'lab.leased', 'PYRO:d@h:1', 'an owner', 600_000, false, ['tag']);
    await server.stop();

    const again = await startPython();
    const expected = { 'lab.a': ['PYRO:a@h:1', 'new'], 'LAB.c': ['PYRO:c@h:1'], 'lab.leased': ['PYRO:d@h:1', 'tag'] };
    expect(await listed(again.uri)).toEqual(expected);
    await call(again.uri, 'register', 'lab.leased', 'PYRO:e@h:1');
    await call(again.uri, 'remove', 'lab.a');
    await again.stop();

    const last = await ours.start({ storage });
    expect(await listed(last.uri)).toEqual({ 'LAB.c': ['PYRO:c@h:1'], 'lab.leased': ['PYRO:e@h:1'] });
    // Python's registration has no lease: nobody is kept from the name
    await call(last.uri, 'register', 'lab.leased', 'PYRO:f@h:1');
    expect(String(await call(last.uri, 'lookup', 'lab.leased'))).toBe('PYRO:f@h:1');
  });

  it('one SQLite file is used by pyro5-ns and our name server at the same time: each sees the other’s registrations at once, and answers for itself', async () => {
    const [python, server] = [await startPython(), await ours.start({ storage })];
    await call(python.uri, 'register', 'theirs', 'PYRO:a@h:1');
    expect(String(await call(server.uri, 'lookup', 'theirs'))).toBe('PYRO:a@h:1');
    await call(server.uri, 'register', 'ours', 'PYRO:b@h:1', true);
    expect(String(await call(python.uri, 'lookup', 'ours'))).toBe('PYRO:b@h:1');
    await expect(call(python.uri, 'register', 'ours', 'PYRO:c@h:1', true)).rejects.toThrow('name already registered');
    expect(await listed(server.uri)).toEqual(await listed(python.uri));
  });
});
