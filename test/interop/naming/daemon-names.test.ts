import { afterEach, expect, it } from 'vitest';
import { DaemonNames, expose, locateNameServer, type NameServerClient, PyroDaemon, PyroProxy } from '../../../lib/core.js';
import { PythonServer } from '../client/python-server.js';

class Adder {
  add(a: number, b: number): number {
    return a + b;
  }
}
expose(Adder);

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function start(): Promise<{ daemon: PyroDaemon; names: DaemonNames; nameServer: NameServerClient; port: number }> {
  const server = await PythonServer.start('nameserver');
  cleanups.push(() => server.kill());
  const nameServer = await locateNameServer({ host: '127.0.0.1', port: server.port });
  cleanups.push(() => nameServer.release());
  const daemon = await PyroDaemon.listen({ host: '127.0.0.1' });
  cleanups.push(() => daemon.close());
  const names = new DaemonNames(daemon, { host: '127.0.0.1', port: server.port });
  cleanups.push(() => names.stop());
  return { daemon, names, nameServer, port: server.port };
}

it('an object has its name as long as it is registered with the daemon', async () => {
  const { daemon, names, nameServer, port } = await start();
  daemon.register(new Adder(), 'adder');
  names.add('adder', 'lab.adder', ['calculator']);
  await names.start();
  await using adder = await PyroProxy.connect<Adder>(`PYRONAME:lab.adder@127.0.0.1:${port}`);
  expect(await adder.add(1, 2)).toBe(3);
  names.add('adder', 'lab.sum');
  await expect.poll(async () => [...(await nameServer.list({ prefix: 'lab.' })).keys()]).toEqual(['lab.sum']);
  daemon.unregister('adder');
  await expect.poll(() => nameServer.count()).toBe(1);
});

it('a closed daemon has no names', async () => {
  const { daemon, names, nameServer } = await start();
  daemon.register(new Adder(), 'adder');
  names.add('adder', 'lab.adder');
  await names.start();
  expect(await nameServer.count()).toBe(2);
  await daemon.close();
  await expect.poll(() => nameServer.count()).toBe(1);
});

it('a daemon refuses a name that another object has, and a name when nobody can reach the daemon', async () => {
  const { daemon, names } = await start();
  for (const id of ['one', 'two']) daemon.register(new Adder(), id);
  names.add('one', 'lab.adder');
  expect(() => names.add('two', 'lab.adder')).toThrow(
    '"two" cannot have the name "lab.adder": "one" has it; give one of them another name',
  );
  const nowhere = await PyroDaemon.listen({ listen: false });
  cleanups.push(() => nowhere.close());
  nowhere.register(new Adder(), 'adder');
  expect(() => new DaemonNames(nowhere, true).add('adder', 'lab.adder')).toThrow('the daemon does not listen');
});
