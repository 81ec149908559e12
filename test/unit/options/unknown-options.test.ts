import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { NestFactory } from '@nestjs/core';
import { ClientsModule, type MicroserviceOptions } from '@nestjs/microservices';
import { describe, expect, it } from 'vitest';
import {
  PyroClient,
  PyroController,
  PyroHealthIndicator,
  PyroMethod,
  PyroModule,
  PyroProperty,
  PyroProxy,
  PyroServer,
  type PyroServerOptions,
  type RemoteObject,
} from 'nestjs-pyro';
import {
  behavior,
  DaemonNames,
  locateNameServer,
  NameRegistrar,
  ProxyReference,
  PyroDaemon,
  PyroUri,
  registerClass,
  resolve,
  serve,
} from 'nestjs-pyro/core';
import { connectInMemory } from 'nestjs-pyro/testing';
import { nearestName } from '../../../lib/options/nearest-name.js';

/** Options as JavaScript or a configuration file may give them. */
const wrong = (name: string, value: unknown = 1): never => ({ [name]: value }) as never;
const URI = 'PYRO:thing@host:1';

@PyroController('lab')
class Lab {
  @PyroMethod() read(): number {
    return 1;
  }
}

/** Starts an app with a server, and gives the answer of its object. */
async function start(options: object): Promise<number> {
  @Module({ controllers: [Lab] })
  class App {}
  const app = await NestFactory.create(App, { logger: false, abortOnError: false });
  const server = new PyroServer(options as PyroServerOptions);
  app.connectMicroservice<MicroserviceOptions>({ strategy: server }, { inheritAppConfig: true });
  try {
    await app.startAllMicroservices();
    const daemon = server.unwrap();
    await using lab = await PyroProxy.connect<Lab>(daemon.uriFor('lab'));
    return await lab.read();
  } finally {
    await app.close();
  }
}

async function contextWith(...imports: never[]): Promise<void> {
  @Module({ imports })
  class App {}
  const app = await NestFactory.createApplicationContext(App, { logger: false, abortOnError: false });
  await app.close();
}

