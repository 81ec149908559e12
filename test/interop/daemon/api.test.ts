import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import {
  currentContext,
  DAEMON_OBJECT_ID,
  expose,
  FLAGS,
  locateNameServer,
  PyroDaemon,
  type PyroDaemonOptions,
  PyroError,
  PyroProxy,
  type ProxyReference,
  type PyroUri,
  SERIALIZER_IDS,
  typeMeta,
} from '../../../lib/core.js';
import { PythonServer } from '../client/python-server.js';
import { PythonInterpreter } from '../python-interpreter.js';

/* The parts of the daemon's API that Pyro5's own tests do not cover, seen from Python's client. */

let python: PythonInterpreter;
beforeAll(async () => {
  python = await PythonInterpreter.start();
});
afterAll(() => python.stop());

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function listen(options: PyroDaemonOptions = {}): Promise<PyroDaemon> {
  const daemon = await PyroDaemon.listen({ host: '127.0.0.1', ...options });
  cleanups.push(() => daemon.close());
  return daemon;
}

/** Finds a port that nobody listens on. */
async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

function ask<T = unknown>(uri: PyroUri | string, expression: string): Promise<T> {
  return python.run<T>(`with Proxy(uri) as p: return ${expression}`, { uri: String(uri) });
}

class Thing {
  constructor(private readonly daemon?: PyroDaemon) {}
  @expose
  add(a: number, b: number): number {
    return a + b;
  }
  @expose
  fail(): never {
    throw new RangeError('failed');
  }
  @expose
  direct(): ProxyReference {
    return this.daemon!.proxyFor('thing', false);
  }
  @expose
  published(): ProxyReference {
    return this.daemon!.proxyFor(this);
  }
  @expose
  context(): object {
    const { connection, seq, flags, serializer, correlationId, objectId, method, oneway } = currentContext()!;
    return { client: connection.remoteAddress, seq, flags, serializer, correlationId, objectId, method, oneway };
  }
}

it('a daemon listens on the given port', async () => {
  const port = await freePort();
  const daemon = await listen({ port });
  daemon.register(new Thing(), 'thing');
  expect(daemon.locationStr).toBe(`127.0.0.1:${port}`);
  expect(await ask(`PYRO:thing@127.0.0.1:${port}`, 'p.add(1, 2)')).toBe(3);
});

it('a daemon is reached at its NAT address, and gives proxies with either address', async () => {
  // as behind a NAT: another name of the same address, with the same port
  const daemon = await listen({ natHost: 'localhost', natPort: 0 });
  const uri = daemon.register(new Thing(daemon), 'thing');
  const [host, port] = uri.location!.split(':');
  expect([host, Number(port)]).toEqual(['localhost', Number(daemon.locationStr.split(':')[1])]);
  const [direct, published] = await python.run<[string, string][]>(
    `
    with Proxy(uri) as p:
      proxies = p.direct(), p.published()
    return [[str(it._pyroUri), sorted(it._pyroMethods)] for it in proxies]`,
    { uri: String(uri) },
  );
  const methods = ['add', 'context', 'direct', 'fail', 'published'];
  expect(direct).toEqual([`PYRO:thing@${daemon.locationStr}`, methods]);
  expect(published).toEqual([String(uri), methods]);
  expect(() => daemon.proxyFor('unknown')).toThrow(PyroError);
});

