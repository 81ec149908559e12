import { Controller, Inject, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Client, ClientProxy, ClientProxyFactory, ClientsModule, Ctx, type MicroserviceOptions } from '@nestjs/microservices';
import { firstValueFrom, lastValueFrom, type Observable, retry, take, timeout, toArray } from 'rxjs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Autoproxy, PyroDaemon } from '../../../lib/core.js';
import {
  ConnectionClosedError,
  expose,
  kwargs,
  PyroClient,
  type PyroClientOptions,
  type PyroContext,
  PyroController,
  PyroMethod,
  PyroProxy,
  PyroRemoteError,
  PyroServer,
  type RemoteObject,
} from '../../../lib/index.js';
import { PythonServer } from '../../interop/client/python-server.js';
import type { Thing } from '../../interop/client/thing.js';
import { keepWarnings } from '../../kept-warnings.js';
import { closeAfter, moduleOf, serve } from './fixtures.js';

keepWarnings(/was full\. The garbage collector was run/);

let server: PythonServer;
let thing: RemoteObject<Thing>;
beforeAll(async () => {
  server = await PythonServer.start('thread');
  thing = await PyroProxy.connect<Thing>(server.uri('thing'));
});
afterAll(async () => {
  await thing.$release();
  await server.kill();
});
beforeEach(() => thing.clear());

const clients: PyroClient[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
});
function makeClient(options: Partial<PyroClientOptions> = {}): PyroClient {
  const client = new PyroClient({ uri: server.uri('thing'), ...options });
  clients.push(client);
  return client;
}

describe('PyroClient.send', () => {
  it.each([
    ['an Array of arguments', 'add', [1, 2], 3],
    ['keyword arguments', 'add', kwargs({ a: 1, c: 5 }), 16],
    ['both', 'add', [1, kwargs({ b: 2, c: 3 })], 6],
    ['one value', 'echo', 'value', 'value'],
    ['a record, which is one dict', 'echo', { a: 1 }, { a: 1 }],
    ['null, which is None', 'echo', null, null],
    ['nothing', '__len__', undefined, 3],
    ['a list as the only argument', 'echo', [[1, 2]], [1, 2]],
    ['an empty list of arguments', 'noted', [], []],
  ])('PyroClient.send takes as data %s', async (_what, method, data, result) => {
    expect(await firstValueFrom(makeClient().send(method, data))).toEqual(result);
    expect(await firstValueFrom(makeClient().send({ method }, data))).toEqual(result);
  });

  it('PyroClient.send reads and writes attributes', async () => {
    const client = makeClient();
    expect(await lastValueFrom(client.send({ set: 'value' }, [1, 2]).pipe(toArray()))).toEqual([null]);
    expect(await firstValueFrom(client.send({ get: 'value' }))).toEqual([1, 2]);
    await lastValueFrom(client.send({ set: 'value' }, 12));
  });

  it('PyroClient.send emits the items of a stream one by one', async () => {
    expect(await lastValueFrom(makeClient().send('numbers', 4).pipe(toArray()))).toEqual([1, 2, 3, 4]);
    expect(await lastValueFrom(makeClient().send({ get: 'items' }).pipe(toArray()))).toEqual(['a', 'b']);
  });

  it('PyroClient.send completes without a value for a oneway method', async () => {
    expect(await lastValueFrom(makeClient().send('note', 'quietly').pipe(toArray()))).toEqual([]);
    await expect.poll(() => thing.noted()).toEqual(['quietly']);
  });

  it('PyroClient.send fails with the error of Python, also between the items of a stream', async () => {
    const error = (await firstValueFrom(makeClient().send('fail', 'on purpose')).catch((e: unknown) => e)) as PyroRemoteError;
    expect(error).toBeInstanceOf(PyroRemoteError);
    expect(error).toMatchObject({
      pythonType: 'builtins.ValueError',
      args: ['on purpose', 42],
      attributes: { extra: { a: [1] } },
    });
    const items: unknown[] = [];
    const broken = await new Promise((resolve) => {
      makeClient()
        .send('breaking')
        .subscribe({ next: (item) => items.push(item), error: resolve });
    });
    expect(items).toEqual([1]);
    expect(broken).toMatchObject({ pythonType: 'builtins.ZeroDivisionError' });
  });

  it('PyroClient.send calls once per subscription, and not before', async () => {
    const client = makeClient();
    const items = client.send('numbers', 2);
    expect(client.unwrap().$connected).toBe(false);
    for (let time = 0; time < 2; time++) expect(await lastValueFrom(items.pipe(toArray()))).toEqual([1, 2]);
    expect(await thing.closed_streams()).toEqual(['numbers', 'numbers']);
  });

  it.each([[null], [undefined], [42], [{}], [{ get: 1 }], [{ get: 'a', set: 'b' }], [[]]])(
    'PyroClient.send refuses the pattern %j',
    async (pattern) => {
      await expect(firstValueFrom(makeClient().send(pattern as never))).rejects.toThrow('is no pattern of a PyroClient');
    },
  );

  it('PyroClient.send refuses data when it reads an attribute', async () => {
    await expect(firstValueFrom(makeClient().send({ get: 'value' }, 1))).rejects.toThrow('takes no data');
  });
});