describe('an unknown option is refused, with the nearest known name', () => {
  it.each([
    ['maxConections', 'maxConnections'],
    ['prot', 'port'],
    ['TLS', 'tls'],
    ['calltimeoutMs', 'callTimeoutMs'],
    ['recievedProxies', 'receivedProxies'],
    ['natHosts', 'natHost'],
  ])('a daemon and a server have no option %s, but %s', async (name, meant) => {
    const text = `${name} is no option; did you mean ${meant}?`;
    expect(() => new PyroDaemon(wrong(name))).toThrow(expect.objectContaining({ code: 'CONFIG', message: text }));
    await expect(PyroDaemon.listen(wrong(name))).rejects.toThrow(text);
    await expect(serve({}, wrong(name))).rejects.toThrow(text);
    await expect(start(wrong(name))).rejects.toThrow(text);
  });

  it.each([
    ['callTimeoutMS', 'callTimeoutMs'],
    ['tsl', 'tls'],
    ['handshakes', 'handshake'],
    ['poolsize', 'poolSize'],
  ])('a proxy has no option %s, but %s', async (name, meant) => {
    const text = `${name} is no option; did you mean ${meant}?`;
    expect(() => PyroProxy.to(URI, wrong(name))).toThrow(expect.objectContaining({ code: 'CONFIG', message: text }));
    await expect(PyroProxy.connect(URI, wrong(name))).rejects.toThrow(text);
    const reference = new ProxyReference(new PyroUri(URI));
    expect(() => PyroProxy.from(reference, wrong(name))).toThrow(text);
    expect(() => PyroProxy.from(reference, { sender: { remoteAddress: 'host:1' }, ...(wrong(name) as object) })).toThrow(text);
    expect(() => new PyroClient({ uri: URI, ...(wrong(name) as object) })).toThrow(text);
    await expect(contextWith(PyroModule.forRoot(wrong(name)) as never)).rejects.toThrow(text);
    const feature = { token: 'thing', uri: URI, ...(wrong(name) as object) };
    await expect(contextWith(PyroModule.forFeature([feature]) as never)).rejects.toThrow(text);
    const daemon = await PyroDaemon.listen({ listen: false });
    await expect(connectInMemory(daemon, 'thing', wrong(name))).rejects.toThrow(text);
    await daemon.close();
  });

  it('an option that resembles no other is refused with the list of all', () => {
    expect(() => PyroProxy.to(URI).$with(wrong('x'))).toThrow(
      'x is no option; the options are annotations, callTimeoutMs, onAnnotations, oneway, repeatable, signal',
    );
  });

  it('options inside of options are named with their path', () => {
    const text = (name: string, meant: string): string => `${name} is no option; did you mean ${meant}?`;
    expect(() => new PyroDaemon({ tls: wrong('requestClientCrt', true) })).toThrow(
      text('tls.requestClientCrt', 'requestClientCert'),
    );
    expect(() => new PyroDaemon({ tls: wrong('requestCert', true) })).toThrow(
      'tls.requestCert is true; it must be left out; the option is requestClientCert',
    );
    expect(() => new PyroDaemon({ receivedProxyOptions: wrong('maxConections') })).toThrow(
      text('receivedProxyOptions.maxConections', 'maxConnections'),
    );
    expect(() => PyroProxy.to(URI, { tls: wrong('reject_unauthorized', false) })).toThrow(
      text('tls.reject_unauthorized', 'rejectUnauthorized'),
    );
    expect(() => PyroProxy.to(URI, { nameServer: wrong('prot') })).toThrow(text('nameServer.prot', 'port'));
    expect(() => PyroProxy.to(URI, { nameServer: { broadcast: wrong('adresses') } })).toThrow(
      text('nameServer.broadcast.adresses', 'addresses'),
    );
  });

  it('options of TLS that only a later Node knows are left to Node', () => {
    const options = { tls: { postQuantumOnly: true } as never };
    expect(() => PyroProxy.to(URI, options)).not.toThrow();
  });

  it('functions and decorators with options refuse unknown ones', async () => {
    class Thing {}
    await expect(locateNameServer(wrong('hots'))).rejects.toThrow('nameServer.hots is no option; did you mean host?');
    await expect(resolve('PYRONAME:thing', wrong('hots'))).rejects.toThrow('did you mean host?');
    expect(() => new NameRegistrar({ nameServer: {}, ...(wrong('object') as object) })).toThrow('did you mean objects?');
    expect(() => new NameRegistrar({ nameServer: {} }).add({ name: 'a', uri: URI, ...(wrong('metdata') as object) })).toThrow(
      'did you mean metadata?',
    );
    expect(() => behavior(wrong('instancemode'))).toThrow('behavior: instancemode is no option; did you mean instanceMode?');
    expect(() => registerClass(Thing, { name: 'a.Thing', ...(wrong('todict') as object) })).toThrow('did you mean toDict?');
    expect(() => PyroController(wrong('instanceMod'))).toThrow(TypeError);
    expect(() => PyroController(wrong('instanceMod'))).toThrow('instanceMod is no option; did you mean instanceMode?');
    const descriptor = { value: () => 1 };
    expect(() => PyroMethod(wrong('onway', true))(Lab.prototype, 'other', descriptor as never)).toThrow(
      'Lab.other: onway is no option; did you mean oneway?',
    );
    expect(() => PyroMethod({ stream: wrong('bufer') })(Lab.prototype, 'other', descriptor as never)).toThrow(
      'Lab.other: stream.bufer is no option; did you mean buffer?',
    );
    expect(() => PyroProperty(wrong('guard', []))(Lab.prototype, 'other', { get: () => 1 } as never)).toThrow(
      'Lab.other: guard is no option; did you mean guards?',
    );
    expect(() => new PyroServer().register({}, wrong('objectID', 'a'))).toThrow('did you mean objectId?');
    expect(() => PyroModule.forFeature([], wrong('global', true))).toThrow('global is no option; did you mean isGlobal?');
    expect(() => PyroModule.forFeatureAsync([wrong('usefactory')])).toThrow('did you mean useFactory?');
    const daemon = await PyroDaemon.listen({ host: '127.0.0.1' });
    expect(() => daemon.register(new Thing(), 'thing', wrong('weekly', true))).toThrow('weekly is no option');
    expect(() => new DaemonNames(daemon, wrong('retryIntervallMs'))).toThrow(
      'nameServer.retryIntervallMs is no option; did you mean retryIntervalMs?',
    );
    await daemon.close();
    const proxy = PyroProxy.to(URI);
    await expect(proxy.$batch((batch) => batch['read']!(), wrong('onway', true))).rejects.toThrow('did you mean oneway?');
  });

  it('a health check with an unknown option is down, and says why', async () => {
    @Module({ imports: [PyroModule] })
    class App {}
    const app = await NestFactory.createApplicationContext(App, { logger: false });
    const health = app.get(PyroHealthIndicator);
    expect(await health.isHealthy('lab', wrong('sever'))).toEqual({
      lab: { status: 'down', message: 'sever is no option; did you mean server?' },
    });
    expect(await health.isHealthy('thing', { uri: URI, ...(wrong('timeoutms') as object) })).toEqual({
      thing: { status: 'down', message: 'timeoutms is no option; did you mean timeoutMs?' },
    });
    await app.close();
  });
});

