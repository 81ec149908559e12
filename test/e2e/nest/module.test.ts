import { inspect } from 'node:util';
import {
  type CallHandler,
  type ExecutionContext,
  Inject,
  Injectable,
  Logger,
  Module,
  type ModuleMetadata,
  type NestInterceptor,
  type OnApplicationShutdown,
  type Provider,
  UseInterceptors,
} from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { DiscoveryModule, DiscoveryService, MetadataScanner, NestFactory } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { tap } from 'rxjs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  ConnectionClosedError,
  expose,
  PyroController,
  type PyroDaemon,
  type PyroFeature,
  PyroMethod,
  PyroModule,
  PyroProxy,
  PyroServer,
  PyroServers,
  type RemoteObject,
} from '../../../lib/index.js';
import { PythonServer } from '../../interop/client/python-server.js';
import type { Thing } from '../../interop/client/thing.js';
import { closeAfter, joinServer, moduleOf, serve } from './fixtures.js';

const THING = Symbol('thing');

let python: PythonServer;
beforeAll(async () => {
  python = await PythonServer.start('thread');
});
afterAll(() => python.kill());

@Injectable()
class User {
  constructor(@Inject(THING) readonly thing: RemoteObject<Thing>) {}
}

/** Starts an application without a server, and closes it after the test. */
async function start(metadata: ModuleMetadata, user: Provider = User) {
  const app = await NestFactory.createApplicationContext(
    moduleOf({ ...metadata, providers: [user, ...(metadata.providers ?? [])] }),
    { logger: false, abortOnError: false },
  );
  closeAfter(() => app.close());
  return app;
}

const feature = (options: Partial<PyroFeature> = {}): PyroFeature => ({ token: THING, uri: python.uri('thing'), ...options });

describe('PyroModule.forFeature', () => {
  it('PyroModule.forFeature injects a remote object that connects at its first call, and is released with the application', async () => {
    const app = await start({ imports: [PyroModule.forFeature([feature()])] });
    const { thing } = app.get(User);
    expect(thing.$connected).toBe(false);
    expect(await thing.add(1, 2)).toBe(3);
    await app.close();
    expect(thing.$connected).toBe(false);
    await expect(thing.add(1, 2)).rejects.toThrow('the proxy was released');
  });

  it('PyroModule.forFeature lets the application start when the object is missing; the call fails', async () => {
    const app = await start({
      imports: [PyroModule.forFeature([feature({ uri: 'PYRO:thing@127.0.0.1:1', maxRetries: 0 })])],
    });
    await expect(app.get(User).thing.add(1, 2)).rejects.toBeInstanceOf(ConnectionClosedError);
  });

  it('PyroModule.forFeature connects an eager remote object at the start, which fails without the object', async () => {
    const app = await start({ imports: [PyroModule.forFeature([feature({ eager: true })])] });
    expect(app.get(User).thing.$connected).toBe(true);
    const missing = feature({ uri: 'PYRO:thing@127.0.0.1:1', maxRetries: 0, eager: true });
    await expect(start({ imports: [PyroModule.forFeature([missing])] })).rejects.toThrow('127.0.0.1:1');
  });

  it('PyroModule.forFeature refuses wrong options when the application starts', async () => {
    await expect(start({ imports: [PyroModule.forFeature([feature({ uri: 'nonsense' })])] })).rejects.toThrow('invalid uri');
    await expect(start({ imports: [PyroModule.forFeature([feature({ poolSize: 0 })])] })).rejects.toThrow('poolSize is 0');
  });

  it('modules that import PyroModule.forFeature see only their own remote objects, and global ones', async () => {
    const [NEAR, FAR] = [Symbol('near'), Symbol('far')];
    @Injectable()
    class Elsewhere {
      constructor(
        @Inject(FAR) readonly far: RemoteObject<Thing>,
        @Inject(THING) readonly thing: RemoteObject<Thing>,
      ) {}
    }
    const elsewhere = moduleOf({ imports: [PyroModule.forFeature([feature()])], providers: [Elsewhere], exports: [Elsewhere] });
    const app = await start({
      imports: [
        elsewhere,
        PyroModule.forFeature([feature({ token: FAR })], { isGlobal: true }),
        PyroModule.forFeature([feature({ uri: python.uri('session') }), feature({ token: NEAR })]),
      ],
    });
    const { far, thing } = app.get(Elsewhere);
    expect([far, thing, app.get(User).thing].map(({ $uri }) => $uri.object)).toEqual(['thing', 'thing', 'session']);
    expect(app.get(User).thing).not.toBe(thing);
    await expect(start({ imports: [moduleOf({ imports: [PyroModule.forFeature([feature()])] })] })).rejects.toThrow(
      /resolve dependencies of the User/,
    );
  });

  it('PyroModule.forFeatureAsync takes URIs and options from factories', async () => {
    const app = await start({
      imports: [
        PyroModule.forFeatureAsync([
          {
            token: THING,
            imports: [ConfigModule.forFeature(() => ({ THING_URI: python.uri('thing') }))],
            inject: [ConfigService],
            useFactory: (config: ConfigService) => ({ uri: config.getOrThrow<string>('THING_URI') }),
          },
        ]),
      ],
    });
    expect(await app.get(User).thing.add(1, 2)).toBe(3);
  });

  it('a test may override a remote object', async () => {
    const fake = { add: () => 42 };
    const testing = await Test.createTestingModule({ imports: [PyroModule.forFeature([feature()])], providers: [User] })
      .overrideProvider(THING)
      .useValue(fake)
      .compile();
    expect(testing.get(User).thing).toBe(fake);
    await testing.close();
  });
});