describe('unsubscribing', () => {
  it('unsubscribing aborts a call, and the next call uses a new connection', async () => {
    const client = makeClient();
    const begin = performance.now();
    await expect(firstValueFrom(client.send('slow', [30]).pipe(timeout(100)))).rejects.toThrow('Timeout has occurred');
    expect(await firstValueFrom(client.send('add', [1, 2]))).toBe(3);
    expect(performance.now() - begin).toBeLessThan(10_000);
  });

  it('unsubscribing aborts a call that was not sent yet', async () => {
    const client = makeClient();
    const first = firstValueFrom(client.send('slow', [0.5]));
    client.send('note', 'never').subscribe().unsubscribe();
    await first;
    expect(await thing.noted()).toEqual([]);
  });

  it('unsubscribing closes the remote generator, and the connection stays open', async () => {
    const client = makeClient();
    const connections: string[] = [];
    client.on('connect', () => connections.push('connect'));
    expect(await lastValueFrom(client.send('numbers', 1_000_000).pipe(take(3), toArray()))).toEqual([1, 2, 3]);
    await expect.poll(() => thing.closed_streams()).toEqual(['numbers']);
    expect(await firstValueFrom(client.send('add', [1, 2]))).toBe(3);
    expect(connections).toEqual(['connect']);
  });

  it('unsubscribing closes the remote generator while the next item is on its way', async () => {
    const client = makeClient();
    const connections: string[] = [];
    client.on('connect', () => connections.push('connect'));
    await new Promise<void>((resolve) => {
      const subscription = client.send('ticks', 0.2).subscribe(() => {
        setTimeout(() => {
          subscription.unsubscribe();
          resolve();
        }, 20);
      });
    });
    await expect.poll(() => thing.closed_streams()).toEqual(['ticks']);
    expect(await firstValueFrom(client.send('add', [1, 2]))).toBe(3);
    expect(connections).toEqual(['connect']);
  });

  it('unsubscribing does not wait for an item that never comes', async () => {
    const client = makeClient();
    await expect(firstValueFrom(client.send('ticks', 30).pipe(timeout(200)))).rejects.toThrow('Timeout has occurred');
    const begin = performance.now();
    expect(await firstValueFrom(client.send('add', [1, 2]))).toBe(3);
    expect(performance.now() - begin).toBeLessThan(10_000);
  });
});

describe('PyroClient.emit', () => {
  it('PyroClient.emit calls oneway, at once, even without a subscriber, and only once', async () => {
    const client = makeClient();
    const emitted = client.emit('note', 'hot');
    await expect.poll(() => thing.noted()).toEqual(['hot']);
    await lastValueFrom(emitted, { defaultValue: undefined });
    expect(await thing.noted()).toEqual(['hot']);
  });

  it('PyroClient.emit does not wait for a method that is not oneway', async () => {
    const client = makeClient();
    const begin = performance.now();
    await lastValueFrom(client.emit('slow', [20]), { defaultValue: undefined });
    expect(performance.now() - begin).toBeLessThan(10_000);
  });

  it('PyroClient.emit tells its subscriber when the call could not be sent', async () => {
    const client = makeClient({ uri: 'PYRO:thing@127.0.0.1:1', maxRetries: 0 });
    await expect(lastValueFrom(client.emit('note', 1))).rejects.toBeInstanceOf(ConnectionClosedError);
    await expect(lastValueFrom(client.emit('note', 1 as never).pipe(retry(1)))).rejects.toBeInstanceOf(ConnectionClosedError);
  });
});

