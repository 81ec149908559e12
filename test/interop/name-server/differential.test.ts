import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startNameServer } from '../../../lib/core.js';
import { PythonServer } from '../client/python-server.js';
import { PythonInterpreter } from '../python-interpreter.js';
import { NameServers, STORAGES } from './storages.js';

const COUNT = Number(process.env.LONG_VALUES ?? 1_000) / 2;
const SEED = Number(process.env.NAMES_SEED ?? Math.floor(Math.random() * 2 ** 31));
const directory = fileURLToPath(new URL('.', import.meta.url));

describe('random operations', () => {
  let theirs: PythonServer;
  let python: PythonInterpreter;

  beforeAll(async () => {
    [theirs, python] = await Promise.all([PythonServer.start('nameserver'), PythonInterpreter.start()]);
  });
  afterAll(async () => {
    python.stop();
    await theirs.kill();
  });

  async function differences(ours: { readonly uri: unknown }, serializer: string): Promise<string[]> {
    const given = {
      directory,
      uri: theirs.uri('Pyro.NameServer'),
      other: String(ours.uri),
      seed: SEED,
      count: COUNT,
      serializer,
    };
    return python.run(
      `
      import sys
      sys.path.insert(0, directory)
      from differential import compare
      with Proxy(uri) as server:
          server.remove(regex=".*")
          server.set_metadata("Pyro.NameServer", {"class:Pyro5.nameserver.NameServer"})
      return compare(uri, other, seed, count, serializer)
      `,
      given,
    );
  }

  it.each(['serpent', 'msgpack', 'json', 'marshal'])(
    `our name server answers %s clients as Pyro5's does (NAMES_SEED=${SEED})`,
    async (serializer) => {
      await using ours = await startNameServer({ host: '127.0.0.1', port: 0 });
      expect(await differences(ours, serializer)).toEqual([]);
    },
  );

  it.each(STORAGES.filter((kind) => kind !== 'memory'))(
    `our name server with storage %s answers as Pyro5's does (NAMES_SEED=${SEED})`,
    async (kind) => {
      const servers = await NameServers.of(kind);
      try {
        expect(await differences(await servers.start(), 'serpent')).toEqual([]);
      } finally {
        await servers.close();
      }
    },
  );
});