describe('PyroModule.forRoot', () => {
  const defaults = { handshake: 'of the application', callTimeoutMs: 61_234 };
  const seen: unknown[] = [];
  beforeEach(() => {
    seen.length = 0;
  });
  const validateHandshake = (response: unknown): void => void seen.push(response);
  const expectDefaults = async (root: ModuleMetadata['imports']) => {
    const OTHER = Symbol('other');
    const app = await start({
      imports: [
        ...root!,
        PyroModule.forFeature([
          feature({ handshake: undefined }),
          feature({ token: OTHER, handshake: 'of the feature', callTimeoutMs: 100 }),
        ]),
      ],
    });
    await app.get(User).thing.add(1, 2);
    const other = app.get<RemoteObject<Thing>>(OTHER);
    await other.$connect();
    await expect(other.hold('too long')).rejects.toThrow('callTimeoutMs (100 ms)');
    expect(seen).toEqual([
      ['welcome', 'of the application'],
      ['welcome', 'of the feature'],
    ]);
    return app;
  };

  it('PyroModule.forRoot gives all remote objects defaults, and their own options win', async () => {
    await expectDefaults([PyroModule.forRoot({ ...defaults, validateHandshake })]);
  });

  it('PyroModule.forRootAsync takes its options from a ConfigService', async () => {
    await expectDefaults([
      PyroModule.forRootAsync({
        imports: [ConfigModule.forFeature(() => ({ HANDSHAKE: defaults.handshake }))],
        inject: [ConfigService],
        useFactory: (config: ConfigService) => ({ handshake: config.getOrThrow('HANDSHAKE'), validateHandshake }),
      }),
    ]);
  });

  it('PyroModule.forRootAsync takes its options from a class', async () => {
    class Options {
      create() {
        return { ...defaults, validateHandshake };
      }
    }
    await expectDefaults([PyroModule.forRootAsync({ useClass: Options })]);
  });

  it('PyroModule.forRoot sets the name server for lookups', async () => {
    const names = await PythonServer.start('nameserver');
    closeAfter(() => names.kill());
    const { server } = await serve({ providers: [Served] }, { nameServer: { host: '127.0.0.1', port: names.port } });
    expect(server.isListening).toBe(true);
    const app = await start({
      imports: [
        PyroModule.forRoot({ nameServer: { host: '127.0.0.1', port: names.port } }),
        PyroModule.forFeature([feature({ uri: 'PYRONAME:example.served' })]),
      ],
    });
    expect(await app.get<RemoteObject<Served>>(THING).whoami()).toBe('served');
  });

  it('remote objects are released after all other shutdown hooks, which may still call them', async () => {
    const results: unknown[] = [];
    @Injectable()
    class Parking implements OnApplicationShutdown {
      constructor(@Inject(THING) private readonly thing: RemoteObject<Thing>) {}
      async onApplicationShutdown() {
        results.push(await this.thing.add(20, 22));
      }
    }
    const parking = moduleOf({ imports: [PyroModule.forFeature([feature()])], providers: [Parking] });
    const app = await start({
      imports: [PyroModule.forRoot(), moduleOf({ imports: [parking] }), PyroModule.forFeature([feature()])],
    });
    await app.close();
    expect(results).toEqual([42]);
  });
});