describe('connect, close, status', () => {
  it('PyroClient.connect() does the handshake, close() releases the proxy, and later calls reconnect', async () => {
    const client = makeClient();
    const told: string[] = [];
    client.status.subscribe((status) => told.push(status));
    client.on('connect', () => told.push('connect'));
    client.on('disconnect', (error) => told.push(`disconnect: ${error.message}`));
    const proxy = await client.connect();
    expect(await client.connect()).toBe(proxy);
    expect(client.unwrap()).toBe(proxy);
    expect(proxy.$connected).toBe(true);
    await client.close();
    expect(proxy.$connected).toBe(false);
    expect(told).toEqual([
      'connected',
      'connect',
      'disconnected',
      'disconnect: the proxy was released; $connect() takes it up again',
    ]);
    expect(await firstValueFrom(client.send('add', [1, 2]))).toBe(3);
    await expect.poll(() => told.slice(4)).toEqual(['connected', 'connect']);
  });

  it('PyroClient.connect() fails with the error of the proxy', async () => {
    await expect(makeClient({ handshake: 'refuse me' }).connect()).rejects.toThrow('rejected: not you');
    await expect(makeClient({ uri: server.uri('nobody') }).connect()).rejects.toThrow('unknown object');
  });

  it('PyroClient.close() fails running calls', async () => {
    const client = makeClient();
    const failure = firstValueFrom(client.send('slow', [30])).catch((error: unknown) => error);
    await client.connect();
    await client.close();
    expect(await failure).toBeInstanceOf(ConnectionClosedError);
  });

  it('clients that are dropped without close() do not use up the threads of a server', async () => {
    const small = await PythonServer.start('thread', '--threads', '5');
    try {
      const use = (): Promise<number> => firstValueFrom(new PyroClient({ uri: small.uri('factory') }).send('connections'));
      for (let round = 0; round < 12; round++) expect(await use()).toBeLessThanOrEqual(5);
    } finally {
      await small.kill();
    }
  });

  it('the status of a PyroClient tells when the server is gone', async () => {
    const other = await PythonServer.start('thread');
    closeAfter(() => other.kill());
    const client = makeClient({ uri: other.uri('thing') });
    const statuses: string[] = [];
    client.status.subscribe((status) => statuses.push(status));
    await client.connect();
    const gone = new Promise<Error>((resolve) => client.on('disconnect', resolve));
    await other.kill();
    expect((await gone).message).toMatch(/^connection to 127\.0\.0\.1:\d+ was closed/);
    await expect.poll(() => statuses).toEqual(['connected', 'disconnected']);
  });

  it('PyroClient refuses wrong options in its constructor', () => {
    expect(() => new PyroClient(undefined as never)).toThrow('PyroClient has no uri');
    expect(() => new PyroClient({ uri: 'nonsense' })).toThrow('invalid uri "nonsense"');
    expect(() => new PyroClient({ uri: server.uri('thing'), poolSize: 0 })).toThrow('poolSize is 0');
  });
});

