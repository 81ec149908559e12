import { createServer } from 'node:net';
import { Controller, Get, type INestApplicationContext, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  HealthCheck,
  HealthCheckService,
  type HealthIndicatorResult,
  MicroserviceHealthIndicator,
  TerminusModule,
} from '@nestjs/terminus';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  PyroClient,
  PyroController,
  type PyroDaemon,
  PyroHealthIndicator,
  PyroMethod,
  PyroModule,
  type PyroModuleOptions,
  PyroServer,
  type PyroServerOptions,
  type RemoteObject,
} from '../../../lib/index.js';
import { PyroProxy, startNameServer } from '../../../lib/core.js';
import { PythonServer } from '../../interop/client/python-server.js';
import { closeAfter, joinServer, moduleOf } from './fixtures.js';

let python: PythonServer;
beforeAll(async () => {
  python = await PythonServer.start('thread');
});
afterAll(() => python.kill());

@PyroController({ objectId: 'object', instanceMode: 'single' })
class Served {
  @PyroMethod() method(): void {}
}

@PyroController('named', { name: 'lab.named', instanceMode: 'single' })
class Named {
  @PyroMethod() method(): void {}
}

const NOWHERE = 'PYRO:thing@127.0.0.1:1';

@Controller('health')
class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly pyro: PyroHealthIndicator,
    private readonly microservice: MicroserviceHealthIndicator,
  ) {}

  @Get('up')
  @HealthCheck()
  up() {
    return this.health.check([
      () => this.pyro.isHealthy('server'),
      () => this.pyro.isHealthy('thing', { uri: python.uri('thing') }),
      () => this.ping('ping', python.uri('thing')),
    ]);
  }

  @Get('down')
  @HealthCheck()
  down() {
    return this.health.check([
      () => this.pyro.isHealthy('server', { server: 'unknown' }),
      () => this.pyro.isHealthy('thing', { uri: NOWHERE }),
      () => this.pyro.isHealthy('nobody', { uri: python.uri('nobody') }),
      () => this.ping('ping', NOWHERE),
    ]);
  }

  private ping(key: string, uri: string) {
    // the types of MicroserviceHealthIndicator know only Nest's own transports
    return this.microservice.pingCheck(key, { customClass: PyroClient, options: { uri, maxRetries: 0 } } as never);
  }
}

async function start(
  options: PyroServerOptions = {},
  ...more: Type[]
): Promise<{ url: string; server: PyroServer; pyro: PyroHealthIndicator }> {
  const app = await NestFactory.create(
    moduleOf({
      imports: [TerminusModule.forRoot({ logger: false }), PyroModule.forRoot()],
      controllers: [HealthController],
      providers: [Served, ...more],
    }),
    { logger: false, abortOnError: false },
  );
  closeAfter(() => app.close());
  const server = new PyroServer({ host: '127.0.0.1', port: 0, name: 'lab', ...options });
  app.connectMicroservice({ strategy: server });
  await app.init();
  await app.startAllMicroservices();
  await app.listen(0, '127.0.0.1');
  return { url: await app.getUrl(), server, pyro: app.get(PyroHealthIndicator) };
}

const THING = Symbol('thing');
const GONE = Symbol('gone');
const RETRIED = Symbol('retried');
const NAMED = Symbol('named');

/** An application that has remote objects injected. */
async function startClient(
  options: PyroModuleOptions = {},
): Promise<{ app: INestApplicationContext; pyro: PyroHealthIndicator }> {
  const features = [
    { token: THING, uri: python.uri('thing') },
    { token: GONE, uri: NOWHERE, maxRetries: 0 },
    { token: RETRIED, uri: NOWHERE, maxRetries: 6, retryDelayMs: 60_000, maxRetryDelayMs: 60_000 },
    { token: NAMED, uri: 'PYRONAME:lab.thing' },
  ];
  const imports = [PyroModule.forRoot(options), PyroModule.forFeature(features)];
  const app = await NestFactory.createApplicationContext(moduleOf({ imports }), { logger: false, abortOnError: false });
  closeAfter(() => app.close());
  return { app, pyro: app.get(PyroHealthIndicator) };
}

