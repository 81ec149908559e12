import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { Program } from '../../scripts/program.js';
import { findPyrolite } from '../pyrolite.js';
import { PythonServer } from '../interop/client/python-server.js';
import { NameServers, STORAGES } from '../interop/name-server/storages.js';

/** Undefined without Java and Maven. */
const classPath = await findPyrolite();

describe.skipIf(classPath === undefined)('Pyrolite’s NameServerProxy (Java)', () => {
  let atPython: string;
  beforeAll(async () => {
    const theirs = await PythonServer.start('nameserver');
    try {
      atPython = await outputAt(theirs.uri('Pyro.NameServer'));
    } finally {
      await theirs.kill();
    }
  });

  /** The output of the Java program that calls every method of the proxy. */
  async function outputAt(uri: string): Promise<string> {
    const [host, port] = uri.slice(uri.indexOf('@') + 1).split(':') as [string, string];
    const program = join(import.meta.dirname, 'Names.java');
    const args = ['-cp', classPath!, program, host, port];
    return (await new Program('java', args, { timeoutMs: 120_000 }).ended).output;
  }

  it.each(STORAGES)('Pyrolite gets from our name server with storage %s what it gets from pyro5-ns', async (kind) => {
    const servers = await NameServers.of(kind);
    try {
      const output = await outputAt((await servers.start()).uri);
      expect(output).toMatch(/^count: 1$/m);
      expect(output).toBe(atPython);
    } finally {
      await servers.close();
    }
  });
});