describe('PyroClient in Nest', () => {
  @Injectable()
  class Calculator {
    constructor(@Inject('CALCULATOR') readonly client: ClientProxy) {}
    add(a: number, b: number): Promise<number> {
      return firstValueFrom(this.client.send<number>('add', [a, b]));
    }
  }
  const expectUse = async (imports: unknown[]): Promise<void> => {
    const app = await NestFactory.createApplicationContext(moduleOf({ imports: imports as never[], providers: [Calculator] }), {
      logger: false,
      abortOnError: false,
    });
    const calculator = app.get(Calculator);
    expect(calculator.client).toBeInstanceOf(PyroClient);
    expect(await calculator.add(1, 2)).toBe(3);
    const proxy = calculator.client.unwrap<RemoteObject>();
    await app.close();
    expect(proxy.$connected).toBe(false);
  };

  it('ClientsModule.register makes a PyroClient, and closes it with the application', () =>
    expectUse([
      ClientsModule.register([{ name: 'CALCULATOR', customClass: PyroClient, options: { uri: server.uri('thing') } }]),
    ]));

  it('ClientsModule.registerAsync makes a PyroClient, and closes it with the application', () => {
    @Module({ providers: [{ provide: 'URI', useFactory: () => server.uri('thing') }], exports: ['URI'] })
    class UriModule {}
    return expectUse([
      ClientsModule.registerAsync([
        {
          name: 'CALCULATOR',
          imports: [UriModule],
          inject: ['URI'],
          useFactory: (uri: string) => ({ customClass: PyroClient, options: { uri } }),
        },
      ]),
    ]);
  });

  it('ClientProxyFactory.create makes a PyroClient', async () => {
    const client = ClientProxyFactory.create({ customClass: PyroClient, options: { uri: server.uri('thing') } });
    expect(await firstValueFrom(client.send('add', [1, 2]))).toBe(3);
    await (client as unknown as PyroClient).close();
  });

  it('@Client gives a controller a PyroClient', async () => {
    @Controller()
    class Gateway {
      // the types of @Client know only Nest's own transports
      @Client({ customClass: PyroClient, options: { uri: server.uri('thing') } } as never)
      client!: PyroClient;
    }
    const strategy = new PyroServer({ host: '127.0.0.1', port: 0 });
    const app = await NestFactory.createMicroservice<MicroserviceOptions>(moduleOf({ controllers: [Gateway] }), {
      strategy,
      logger: false,
    });
    await app.listen();
    const { client } = app.get(Gateway);
    expect(await firstValueFrom(client.send('add', [1, 2]))).toBe(3);
    const proxy = client.unwrap();
    await app.close();
    await expect.poll(() => proxy.$connected).toBe(false);
  });

  it('a Pyro object may stream an Observable of a PyroClient', async () => {
    @PyroController({ objectId: 'relay', instanceMode: 'single' })
    class Relay {
      private readonly client = makeClient();
      @PyroMethod({ stream: true }) numbers(to: number): Observable<unknown> {
        return this.client.send('numbers', to);
      }
    }
    const { server: own } = await serve({ providers: [Relay] });
    await using relay = await PyroProxy.connect<{ numbers(to: number): Iterator<number> }>(
      own.unwrap<PyroDaemon>().uriFor('relay'),
    );
    const items: number[] = [];
    for await (const item of await relay.numbers(3)) items.push(item);
    expect(items).toEqual([1, 2, 3]);
  });

  it('the dispatch hook of a PyroClient sees every packet, and the remote context receives its metadata', async () => {
    @PyroController({ objectId: 'traced', instanceMode: 'single' })
    class Traced {
      @PyroMethod() trace(@Ctx() context?: PyroContext): unknown {
        return context!.getMetadata() ?? 'none';
      }
    }
    const { server: own } = await serve({ providers: [Traced] });
    const client = makeClient({ uri: own.unwrap<PyroDaemon>().uriFor('traced') });
    expect(await firstValueFrom(client.send('trace'))).toBe('none');
    const packets: unknown[] = [];
    client.setOnDispatchHook((packet) => {
      packets.push({ ...packet });
      packet.metadata = { trace: 'größer' };
    });
    expect(await firstValueFrom(client.send('trace', []))).toEqual({ trace: 'größer' });
    await lastValueFrom(client.emit({ method: 'trace' }), { defaultValue: undefined });
    expect(packets).toEqual([
      { pattern: 'trace', data: [] },
      { pattern: { method: 'trace' }, data: undefined },
    ]);
    const tooLong = JSON.stringify({ trace: 'x'.repeat(16 * 1024) });
    const others = ['[1]', '{"a":1}', '{"a":{}}', '{"a":["b"]}', '{"a":"b",}', 'null', 'nonsense', '"text"', tooLong];
    for (const NEST of others) {
      const forged = client.unwrap().$with({ annotations: { NEST: Buffer.from(NEST) } });
      expect(await forged.$call('trace')).toBe('none');
    }
    client.setOnDispatchHook((packet) => (packet.metadata = { text: 'x'.repeat(16 * 1024) }));
    await expect(firstValueFrom(client.send('trace', []))).rejects.toThrow(
      'the metadata of the packet has 16395 bytes as JSON; at most 16384 are sent: send less, or as an argument',
    );
  });

  it('a PyroClient with autoproxy passes registered objects as proxies', async () => {
    class Callback {
      call(value: number): number {
        return value * 2;
      }
    }
    expose(Callback);
    const daemon = await PyroDaemon.listen({ host: '127.0.0.1' });
    closeAfter(() => daemon.close());
    const callback = new Callback();
    daemon.register(callback);
    const autoproxy: Autoproxy = daemon;
    expect(await firstValueFrom(makeClient({ autoproxy }).send('call_back', [callback, 21]))).toBe(42);
  });
});
