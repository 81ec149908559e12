import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { describe, expect, it } from 'vitest';
import {
  PyroClient,
  PyroController,
  type PyroControllerOptions,
  PyroException,
  PyroMethod,
  type PyroMethodOptions,
  PyroModule,
  PyroNameServerModule,
  PyroProperty,
  type PyroPropertyOptions,
  PyroServer,
  type PyroServerOptions,
} from 'nestjs-pyro';
import {
  behavior,
  currentContext,
  DaemonNames,
  type DaemonNamesOptions,
  expose,
  locateNameServer,
  params,
  PyroClass,
  PyroDaemon,
  type PyroDaemonOptions,
  PyroProxy,
  type PyroProxyOptions,
  PythonException,
  readConfig,
  registerClass,
  registerEnum,
  serve,
  type ServeOptions,
} from 'nestjs-pyro/core';

type Wrong = [name: string, value: unknown, takes: string];

const SWITCH = 'true or false, and no text';
const ANNOTATIONS = 'a Map or a plain object of four ASCII letters to Buffers';
const ANNOTATIONS_OR_HOOK = `${ANNOTATIONS}, or a function that gives one at once`;
const SERIALIZERS = 'serpent, marshal, json or msgpack';
/** A value of an environment variable or a file: a text where a switch is meant. */
const switches = (...names: string[]): Wrong[] =>
  names.flatMap((name, index): Wrong[] => [
    [name, 'false', SWITCH],
    [name, ['no', 0, null, {}][index % 4], SWITCH],
  ]);

const HOST = 'a text without white space, a host name or an IP address';

const DAEMON: Wrong[] = [
  ...switches('detailedTraceback', 'streaming', 'compression', 'serpentBytesRepr', 'listen'),
  ['host', 5, HOST],
  ['host', 'local\0', HOST],
  ['unixSocket', ['a'], 'a text'],
  ['natHost', true, HOST],
  ['natHost', 'lab\n', HOST],
  ['natHost', 'a b', HOST],
  ['connectedSocket', 'socket', 'a socket or another byte stream'],
  ['tls', true, 'an object with cert and key, or false'],
  ['tls', 'no', 'an object with cert and key, or false'],
  ['serializers', [], `a list of at least one of ${SERIALIZERS}`],
  ['serializers', 'json', `a list of at least one of ${SERIALIZERS}`],
  ['serializers', ['json', 'pickle'], `a list of at least one of ${SERIALIZERS}`],
  ['values', 'foo', 'natural or faithful'],
  ['classes', {}, 'a ClassRegistry'],
  ['annotations', {}, 'a function'],
  ['validateHandshake', 'yes', 'a function'],
  ['clientDisconnect', true, 'a function'],
  ['housekeeping', 5, 'a function'],
  ['daemonObject', {}, 'a class that extends DaemonObject'],
  ['daemonObject', () => ({}), 'a class that extends DaemonObject'],
];

const PROXY: Wrong[] = [
  ...switches('compression', 'serpentBytesRepr', 'shareHandshake'),
  ['serializer', 'pickle', SERIALIZERS],
  ['serializer', ['json'], SERIALIZERS],
  ['values', 'Natural', 'natural or faithful'],
  ['classes', [], 'a ClassRegistry'],
  ['validateHandshake', true, 'a function'],
  ['repeatable', 'read', 'a list of texts'],
  ['repeatable', [1], 'a list of texts'],
  ['tls', 'yes', 'true or false, and no text, or an object with certificates'],
  ['openSocket', {}, 'a function'],
  ['connectedSocket', {}, 'a socket or another byte stream'],
  ...[
    'ABCD',
    null,
    [],
    new Set(['ABCD']),
    Promise.resolve({}),
    async () => ({}),
    { TOOLONG: Buffer.alloc(1) },
    { ABCÄ: Buffer.alloc(1) },
    { ABCD: 'text' },
    new Map([[5, Buffer.alloc(1)]]),
  ].map((value): Wrong => ['annotations', value, ANNOTATIONS_OR_HOOK]),
  ['onAnnotations', true, 'a function'],
  ['onConnected', 'x', 'a function'],
  ['onDisconnected', 'x', 'a function'],
  ['nameServer', 'control:9090', 'an object'],
  ['receivedProxies', true, 'a function that gives its result at once'],
  ['receivedProxies', async () => false, 'a function that gives its result at once'],
  ['autoproxy', true, 'a PyroDaemon'],
  ['signal', true, 'an AbortSignal'],
];