it('a daemon serves sockets that it is given, and its own port', async () => {
  const daemon = await listen();
  daemon.register(new Thing(), 'thing');
  const server = createServer((socket) => daemon.serve(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => server.close());
  const { port } = server.address() as { port: number };
  expect(await ask(`PYRO:thing@127.0.0.1:${port}`, 'p.add(1, 2)')).toBe(3);
  expect(await ask(daemon.uriFor('thing'), 'p.add(2, 2)')).toBe(4);
});

it('a daemon shows its server socket and those of its clients', async () => {
  const daemon = await listen();
  const uri = String(daemon.uriFor(DAEMON_OBJECT_ID));
  expect(daemon.sockets).toEqual([daemon.sock]);
  await python.run('state.proxies = [Proxy(uri) for _ in range(3)]\nfor p in state.proxies: p._pyroBind()', { uri });
  expect(daemon.sockets).toHaveLength(4);
  expect(daemon.connections).toHaveLength(3);
  await python.run('for p in state.proxies: p._pyroRelease()');
  await expect.poll(() => daemon.sockets).toEqual([daemon.sock]);
});

it('a daemon reports every call that fails', async () => {
  const daemon = await listen();
  const failed: string[] = [];
  daemon.on('callFailed', (error, { objectId, method }) => failed.push(`${objectId}.${method}: ${(error as Error).message}`));
  await expect(ask(daemon.register(new Thing(), 'thing'), 'p.fail()')).rejects.toThrow('ValueError: failed');
  expect(failed).toEqual(['thing.fail: failed']);
});

it('close() cuts the connections of clients, and runs the disconnect hook for each', async () => {
  const ended: number[] = [];
  const daemon = await listen({ clientDisconnect: ({ id }) => void ended.push(id) });
  const uri = String(daemon.register(new Thing(), 'thing'));
  await python.run('state.p = Proxy(uri)\nstate.p.add(1, 2)', { uri });
  await daemon.close();
  const error = await python.run(`
    try:
      state.p.add(1, 2)
    except Pyro5.errors.CommunicationError as x:
      return type(x).__name__`);
  expect(error).toBe('ConnectionClosedError');
  expect(ended).toEqual([1]);
});

it('a method sees the call that it serves in its context', async () => {
  const uri = (await listen()).register(new Thing(), 'thing');
  for (const serializer of Object.keys(SERIALIZER_IDS)) {
    const [seen, expected] = await python.run<[object, object]>(
      `
      config.SERIALIZER = serializer
      current_context.correlation_id = uuid.uuid4()
      with Proxy(uri) as p:
        p._pyroBind()
        p._pyroSeq = 41
        seen = p.context()
        client = "%s:%d" % p._pyroConnection.sock.getsockname()
      return [seen, dict(client=client, seq=42, correlationId=str(current_context.correlation_id))]`,
      { serializer, uri: String(uri) },
    );
    const call = { objectId: 'thing', method: 'context', oneway: false, flags: FLAGS.correlationId };
    expect(seen).toEqual({ ...expected, ...call, serializer });
  }
  expect(currentContext()).toBeUndefined();
});

it('an object is found by its types, as in Python', async () => {
  class Resource {}
  class Printer extends Resource {}
  class LaserPrinter extends Printer {}
  const theirs = await python.run<string[]>(`
    class Resource: pass
    class Printer(Resource): pass
    class LaserPrinter(Printer): pass
    for it in (Resource, Printer, LaserPrinter): it.__module__ = "devices"
    return sorted(Pyro5.core.type_meta(LaserPrinter)), sorted(Pyro5.core.type_meta(LaserPrinter())), sorted(Pyro5.core.type_meta(5))`);
  const names = ['class:devices.LaserPrinter', 'class:devices.Printer', 'class:devices.Resource'];
  expect(theirs).toEqual([names, names, []]);
  for (const typed of [LaserPrinter, new LaserPrinter()]) expect([...typeMeta(typed, 'class:devices.')].sort()).toEqual(names);
  expect([...typeMeta([]), ...typeMeta({}), ...typeMeta(new Map()), ...typeMeta(Object.create(null) as object)]).toEqual([]);

  const server = await PythonServer.start('nameserver');
  cleanups.push(() => server.kill());
  const nameServer = { host: '127.0.0.1', port: server.port };
  await using ns = await locateNameServer(nameServer);
  const uri = (await listen()).register(new Thing(), 'thing');
  await ns.register('laser', uri, { metadata: typeMeta(LaserPrinter) });
  expect([...(await ns.yplookup({ all: ['class:Resource', 'class:Printer'] })).keys()]).toEqual(['laser']);
  await using thing = await PyroProxy.connect<Thing>('PYROMETA:class:Printer', { nameServer });
  expect(await thing.add(1, 2)).toBe(3);
});
