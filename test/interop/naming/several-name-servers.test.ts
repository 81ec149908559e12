import { afterEach, expect, it } from 'vitest';
import { expose, locateNameServer, PyroProxy, type ServedObjects, serve, startNameServer } from '../../../lib/core.js';
import { keepWarnings } from '../../kept-warnings.js';
import { PythonServer } from '../client/python-server.js';
import { PythonInterpreter } from '../python-interpreter.js';

keepWarnings(/; it is tried again$/);

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

class Lamp {
  colour(): string {
    return 'red';
  }
}
expose(Lamp);

async function startBoth() {
  const python = await PythonServer.start('nameserver');
  cleanups.push(() => python.kill());
  const ours = await startNameServer({ host: '127.0.0.1', port: 0 });
  cleanups.push(() => ours.close());
  return { python, ours, addresses: [python.port, ours.uri.port!].map((port) => ({ host: '127.0.0.1', port })) };
}

async function serveLamp(addresses: { host: string; port: number }[]): Promise<ServedObjects> {
  const nameServer = addresses.map((address) => ({ ...address, retryIntervalMs: 50 }));
  const served = await serve({ 'lab.lamp': new Lamp() }, { port: 0, nameServer, verbose: false, signals: [] });
  cleanups.push(() => served.close());
  return served;
}

it('an object is registered at Python’s name server and at ours, where Python programs find it', async () => {
  const { python, addresses } = await startBoth();
  const served = await serveLamp(addresses);
  const interpreter = await PythonInterpreter.start();
  cleanups.push(() => interpreter.stop());
  for (const { port } of addresses) {
    const source = 'with Proxy("PYRONAME:lab.lamp@127.0.0.1:%d" % port) as lamp:\n    return lamp.colour()\n';
    expect(await interpreter.run(source, { port })).toBe('red');
  }
  await python.kill();
  const again = await PythonServer.start('nameserver', '--port', String(python.port));
  cleanups.push(() => again.kill());
  await using client = await locateNameServer(addresses[0]!);
  await expect.poll(async () => [...(await client.list({ prefix: 'lab.' })).keys()]).toEqual(['lab.lamp']);
  await served.close();
  for (const address of addresses) {
    await using last = await locateNameServer(address);
    expect(await last.count()).toBe(1);
  }
});

it('a client finds an object at the other name server when one is killed', async () => {
  const { python, ours, addresses } = await startBoth();
  await serveLamp(addresses);
  const colourOf = async (): Promise<string> => {
    await using lamp = await PyroProxy.connect<Lamp>('PYRONAME:lab.lamp', { nameServer: addresses });
    return await lamp.colour();
  };
  expect(await colourOf()).toBe('red');
  await python.kill();
  expect(await colourOf()).toBe('red');
  await ours.close();
  await expect(colourOf()).rejects.toThrow(`2 name servers were asked: no name server at 127.0.0.1:${python.port}`);
});