const NAME_SERVER: Wrong[] = [
  ['host', 5, 'a text'],
  ['unixSocket', 5, 'a text'],
  ['broadcast', 'no', 'true or false, and no text, or an object with port and addresses'],
  ['tls', 'no', 'true or false, and no text, or an object with certificates'],
  ['port', '9090', 'a whole number from 0 to 65535'],
  ['waitMs', '5', 'a whole number from 0'],
];

const shown = (value: unknown): string =>
  typeof value === 'string' ? `the text ${JSON.stringify(value)}` : Array.isArray(value) ? '' : '';

const refusal = ([name, value, takes]: Wrong): RegExp => {
  const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(`${escaped(name)} is ${escaped(shown(value))}.*; it must be ${escaped(takes)}`);
};

describe('options that are no numbers are checked, too', () => {
  it.each([
    ...DAEMON,
    ['wireLog', 'yes', 'a function'],
    ['receivedProxies', 'all', 'a function that gives'],
    ['receivedProxies', async () => false, 'a function that gives'],
  ] as Wrong[])('a daemon refuses %s: %j', (...wrong) => {
    const make = () => new PyroDaemon({ [wrong[0]]: wrong[1] } as PyroDaemonOptions);
    expect(make).toThrow(refusal(wrong));
    expect(make).toThrow(expect.objectContaining({ code: 'CONFIG' }));
  });

  it.each(['requestClientCert', 'rejectUnauthorized'])('a daemon and a proxy refuse a text for tls.%s', (name) => {
    const tls = { [name]: 'false' } as never;
    const text = `tls.${name} is the text "false"; it must be true or false`;
    expect(() => new PyroDaemon({ tls })).toThrow(text);
    expect(() => PyroProxy.to('PYRO:a@host:1', { tls })).toThrow(text);
  });

  it.each([
    ['checkServerIdentity', 'x', 'a function'],
    ['SNICallback', {}, 'a function'],
    ['ca', 5, 'the text of a PEM file, or bytes, or an object with pem, or a list of these'],
    ['cert', [''], 'the text of a PEM file, or bytes'],
    ['key', true, 'the text of a PEM file, or bytes'],
    ['pfx', 5, 'the text of a PEM file, or bytes, or an object with buf'],
    ['passphrase', 5, 'a text'],
    ['ciphers', ['a'], 'a text'],
    ['minVersion', '1.2', 'TLSv1.3, TLSv1.2, TLSv1.1 or TLSv1'],
    ['honorCipherOrder', 'no', SWITCH],
    ['sessionTimeout', '5', 'a whole number'],
    ['ALPNProtocols', 'h2', 'a list of texts'],
    ['session', 'text', 'bytes'],
  ] as Wrong[])('a daemon and a proxy refuse tls.%s: %j', (name, value, takes) => {
    const tls = { [name]: value } as never;
    const text = refusal([`tls.${name}`, value, takes]);
    expect(() => new PyroDaemon({ tls })).toThrow(text);
    expect(() => PyroProxy.to('PYRO:a@host:1', { tls })).toThrow(text);
  });

  it.each(PROXY)('a proxy refuses %s: %j', (...wrong) => {
    const options = { [wrong[0]]: wrong[1] } as PyroProxyOptions;
    expect(() => PyroProxy.to('PYRO:a@host:1', options)).toThrow(refusal(wrong));
    expect(() => new PyroClient({ uri: 'PYRO:a@host:1', ...options })).toThrow(refusal(wrong));
  });

  it.each([['oneway'], ['repeatable'], ['signal'], ['onAnnotations']])('$with refuses a text for %s', (name) => {
    expect(() => PyroProxy.to('PYRO:a@host:1').$with({ [name]: 'false' })).toThrow(`${name} is the text "false"; it must be`);
  });

  it.each([
    ['a promise', Promise.resolve({ ABCD: Buffer.alloc(1) })],
    ['an object of the class Set', new Set(['ABCD'])],
    ['an object of the class Date', new Date(0)],
    ['an object of a class without a name', new (class {})()],
    ['a function', () => ({})],
    ['an empty list', []],
    ['the text "ABCD"', 'ABCD'],
    ['an object with the identifier "TOOLONG"', { TOOLONG: Buffer.alloc(1) }],
    ['an object with the identifier 5', new Map([[5, Buffer.alloc(1)]])],
    ['an object whose data of "ABCD" is the text "x"', new Map([['ABCD', 'x']])],
    ['an object whose data of "ABCD" is an object', { ABCD: new ArrayBuffer(1) }],
  ])('$with and PyroProxy.to refuse %s as annotations', (described, annotations) => {
    const proxy = PyroProxy.to('PYRO:a@host:1');
    const refused = expect.objectContaining({
      code: 'CONFIG',
      message: `annotations is ${described}; it must be ${ANNOTATIONS}`,
    });
    expect(() => proxy.$with({ annotations: annotations as never })).toThrow(refused);
    if (typeof annotations !== 'function')
      expect(() => PyroProxy.to('PYRO:a@host:1', { annotations: annotations as never })).toThrow(
        `annotations is ${described}; it must be`,
      );
  });

  it.each(['oneway', 'settled'])('$batch refuses a text for %s', async (name) => {
    const proxy = PyroProxy.to('PYRO:a@host:1');
    await expect(proxy.$batch((recorder) => recorder['a']!(), { [name]: 'false' } as never)).rejects.toThrow(
      `${name} is the text "false"; it must be`,
    );
  });

  it.each(NAME_SERVER)('a name server address refuses %s: %j', async (name, value, takes) => {
    const nameServer = { [name]: value } as DaemonNamesOptions;
    const text = refusal([`nameServer.${name}`, value, takes]);
    expect(() => PyroProxy.to('PYRONAME:a', { nameServer })).toThrow(text);
    await expect(locateNameServer(nameServer)).rejects.toThrow(text);
  });

  it.each([
    ['nameServer', 'yes', 'true, false, or an object'],
    ['verbose', 'no', SWITCH],
    ['signals', 'SIGINT', 'a list of signals'],
    ['signals', ['INT'], 'a list of signals'],
  ] as Wrong[])('serve refuses %s: %j', async (...wrong) => {
    await expect(serve({}, { [wrong[0]]: wrong[1] } as ServeOptions)).rejects.toThrow(refusal(wrong));
  });

  it.each(['force', 'weak'])('register refuses a text for %s', async (name) => {
    const daemon = new PyroDaemon({ listen: false });
    await daemon.start();
    expect(() => daemon.register({}, 'a', { [name]: 'no' })).toThrow(`${name} is the text "no"; it must be ${SWITCH}`);
    expect(() => new PyroServer().register({}, { [name]: 'no' })).toThrow(`${name} is the text "no"; it must be ${SWITCH}`);
    await daemon.close();
  });

  it('registerClass and behavior refuse wrong options', () => {
    class Thing {}
    expect(() => registerClass(Thing, { name: 5 as never })).toThrow('registerClass: name is 5; it must be a text');
    expect(() => registerClass(Thing, { name: 'a.B', toDict: 'x' as never })).toThrow(
      'toDict is the text "x"; it must be a function',
    );
    for (const instanceMode of ['Single', '', ['single'], null])
      expect(() => behavior({ instanceMode: instanceMode as never })).toThrow('it must be session, single or percall');
  });
});