@PyroController({ objectId: 'served', name: 'example.served', instanceMode: 'single' })
class Served {
  @PyroMethod() whoami(): string {
    return 'served';
  }
}

class Device {
  call(value: number): number {
    return value * 2;
  }
}
expose(Device);

@Injectable()
class Looking implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler) {
    return next.handle().pipe(tap(() => undefined));
  }
}

describe('an injected remote object', () => {
  const touched: unknown[] = [];
  const watched = (): PyroFeature => ({
    token: THING,
    uri: 'PYRO:thing@127.0.0.1:1',
    openSocket: (address) => {
      touched.push(address);
      throw new Error('somebody connected');
    },
  });

  it('an injected remote object does not connect when Nest inspects its providers', async () => {
    const proxy = PyroProxy.to<Thing>('PYRO:thing@127.0.0.1:1', { openSocket: watched().openSocket });
    const VALUE = Symbol('value');
    const app = await NestFactory.create(
      moduleOf({
        imports: [DiscoveryModule, PyroModule.forFeature([watched()])],
        providers: [User, { provide: VALUE, useValue: proxy }, { provide: 'async', useFactory: () => Promise.resolve(proxy) }],
        controllers: [Served],
      }),
      { logger: false, abortOnError: false, snapshot: true },
    );
    app.connectMicroservice({ strategy: new PyroServer({ host: '127.0.0.1', port: 0 }) });
    app.enableShutdownHooks();
    await app.init();
    await app.startAllMicroservices();
    const { thing } = app.get(User);
    for (const { instance } of app.get(DiscoveryService).getProviders()) {
      if (typeof instance === 'object' && instance !== null) {
        const prototype = Object.getPrototypeOf(instance) as object | null;
        if (prototype) new MetadataScanner().getAllMethodNames(prototype);
        for (const hook of ['onModuleInit', 'then', 'onApplicationBootstrap', 'toJSON']) Reflect.get(instance as object, hook);
      }
    }
    for (const candidate of [thing, proxy]) {
      expect(inspect(candidate)).toBe('PyroProxy <PYRO:thing@127.0.0.1:1, not connected>');
      expect(`${candidate}`).toBe('[PyroProxy PYRO:thing@127.0.0.1:1]');
      expect(JSON.stringify({ candidate })).toBe('{"candidate":{}}');
      expect(await Promise.resolve(candidate)).toBe(candidate);
      new Logger().log(candidate);
    }
    expect(app.get(VALUE)).toBe(proxy);
    await app.close();
    expect(touched).toEqual([]);
  });

  it('an injected remote object that a Pyro object returns travels as a proxy, even through an interceptor', async () => {
    @PyroController({ objectId: 'broker', instanceMode: 'single' })
    class Broker {
      constructor(@Inject(THING) private readonly thing: RemoteObject<Thing>) {}
      @PyroMethod() hand(): unknown {
        return this.thing;
      }
      @PyroMethod()
      @UseInterceptors(Looking)
      handOver(): unknown {
        return this.thing;
      }
    }
    const { server } = await serve({ imports: [PyroModule.forFeature([feature()])], providers: [Broker] });
    await using broker = await PyroProxy.connect<{ hand(): unknown; handOver(): unknown }>(
      server.unwrap<PyroDaemon>().uriFor('broker'),
      { receivedProxies: () => true },
    );
    for (const handing of [broker.hand(), broker.handOver()]) {
      const handed = (await handing) as RemoteObject<Thing>;
      closeAfter(() => handed.$release());
      expect(await handed.add(1, 2)).toBe(3);
    }
  });

  it('an injected remote object passes objects of this application as proxies, which Python calls', async () => {
    const { app, server } = await serve({ imports: [PyroModule.forFeature([feature()])], providers: [User, Served] });
    const { thing } = app.get(User);
    expect(await thing.call_back(new Device(), 21)).toBe(42);
    expect(await thing.proxy_state(app.get(Served))).toEqual([
      String(server.unwrap<PyroDaemon>().uriFor('served')),
      [],
      ['whoami'],
      [],
      'hello',
      null,
    ]);
    expect(server.unwrap<PyroDaemon>().objectCount).toBe(3);
  });

  it('an injected remote object refuses to pass an object when no server listens', async () => {
    const app = await start({ imports: [PyroModule.forFeature([feature()])] });
    expect(await app.get(User).thing.type_name(new Device())).toBe('dict');
  });
});