describe('options that Nest and other programs put together are taken', () => {
  it('an unknown name without a value counts as not given', () => {
    expect(() => PyroProxy.to(URI, { callTimeoutMs: undefined, nonsense: undefined } as never)).not.toThrow();
  });

  it('a server takes spread options, undefined ones among them, together with the options of connectMicroservice', async () => {
    const ofFile = { port: undefined, host: '127.0.0.1', tls: undefined };
    await expect(start({ ...ofFile, name: undefined, nameServer: undefined, drainTimeoutMs: 1_000 })).resolves.toBe(1);
  });

  it('clients take options of ConfigService, of classes and of factories', async () => {
    class Options {
      readonly callTimeoutMs = 500;
      readonly nameServer = undefined;
      get timeout(): number {
        return 5;
      }
    }
    const configuration = (): object => ({ pyro: { callTimeoutMs: 400, poolSize: undefined } });
    @Module({
      imports: [
        ConfigModule.forRoot({ load: [configuration], ignoreEnvFile: true }),
        PyroModule.forRootAsync({
          imports: [ConfigModule],
          inject: [ConfigService],
          useFactory: (config: ConfigService) => config.getOrThrow<object>('pyro'),
        }),
        PyroModule.forFeatureAsync([{ token: 'thing', useFactory: () => Object.assign(new Options(), { uri: URI }) }]),
        ClientsModule.register([{ name: 'client', customClass: PyroClient, options: { uri: URI, callTimeoutMs: 300 } }]),
      ],
    })
    class App {}
    const app = await NestFactory.createApplicationContext(App, { logger: false, abortOnError: false });
    expect(String(app.get<RemoteObject>('thing', { strict: false }).$uri)).toBe(URI);
    await app.close();
  });

  it('one object with the address of a name server serves servers, proxies and functions', async () => {
    const nameServer = { host: '127.0.0.1', port: 1, retryIntervalMs: 1_000, callTimeoutMs: 500, waitMs: 0 };
    expect(() => PyroProxy.to('PYRONAME:thing', { nameServer })).not.toThrow();
    await expect(locateNameServer(nameServer)).rejects.toThrow('no name server at');
    await start({ host: '127.0.0.1', nameServer });
  });
});

it.each([
  ['maxConections', 'maxConnections'],
  ['prot', 'port'],
  ['host', 'host'],
  ['timeout', undefined],
  ['', undefined],
  ['x', undefined],
])('the nearest of the names to %s is %s', (name, nearest) => {
  expect(nearestName(name, ['port', 'host', 'natPort', 'maxConnections', 'callTimeoutMs'])).toBe(nearest);
});