/** Calls of a daemon that listens to nobody. */
const CALLS: [call: string, run: (daemon: PyroDaemon) => unknown, text: string][] = [
  ['drain', (daemon) => daemon.drain('100' as never), `drain: deadlineMs is the text "100"; it must be a whole number from 0 to`],
  ['drain', (daemon) => daemon.drain(Infinity), 'drain: deadlineMs is Infinity; it must be a whole number from 0 to'],
  [
    'shutdown',
    (daemon) => daemon.shutdown('10 s' as never),
    'shutdown: deadlineMs is the text "10 s"; it must be a whole number',
  ],
  ['uriFor', (daemon) => daemon.uriFor('x', 'false' as never), `uriFor: nat is the text "false"; it must be ${SWITCH}`],
  ['proxyFor', (daemon) => daemon.proxyFor('x', 0 as never), `nat is 0; it must be ${SWITCH}`],
  [
    'observe',
    (daemon) => daemon.observe('x' as never),
    'observe: the observer is the text "x"; it must be an object with the method callStarted',
  ],
  ['observe', (daemon) => daemon.observe({} as never), 'observe: the observer is an object; it must be'],
  ['serve', (daemon) => daemon.serve(5 as never), 'serve: the socket is 5; it must be a socket or another byte stream'],
  ['combine', (daemon) => daemon.combine({} as never), 'combine: the other daemon is an object; it must be a PyroDaemon'],
  ['requestLoop', (daemon) => daemon.requestLoop(5 as never), 'requestLoop: the condition is 5; it must be a function'],
  [
    'requestLoop',
    (daemon) => daemon.requestLoop((async () => false) as never),
    'requestLoop: the answer of the condition is an object; it must be true or false, at once',
  ],
  ['register', (daemon) => daemon.register({}, 'a', 5 as never), 'register: the options are 5; they must be an object'],
  ['lease', (daemon) => daemon.lease({}, 'x' as never), 'the options are the text "x"; they must be an object'],
  ['inspect', (daemon) => daemon.inspect(5 as never), 'inspect: the options are 5; they must be an object'],
  ['register', (daemon) => daemon.register((() => 1) as never), 'a function cannot be registered: it is no object and no class'],
  ['uriFor', (daemon) => daemon.uriFor(null as never), "object isn't registered in this daemon"],
  ['lease', (daemon) => daemon.lease(null as never), 'null cannot be registered: it is no object and no class'],
  [
    'expose',
    () => expose((() => 1) as never),
    'expose takes a class, or a method or accessor as its decorator; it got a function',
  ],
  ['PyroClass', () => PyroClass('a.B', null as never), '@PyroClass: the options are null; they must be an object'],
  [
    'registerClass',
    () => registerClass(class {}, { name: 'a.B' }, {} as never),
    'registerClass: the registry is an object; it must be a ClassRegistry',
  ],
  ['readConfig', () => readConfig('x' as never), 'readConfig: the argument is the text "x"; it must be an object'],
  ['DaemonNames', () => new DaemonNames({} as never, true), 'DaemonNames: the daemon is an object; it must be a PyroDaemon'],
  ['PythonException', () => new PythonException(5 as never), 'PythonException: the type is 5; it must be a text'],
  ['PyroServer.on', () => new PyroServer().on('close', 'x' as never), 'on: the callback is the text "x"; it must be a function'],
  [
    'registerTarget',
    (daemon) => daemon.registerTarget(undefined as never, {} as never),
    'registerTarget: the id is undefined; it must be',
  ],
  [
    'registerTarget',
    (daemon) => daemon.registerTarget('x', {} as never),
    'registerTarget: the target is an object; it must be a PyroTarget',
  ],
  ['new PyroDaemon', () => new PyroDaemon(5 as never), 'the options are 5; they must be an object'],
  ['new PyroDaemon', () => new PyroDaemon(null as never), 'the options are null; they must be an object'],
  [
    'PyroProxy.to',
    () => PyroProxy.to('PYRO:a@host:1', 'json' as never),
    'the options are the text "json"; they must be an object',
  ],
  ['behavior', () => behavior('single' as never), 'behavior: the options are the text "single"; they must be an object'],
  [
    'registerClass',
    () => registerClass('Lamp' as never, { name: 'a.B' }),
    'registerClass: the class is the text "Lamp"; it must be a class',
  ],
  ['registerClass', () => registerClass(class {}, 5 as never), 'registerClass: the options are 5; they must be an object'],
  ['registerEnum', () => registerEnum(5 as never, 'a.B'), 'registerEnum: the enum is 5; it must be'],
  ['params', () => params(5 as never), 'params: 5 is no name of a parameter; it must be a text'],
  ['serve', () => serve(new Date() as never), 'serve: the first argument is an object; it must be a Map, or an object of names'],
  ['serve', () => serve([{}] as never), 'serve: the first argument is the list [an object]; it must be a Map'],
  [
    'PythonException',
    () => new PythonException('a.B', 'text' as never),
    'PythonException: args is the text "text"; it must be a list',
  ],
  ['PyroException', () => new PyroException('a.B', 'text' as never), 'PyroException: args is the text "text"; it must be a list'],
  [
    'PythonException',
    () => new PythonException('a.B', ['x'], 'code' as never),
    'PythonException: attributes is the text "code"; it must be an object with the attributes as members: { code: 5 }',
  ],
  ['PythonException', () => new PythonException('a.B', ['x'], new Map() as never), 'it must be an object with the attributes'],
  ['PythonException', () => new PythonException('a.B', ['x'], null as never), 'attributes is null; it must be an object'],
  [
    'PyroException',
    () => new PyroException('a.B', ['x'], { attributes: 'code' as never }),
    'PyroException: attributes is the text "code"; it must be an object with the attributes as members: { code: 5 }',
  ],
  [
    'PyroException',
    () => new PyroException('a.B', ['x'], { attributes: [] as never }),
    'it must be an object with the attributes',
  ],
  [
    'PyroException',
    () => new PyroException('a.B', ['x'], { atributes: {} } as never),
    'PyroException: atributes is no option; did you mean attributes?',
  ],
  ['PyroException', () => new PyroException(5 as never), 'PyroException: the type is 5; it must be a text that is not empty'],
];

