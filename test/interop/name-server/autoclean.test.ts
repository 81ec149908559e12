import { type AddressInfo, createServer } from 'node:net';
import { once } from 'node:events';
import { afterEach, expect, it } from 'vitest';
import { locateNameServer, type NameServerClient } from '../../../lib/core.js';
import { Program } from '../../../scripts/program.js';
import { NameServerProgram } from '../../name-server-process.js';
import { PythonServer } from '../client/python-server.js';
import { ensurePythonEnv } from '../python-env.js';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** The shortest time that Pyro5 takes. */
const ENVIRONMENT = { PYRO_NS_AUTOCLEAN: '3' };

async function namesAt(port: number): Promise<NameServerClient> {
  const names = await locateNameServer({ host: '127.0.0.1', port });
  cleanups.push(() => names.release());
  return names;
}

async function startOurs(): Promise<NameServerClient> {
  const program = await NameServerProgram.build();
  cleanups.push(() => program.remove());
  const server = await program.start({}, ENVIRONMENT);
  cleanups.push(() => server.kill());
  return namesAt(server.port);
}

async function startPython(): Promise<NameServerClient> {
  const args = ['-m', 'Pyro5.nameserver', '-n', '127.0.0.1', '-p', '0'];
  const server = new Program(await ensurePythonEnv(), args, { env: ENVIRONMENT });
  cleanups.push(() => server.kill());
  return namesAt(Number((await server.line('URI = ')).split(':').at(-1)));
}

it('our name server with NS_AUTOCLEAN removes the names that pyro5-ns removes, and keeps the others', async () => {
  const living = await PythonServer.start('thread');
  cleanups.push(() => living.kill());
  const ending = await PythonServer.start('thread');
  // a port at which nobody listens, until it is free for others again
  const free = createServer().listen(0, '127.0.0.1');
  await once(free, 'listening');
  const { port: closedPort } = free.address() as AddressInfo;
  free.close();
  const servers = await Promise.all([startOurs(), startPython()]);
  for (const names of servers) {
    await names.register('lab.living', living.uri('thing'));
    await names.register('lab.crashed', ending.uri('thing'), { metadata: ['tag'] });
    await names.register('lab.dead', `PYRO:thing@127.0.0.1:${closedPort}`);
    await names.register('lab.nowhere', 'PYRO:thing@no-such-host.invalid:1');
  }
  await ending.kill();
  const left = async (names: NameServerClient): Promise<string[]> => [...(await names.list()).keys()].sort();
  for (const names of servers) {
    await expect.poll(() => left(names), { timeout: 100_000, interval: 500 }).toEqual(['Pyro.NameServer', 'lab.living']);
  }
});