describe('PyroServers', () => {
  it('PyroServers gives providers the servers once they are connected', async () => {
    const early: unknown[] = [];
    @Injectable()
    class Registrar {
      constructor(private readonly servers: PyroServers) {
        early.push(...servers.all());
      }
      onModuleInit() {
        this.servers.get('lab').register(new Device(), { objectId: 'device' });
      }
    }
    const app = await NestFactory.create(moduleOf({ imports: [PyroModule.forRoot()], providers: [Registrar] }), {
      logger: false,
      abortOnError: false,
    });
    closeAfter(() => app.close());
    const servers = app.get(PyroServers);
    expect(() => servers.get()).toThrow('there is no PyroServer yet');
    const [lab, office] = ['lab', 'office'].map((name) => new PyroServer({ host: '127.0.0.1', port: 0, name }));
    for (const strategy of [lab, office]) app.connectMicroservice({ strategy: strategy! });
    await app.init();
    await app.startAllMicroservices();
    expect(early).toEqual([]);
    expect(servers.all()).toEqual([lab, office]);
    expect(servers.get('office')).toBe(office);
    expect(() => servers.get()).toThrow('there are 2 PyroServers');
    expect(() => servers.get('kitchen')).toThrow('there is no PyroServer named "kitchen"');
    expect(await (await joinServer(lab!, 'device')).call('device', 'call', 21)).toBe(42);
  });

  it('PyroServers lets an application without @PyroController use handshake guards, and finish calls before it is destroyed', async () => {
    const order: string[] = [];
    @Injectable()
    class TokenGuard {
      canActivate(): boolean {
        order.push('guard');
        return true;
      }
    }
    class Slow {
      async work(): Promise<string> {
        order.push('begin');
        await new Promise((resolve) => setTimeout(resolve, 100));
        order.push('end');
        return 'done';
      }
    }
    expose(Slow);
    @Injectable()
    class Resource {
      onModuleDestroy() {
        order.push('destroy');
      }
    }
    @Module({ imports: [PyroModule], providers: [TokenGuard, Resource] })
    class AppModule {}
    const strategy = new PyroServer({ host: '127.0.0.1', port: 0, handshakeGuards: [TokenGuard] });
    strategy.register(new Slow(), { objectId: 'slow' });
    const app = await NestFactory.create(AppModule, { logger: false, abortOnError: false });
    app.connectMicroservice({ strategy });
    await app.init();
    await app.startAllMicroservices();
    const peer = await joinServer(strategy, 'slow');
    const result = peer.call('slow', 'work');
    await expect.poll(() => order).toContain('begin');
    await app.close();
    expect(await result).toBe('done');
    expect(order).toEqual(['guard', 'begin', 'end', 'destroy']);
  });
});