describe('arguments are checked, too', () => {
  it.each(CALLS)('%s refuses an argument of the wrong type (%#)', async (_, run, text) => {
    const daemon = new PyroDaemon({ listen: false });
    await daemon.start();
    const refused = (async () => run(daemon))();
    await expect(refused).rejects.toThrow(text);
    expect(daemon.isListening).toBe(true);
    expect(daemon.connections).toEqual([]);
    await daemon.close();
  });

  it('track refuses what is no object', async () => {
    class Thing {
      track(): void {
        currentContext()!.track(5 as never);
      }
    }
    await using daemon = await PyroDaemon.listen({ host: '127.0.0.1' });
    await using thing = await PyroProxy.connect<Thing>(daemon.register(new (expose(Thing))()));
    await expect(thing.track()).rejects.toThrow('track: the resource is 5; it must be an object');
  });
});

@PyroController('lab')
class Lab {
  @PyroMethod() read(): number {
    return 1;
  }
}

async function start(options: object): Promise<void> {
  @Module({ providers: [Lab] })
  class App {}
  const server = new PyroServer({ listen: false, ...options } as PyroServerOptions);
  const app = await NestFactory.createMicroservice(App, { strategy: server, logger: false, abortOnError: false });
  try {
    await app.listen();
  } finally {
    await app.close();
  }
}