describe('a Terminus health check', () => {
  it('a Terminus health check reports that a server, an object and a PyroClient are up', async () => {
    const { url, server } = await start();
    await joinServer(server, 'object');
    const response = await fetch(`${url}/health/up`);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      status: 'ok',
      details: {
        server: { status: 'up', location: server.unwrap<PyroDaemon>().locationStr, connections: 1, objects: 1 },
        thing: { status: 'up', uri: python.uri('thing'), responseTime: expect.any(Number) },
        ping: { status: 'up' },
      },
    });
  });

  it('a Terminus health check reports what is down, and why', async () => {
    const { url } = await start();
    const response = await fetch(`${url}/health/down`);
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({
      status: 'error',
      details: {
        server: { status: 'down', message: expect.stringContaining('there is no PyroServer named "unknown"') },
        thing: { status: 'down', message: expect.stringContaining('127.0.0.1:1') },
        nobody: { status: 'down', message: expect.stringContaining('unknown object') },
        ping: { status: 'down' },
      },
    });
  });
});

describe('PyroHealthIndicator', () => {
  it('PyroHealthIndicator gives results in Terminus’s form', async () => {
    const { pyro } = await start();
    const result: HealthIndicatorResult<'server'> = await pyro.isHealthy('server', { server: 'lab' });
    expect(result.server.status).toBe('up');
  });

  it('PyroHealthIndicator reports that a server is down as soon as it accepts no more calls', async () => {
    const { pyro, server } = await start();
    const drained = server.drain();
    expect(await pyro.isHealthy('server', { server })).toEqual({ server: { status: 'down', message: 'the server shuts down' } });
    await drained;
    expect(await pyro.isHealthy('server', { server })).toEqual({
      server: { status: 'down', message: 'the server does not listen' },
    });
  });

  it('PyroHealthIndicator leaves no connection behind, and waits no longer than timeoutMs', async () => {
    const { pyro, server } = await start();
    const uri = server.unwrap<PyroDaemon>().uriFor('object');
    expect(await pyro.isHealthy('object', { uri })).toMatchObject({ object: { status: 'up' } });
    await expect.poll(() => server.unwrap<PyroDaemon>().connections).toEqual([]);
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    closeAfter(() => silent.close());
    await new Promise((resolve) => silent.once('listening', resolve));
    const { port } = silent.address() as { port: number };
    expect(await pyro.isHealthy('silent', { uri: `PYRO:object@127.0.0.1:${port}`, timeoutMs: 100 })).toEqual({
      silent: { status: 'down', message: `PYRO:object@127.0.0.1:${port} did not answer within timeoutMs (100 ms)` },
    });
  });

  it('PyroHealthIndicator reports an invalid uri as down instead of failing', async () => {
    const { pyro } = await start();
    expect(await pyro.isHealthy('odd', { uri: 'nonsense' })).toMatchObject({ odd: { status: 'down' } });
  });

  it('PyroHealthIndicator tells of something optional that fails, and stays up', async () => {
    const { pyro } = await start();
    expect(await pyro.isHealthy('thing', { uri: NOWHERE, optional: true })).toEqual({
      thing: { status: 'up', degraded: true, message: expect.stringContaining('127.0.0.1:1') as string },
    });
    expect(await pyro.isHealthy('thing', { uri: python.uri('thing'), optional: true })).toEqual({
      thing: { status: 'up', uri: python.uri('thing'), responseTime: expect.any(Number) as number },
    });
  });

  it('PyroHealthIndicator is down for wrong options of something optional', async () => {
    const { pyro } = await startClient();
    const uri = 'PYRONAME:lab.camera';
    const wrong: [options: object, message: string][] = [
      [{ uri: 'x' }, 'invalid uri "x"'],
      [{ uri, timeoutMs: 0 }, 'timeoutMs'],
      [{ uri, nameServer: { port: 70_000 } }, 'nameServer.port'],
      [{ uri, openSocket: () => undefined, tls: true }, 'tls cannot be had over openSocket'],
      [{ nameServer: { host: 'lab', unixSocket: 'ns.sock' } }, 'unixSocket excludes host and port'],
      [{ object: PyroHealthIndicator }, 'is no remote object'],
      [{ object: undefined }, 'object is undefined'],
      [{ object: {} }, 'object is'],
      [{ uri: undefined }, 'uri is undefined'],
      [{ nameServer: undefined }, 'nameServer is undefined'],
      [{ server: 'labb' }, 'no PyroServer named "labb"'],
      [{ server: 42 }, 'server is 42'],
      [{ server: {} }, 'server is'],
      [{ server: null }, 'server is null'],
    ];
    for (const [options, message] of wrong) {
      expect(await pyro.isHealthy('wrong', { ...options, optional: true } as never)).toEqual({
        wrong: { status: 'down', message: expect.stringContaining(message) as string },
      });
    }
  });

  it('PyroHealthIndicator asks an injected object by its token, over the connections of its calls', async () => {
    const { app, pyro } = await startClient();
    const idle = { status: 'up', uri: python.uri('thing'), connections: 1, busy: 0, waiting: 0 };
    expect(await pyro.isHealthy('thing', { object: THING })).toMatchObject({ thing: idle });
    expect(await pyro.isHealthy('thing', { object: app.get<RemoteObject>(THING) })).toMatchObject({ thing: idle });
    expect(await pyro.isHealthy('gone', { object: GONE, timeoutMs: 500 })).toMatchObject({ gone: { status: 'down' } });
    expect(await pyro.isHealthy('odd', { object: PyroHealthIndicator })).toMatchObject({
      odd: { status: 'down', message: expect.stringContaining('is no remote object') as string },
    });
  });

  it('PyroHealthIndicator names timeoutMs for an injected object that does not answer in time', async () => {
    const server = createServer(() => undefined).listen(0, '127.0.0.1');
    closeAfter(() => server.close());
    await new Promise((resolve) => server.once('listening', resolve));
    const { pyro } = await startClient();
    const uri = `PYRO:thing@127.0.0.1:${(server.address() as { port: number }).port}`;
    await using silent = PyroProxy.to(uri);
    expect(await pyro.isHealthy('silent', { object: silent, timeoutMs: 100 })).toEqual({
      silent: { status: 'down', message: `${uri} did not answer within timeoutMs (100 ms)` },
    });
  });

  it('PyroHealthIndicator leaves the connection of an injected object open when the answer is late', async () => {
    const busy = await PythonServer.start('thread');
    closeAfter(() => busy.kill());
    const { pyro } = await startClient();
    const closed: Error[] = [];
    await using thing = await PyroProxy.connect(busy.uri('thing'), { onDisconnected: (error) => closed.push(error) });
    await busy.pause();
    const late = { late: { status: 'down', message: `${busy.uri('thing')} did not answer within timeoutMs (50 ms)` } };
    for (let check = 1; check <= 3; check++) expect(await pyro.isHealthy('late', { object: thing, timeoutMs: 50 })).toEqual(late);
    busy.resume();
    const up = { late: { status: 'up', connections: 1 } };
    expect(await pyro.isHealthy('late', { object: thing, timeoutMs: 120_000 })).toMatchObject(up);
    expect(closed).toEqual([]);
    expect(await thing.$call('slow', 0)).not.toBeInstanceOf(Error);
  });

  it('PyroHealthIndicator asks once and tells why nobody answers, whatever maxRetries of the object is', async () => {
    const { pyro } = await startClient();
    const why = 'cannot connect to 127.0.0.1:1: nobody listens there (ECONNREFUSED)';
    expect(await pyro.isHealthy('gone', { object: RETRIED, timeoutMs: 120_000 })).toEqual({
      gone: { status: 'down', message: why },
    });
    // the client goes on with its further attempts
    expect(await pyro.isHealthy('gone', { object: RETRIED, timeoutMs: 50 })).toEqual({
      gone: { status: 'down', message: `${NOWHERE} did not answer within timeoutMs (50 ms): ${why}` },
    });
    const patient = { uri: NOWHERE, maxRetries: 6, retryDelayMs: 60_000, maxRetryDelayMs: 60_000, timeoutMs: 50 };
    expect(await pyro.isHealthy('gone', patient)).toMatchObject({
      gone: { status: 'down', message: expect.stringContaining('within timeoutMs') as string },
    });
  });

  it('PyroHealthIndicator asks for a name once and tells why no name server answers, whatever waitMs is', async () => {
    const { pyro } = await startClient({ nameServer: { host: '127.0.0.1', port: 1, waitMs: 120_000 } });
    for (const asked of [{ object: NAMED }, { uri: 'PYRONAME:lab.thing' }]) {
      expect(await pyro.isHealthy('named', { ...asked, timeoutMs: 120_000 })).toEqual({
        named: { status: 'down', message: expect.stringMatching(/^no name server at 127\.0\.0\.1:1: .*ECONNREFUSED/) as string },
      });
    }
  });

  it('PyroHealthIndicator does not wait for an injected object whose connections are all busy, and tells that calls wait', async () => {
    const { app, pyro } = await startClient();
    const thing = app.get<RemoteObject>(THING);
    await thing.$connect();
    const calls = [thing.$call('hold', 'busy'), thing.$call('slow', 0)];
    expect(await pyro.isHealthy('thing', { object: THING, timeoutMs: 1 })).toMatchObject({
      thing: { status: 'up', degraded: true, connections: 1, busy: 1, waiting: 1 },
    });
    await using other = await PyroProxy.connect(python.uri('thing'));
    await other.$call('let_go', 'busy');
    await Promise.all(calls);
  });

  it('PyroHealthIndicator asks the name server of the application, or another one', async () => {
    await using names = await startNameServer({ host: '127.0.0.1', port: 0 });
    const nameServer = { host: '127.0.0.1', port: names.uri.port };
    const { pyro } = await startClient({ nameServer });
    const up = { status: 'up', uri: String(names.uri), responseTime: expect.any(Number) as number };
    expect(await pyro.isHealthy('names', { nameServer: true })).toEqual({ names: up });
    expect(await pyro.isHealthy('names', { nameServer: [{ host: '127.0.0.1', port: 1 }, nameServer] })).toEqual({ names: up });
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    closeAfter(() => silent.close());
    await new Promise((resolve) => silent.once('listening', resolve));
    const { port } = silent.address() as { port: number };
    expect(await pyro.isHealthy('names', { nameServer: { host: '127.0.0.1', port }, timeoutMs: 100 })).toEqual({
      names: { status: 'down', message: `the name server at 127.0.0.1:${port} did not answer within timeoutMs (100 ms)` },
    });
    await names.close();
    expect(await pyro.isHealthy('names', { nameServer: true })).toMatchObject({
      names: { status: 'down', message: expect.stringContaining('no name server at') as string },
    });
  });

  it('PyroHealthIndicator does not report a name server as down because the event loop of this process was blocked', async () => {
    await using names = await startNameServer({ host: '127.0.0.1', port: 0 });
    const { pyro } = await startClient();
    const asked = pyro.isHealthy('names', { nameServer: { host: '127.0.0.1', port: names.uri.port }, timeoutMs: 2_000 });
    await new Promise((resolve) => setImmediate(resolve));
    const end = performance.now() + 2_500;
    while (performance.now() < end);
    expect(await asked).toMatchObject({ names: { status: 'up' } });
  });

  it('PyroHealthIndicator tells that the name server of a registered name has gone', async () => {
    const names = await startNameServer({ host: '127.0.0.1', port: 0 });
    const { port } = names.uri;
    const { pyro } = await start({ nameServer: { host: '127.0.0.1', port: port!, retryIntervalMs: 50 } }, Named);
    expect((await pyro.isHealthy('server')).server).not.toHaveProperty('degraded');
    await names.close();
    await expect
      .poll(() => pyro.isHealthy('server'))
      .toMatchObject({
        server: { status: 'up', degraded: true, missingNames: ['lab.named'] },
      });
  });

  it('PyroHealthIndicator tells that a server is near a limit, or lacks a name', async () => {
    const { pyro } = await start({ maxConnections: 10, nameServer: { host: '127.0.0.1', port: 1 } }, Named);
    expect(await pyro.isHealthy('server')).toMatchObject({
      server: { status: 'up', degraded: true, missingNames: ['lab.named'] },
    });
    const { pyro: other, server } = await start({ maxConnections: 10 });
    for (let client = 0; client < 8; client++) await joinServer(server, 'object');
    expect((await other.isHealthy('server')).server).not.toHaveProperty('degraded');
    await joinServer(server, 'object');
    expect(await other.isHealthy('server')).toMatchObject({
      server: { status: 'up', degraded: true, nearLimits: ['maxConnections'], connections: 9 },
    });
  });

  it('PyroHealthIndicator reports an option that it does not know as down', async () => {
    const { pyro } = await start();
    expect(await pyro.isHealthy('server', { optoinal: true } as object)).toMatchObject({
      server: { status: 'down', message: expect.stringContaining('optional') as string },
    });
    // a check with a wrong option would be degraded for ever
    expect(await pyro.isHealthy('thing', { uri: NOWHERE, optional: true, foo: 1 } as object)).toMatchObject({
      thing: { status: 'down', message: expect.stringContaining('foo') as string },
    });
  });
});