describe('options of the Nest layer', () => {
  it.each([
    ...DAEMON.filter(([name]) => name !== 'validateHandshake'),
    ...switches('inheritAppConfig'),
    ['name', 5, 'a text that is not empty'],
    ['naming', 'camelCase', 'same or snake_case'],
    ['nameServer', 'control', 'true, false, or an object'],
    ['handshakeGuards', Lab, 'a list of guards'],
    ['handshakeGuards', [5], 'a list of guards'],
    ['handshakeGuards', [null], 'a list of guards'],
    ['wireLog', 'no', 'true, false, an object with payloads (true or false), or a function'],
    ['drainTimeoutMs', '5', 'a whole number'],
    ['failureLevel', 'debug', 'a function'],
  ] as Wrong[])('a server refuses %s: %j', async (...wrong) => {
    await expect(start({ [wrong[0]]: wrong[1] })).rejects.toThrow(refusal(wrong));
  });

  it('a server refuses a text for payloads of wireLog', async () => {
    await expect(start({ wireLog: { payloads: 'no' } })).rejects.toThrow(
      'wireLog.payloads is the text "no"; it must be true or false',
    );
  });

  it.each([
    [5, 'is 5; it must be an object id, or an object with options'],
    [null, 'is null; it must be'],
    [['a'], 'is the list ["a"]; it must be'],
  ])('@PyroController refuses %j', (given, text) => {
    expect(() => PyroController(given as never)).toThrow(`@PyroController: the argument ${text}`);
    expect(() => PyroMethod(given as never)).toThrow(`@PyroMethod: the argument ${text.replace('an object id', 'a name')}`);
    expect(() => PyroController('lab', (given ?? 'x') as never)).toThrow('@PyroController: the second argument is');
    expect(() => PyroProperty(given as never)).toThrow('@PyroProperty: the options are');
    expect(() => new PyroServer(given as never)).toThrow('PyroServer: the options are');
    expect(() => PyroModule.forRoot(given as never)).toThrow('PyroModule.forRoot: the options are');
    expect(() => PyroModule.forRootAsync(given as never)).toThrow('PyroModule.forRootAsync: the options are');
    expect(() => PyroNameServerModule.forRoot(given as never)).toThrow('PyroNameServerModule.forRoot: the options are');
    expect(() => PyroModule.forFeature([given] as never)).toThrow('PyroModule.forFeature: the list is the list');
    expect(() => PyroModule.forFeatureAsync([given] as never)).toThrow('PyroModule.forFeatureAsync: the list is the list');
  });

  it('a server refuses arguments of the wrong type before it listens, too', async () => {
    const server = new PyroServer();
    await expect(server.drain('100' as never)).rejects.toThrow('drain: deadlineMs is the text "100"; it must be');
    for (const given of [5, undefined, 'lamp'])
      expect(() => server.register(given as never)).toThrow(`${given} cannot be registered: it is no object and no class`);
    expect(() => server.register({}, 5 as never)).toThrow('register: the options are 5; they must be an object');
  });

  it.each([
    ['name', 5, 'a text'],
    ['metadata', 'camera', 'a list of tags'],
    ['server', '', 'a text that is not empty'],
  ] as Wrong[])('@PyroController refuses %s: %j', (...wrong) => {
    expect(() => PyroController({ [wrong[0]]: wrong[1] } as PyroControllerOptions)).toThrow(refusal(wrong));
  });

  it.each([
    ...switches('oneway', 'callback'),
    ['stream', 'yes', 'true or false'],
    ['params', 'item', 'a list of names'],
    ['name', 5, 'a text'],
  ] as Wrong[])('@PyroMethod refuses %s: %j', (...wrong) => {
    const decorate = PyroMethod({ [wrong[0]]: wrong[1] } as PyroMethodOptions);
    expect(() => decorate(Lab.prototype, 'other', { value: () => 1 } as never)).toThrow(
      refusal([`Lab.other: ${wrong[0]}`, wrong[1], wrong[2]]),
    );
  });

  it.each([
    ['guards', Lab, 'a list of guards'],
    ['pipes', ['trim'], 'a list of pipes'],
    ['interceptors', {}, 'a list of interceptors'],
    ['filters', [null], 'a list of filters'],
    ['name', true, 'a text'],
  ] as Wrong[])('@PyroProperty refuses %s: %j', (...wrong) => {
    const decorate = PyroProperty({ [wrong[0]]: wrong[1] } as PyroPropertyOptions) as MethodDecorator;
    const descriptor = { get: () => 1 };
    expect(() => decorate(Lab.prototype, 'other', descriptor)).toThrow(refusal([`Lab.other: ${wrong[0]}`, wrong[1], wrong[2]]));
  });

  it.each(PROXY)('PyroModule refuses %s: %j when the application starts', async (...wrong) => {
    const wrongModule = PyroModule.forRoot({ [wrong[0]]: wrong[1] } as PyroProxyOptions);
    @Module({ imports: [wrongModule] })
    class App {}
    await expect(NestFactory.createApplicationContext(App, { logger: false, abortOnError: false })).rejects.toThrow(
      refusal(wrong),
    );
  });

  it('forFeature refuses a text for eager and isGlobal', async () => {
    const features = [{ token: 'camera', uri: 'PYRO:a@host:1', eager: 'false' as never }];
    @Module({ imports: [PyroModule.forFeature(features)] })
    class App {}
    await expect(NestFactory.createApplicationContext(App, { logger: false, abortOnError: false })).rejects.toThrow(
      'eager is the text "false"; it must be true or false',
    );
    expect(() => PyroModule.forFeature([], { isGlobal: 'yes' as never })).toThrow(
      'isGlobal is the text "yes"; it must be true or false',
    );
  });
});
