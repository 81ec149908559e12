import { beforeEach, describe, expect, it } from 'vitest';
import {
  ClassRegistry,
  CommunicationError,
  currentContext,
  expose,
  FLAGS,
  locateNameServer,
  type LogEntry,
  NdArray,
  PyroDaemon,
  PyroError,
  type PyroLogger,
  PyroNameServer,
  PyroProxy,
  PyroUri,
  PythonException,
  registerClass,
  registerEnum,
  SecurityError,
  SerializeError,
  type SerializedBlob,
  withCorrelationId,
} from '../../../lib/core.js';
import { createSerializers } from '../../../lib/serializers/serializers.js';
import { SERIALIZER_IDS } from '../../../lib/protocol/constants.js';
import { eventually, join, startDaemon } from '../daemon/fixtures.js';

class Sample {}

/** A daemon whose answers no client can read. */
async function unreadable(): Promise<string> {
  const classes = new ClassRegistry();
  classes.registerClass(Sample, { name: 'lab__tools.Sample', toDict: () => ({}) });
  const daemon = await startDaemon({ classes });
  class Store {
    sample(): Sample {
      return new Sample();
    }
    refuse(): never {
      throw new SecurityError('not for you');
    }
  }
  expose(Store);
  return String(daemon.register(new Store(), 'store'));
}

/** The methods make the mistakes of authors. */
class Mistakes {
  expose(): void {
    expose(Mistakes, 'nope' as 'uri');
  }
  exposePrivate(): void {
    expose(Mistakes, '_hidden' as 'uri');
  }
  option(): void {
    void new PyroDaemon({ maxConection: 5 } as object);
  }
  registered(): void {
    registerClass(Sample, { name: '' });
  }
  uri(): void {
    void new PyroUri('camera');
  }
  register(): void {
    const { daemon } = currentContext()!;
    daemon.register(new Mistakes(), 'mistakes');
  }
  correlationId(): void {
    withCorrelationId('5', () => undefined);
  }
  array(): void {
    void NdArray.from([[1], [1, 2]], { dtype: '<f8' });
  }
  exception(): void {
    throw new PythonException('DoorError');
  }
  pyroError(): void {
    throw new PyroError('no more paper');
  }
  async lookup(): Promise<void> {
    await locateNameServer({ host: '127.0.0.1', port: 1 });
  }
  async connect(): Promise<void> {
    await PyroProxy.connect('PYRO:camera@127.0.0.1:1');
  }
  async unreadableResult(): Promise<void> {
    await using store = await PyroProxy.connect<{ sample(): void }>(await unreadable());
    await store.sample();
  }
  async remoteRefusal(): Promise<void> {
    await using store = await PyroProxy.connect<{ refuse(): void }>(await unreadable());
    await store.refuse();
  }
  *items(): Generator<number> {
    yield 1;
    expose(Mistakes, 'nope' as 'uri');
  }
}
const METHODS = Object.getOwnPropertyNames(Mistakes.prototype).filter((name) => name !== 'constructor') as 'uri'[];
for (const method of METHODS) expose(Mistakes, method);

/** The methods are right, and their clients make mistakes. */
class Served {
  hasBegun = false;
  refuse(): never {
    throw new SecurityError('not for you');
  }
  items(): Iterator<number> {
    return [1, 2].values();
  }
  open(blob: SerializedBlob): unknown {
    return blob.deserialized();
  }
  async wait(): Promise<void> {
    const { signal } = currentContext()!;
    this.hasBegun = true;
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    signal.throwIfAborted();
  }
}
expose(Served);

const nothing = undefined as unknown as Record<string, unknown>;

/** Classes with mistakes of their author; a class that refuses on purpose; a class without mistakes. */
class Bug {}
class Setter {
  set gain(_value: number) {
    void nothing['gain'];
  }
}
class Refusal {}
class Typed {
  gain = 1;
}
registerClass(Bug, { name: 'failures.Bug', fromDict: () => nothing['bug'] as Bug });
registerClass(Setter, { name: 'failures.Setter', fields: { gain: 'float' } });
registerClass(Refusal, {
  name: 'failures.Refusal',
  fromDict: () => {
    throw new PythonException('builtins.ValueError', ['no such sample']);
  },
});
registerClass(Typed, { name: 'failures.Typed', fields: { gain: 'float' } });
const NAMES = ['failures.Bug', 'failures.Setter', 'failures.Refusal', 'failures.Typed'];

const entries: [string, LogEntry][] = [];
const at = (level: string) => (entry: LogEntry) => {
  if (entry.event === 'call failed') entries.push([level, entry]);
};
const logger: PyroLogger = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
beforeEach(() => {
  entries.length = 0;
});

describe('a failed call of a daemon with a logger', () => {
  it.each(METHODS.filter((name) => (name as string) !== 'items'))(
    'a wrong use of the library, or a failed call, inside a method is logged as an error with its stack: %s',
    async (method) => {
      const daemon = await startDaemon({ logger });
      daemon.register(new Mistakes(), 'mistakes');
      const peer = await join(daemon);
      await peer.fail('mistakes', method);
      expect(entries).toEqual([['error', expect.objectContaining({ method, stack: expect.any(String) as string })]]);
    },
  );

  it('a wrong use of the library inside a batch, a oneway call and the item of a stream is logged as an error with its stack', async () => {
    const daemon = await startDaemon({ logger });
    daemon.register(new Mistakes(), 'mistakes');
    const peer = await join(daemon);
    peer.invoke('mistakes', '<batch>', [['expose', [], {}]], {}, { flags: FLAGS.batch });
    await peer.next();
    peer.invoke('mistakes', 'expose', [], {}, { flags: FLAGS.oneway });
    await eventually(() => entries.length === 2);
    peer.invoke('mistakes', 'items');
    const id = (await peer.next()).annotations.get('STRM')!.toString();
    await peer.call('Pyro.Daemon', 'get_next_stream_item', id);
    await peer.fail('Pyro.Daemon', 'get_next_stream_item', id);
    const stack = expect.stringContaining('no method or accessor "nope"') as string;
    expect(entries).toEqual(['expose', 'expose', 'items'].map((method) => ['error', expect.objectContaining({ method, stack })]));
  });

  it('what the library refuses to a client is logged at debug: objects, streams, batches, arguments, limits, guards', async () => {
    const daemon = await startDaemon({ logger, maxStreamsPerConnection: 1 });
    const served = new Served();
    daemon.register(served, 'served');
    const peer = await join(daemon);
    await peer.fail('served', 'refuse');
    await peer.fail('nobody', 'refuse');
    await peer.fail('Pyro.Daemon', 'get_metadata', 'nobody');
    await peer.fail('Pyro.Daemon', 'get_next_stream_item', 'none');
    peer.invoke('served', 'items');
    await peer.next();
    await peer.fail('served', 'items');
    peer.invoke('served', '<batch>', [['items', [], {}]], {}, { flags: FLAGS.batch });
    await peer.next();
    const annotations = new Map([['BLBI', createSerializers().get(SERIALIZER_IDS.marshal)!.dumps([null, 'served', 'open'])]]);
    peer.send({ data: Buffer.from('nonsense'), flags: FLAGS.keepSerialized, annotations });
    await peer.next();
    await peer.fail('served', 'open', { __class__: 'float', value: [] });
    await peer.fail('served', 'open', { __class__: 'lab__tools.Sample' });
    const other = await join(daemon);
    other.invoke('served', 'wait');
    await eventually(() => served.hasBegun);
    other.destroy();
    await eventually(() => entries.length >= 10, JSON.stringify(entries.map(([l, e]) => [l, e.msg])), 2000);
    expect(entries.map(([level, { msg, stack }]) => [level, stack, msg.replace(/.*\): /, '')])).toEqual(
      [
        'SecurityError: not for you',
        expect.stringMatching(/^DaemonError: unknown object/),
        expect.stringMatching(/^DaemonError: unknown object/),
        'PyroError: item stream terminated',
        expect.stringMatching('maxStreamsPerConnection is 1'),
        expect.stringMatching('cannot be part of a batch'),
        expect.stringMatching('nonsense|literal|cannot'),
        expect.stringMatching('float'),
        expect.stringMatching('double underscores'),
        'PyroError: the client has gone away',
      ].map((text) => ['debug', undefined, text]),
    );
  });

  it('a converter that was registered wrongly is logged as an error, although a client has sent the value', async () => {
    const classes = new ClassRegistry();
    classes.registerClass(Sample, { name: 'lab.Sample', fromDict: () => Promise.resolve(new Sample()) });
    const daemon = await startDaemon({ logger, classes });
    daemon.register(new Served(), 'served');
    const peer = await join(daemon);
    await peer.fail('served', 'open', { __class__: 'lab.Sample' });
    const stack = expect.stringContaining('fromDict of lab.Sample gives a promise') as string;
    expect(entries).toEqual([['error', expect.objectContaining({ method: 'open', stack })]]);
  });

  it('a bug in code of the application that reads an argument is logged as an error with its stack, as in a method', async () => {
    const daemon = await startDaemon({ logger });
    daemon.register(new Served(), 'served');
    const peer = await join(daemon);
    const errors: unknown[] = [];
    for (const name of NAMES)
      errors.push(await peer.fail('served', 'open', { __class__: name, gain: name === 'failures.Typed' ? [] : 1 }));
    peer.invoke('served', '<batch>', [['open', [{ __class__: 'failures.Bug' }], {}]], {}, { flags: FLAGS.batch });
    await peer.next();
    peer.invoke('served', 'open', [{ __class__: 'failures.Bug' }], {}, { flags: FLAGS.oneway });
    const marshal = createSerializers().get(SERIALIZER_IDS.marshal)!;
    for (const name of NAMES.slice(0, 3)) {
      const data = Buffer.from(`('served', 'open', ({'__class__': '${name}', 'gain': 1},), {})`);
      peer.send({ data, flags: FLAGS.keepSerialized, annotations: new Map([['BLBI', marshal.dumps([null, 'served', 'open'])]]) });
      await peer.next();
    }
    const bug = ['error', expect.stringMatching(/^TypeError: Cannot read .*'(?:bug|gain)'/), expect.stringContaining('fromDict')];
    const setter = ['error', bug[1], expect.stringContaining('set gain')];
    const inBlob = expect.stringMatching(/^SerializeError: Cannot read/);
    expect(entries.map(([level, { msg, stack }]) => [level, msg.replace(/.*\): /, ''), stack])).toEqual([
      bug,
      setter,
      ['debug', expect.stringContaining('no such sample'), undefined],
      ['debug', expect.stringContaining('gain'), undefined],
      bug,
      bug,
      ['error', inBlob, expect.stringContaining('fromDict')],
      ['error', inBlob, expect.stringContaining('set gain')],
      ['debug', expect.stringContaining('no such sample'), undefined],
    ]);
  });

  it.each<[string, (dict: Record<string, unknown>) => unknown]>([
    ['a wrong URI', () => new PyroUri('rubbish of the author')],
    ['a wrong array', () => NdArray.from([[1], [1, 2]])],
    [
      'a call that failed',
      () => {
        throw new CommunicationError('the database is down');
      },
    ],
    [
      'a value that cannot be written',
      () => {
        throw new SerializeError('no such value');
      },
    ],
    ['a wrong option', () => new PyroDaemon({ maxConection: 5 } as object)],
    ['a text that cannot be read', () => createSerializers().get(SERIALIZER_IDS.json)!.loads(Buffer.from('{'))],
  ])(
    'an error of this library that fromDict throws is logged as an error with its stack, as in a method: %s',
    async (_, fromDict) => {
      const classes = new ClassRegistry();
      classes.registerClass(Sample, { name: 'lab.Sample', fromDict });
      const daemon = await startDaemon({ logger, classes });
      daemon.register(new Served(), 'served');
      const peer = await join(daemon);
      await peer.fail('served', 'open', { __class__: 'lab.Sample' });
      // the connection goes on
      await peer.fail('served', 'open', [{ __class__: 'lab.Sample' }]);
      const stack = expect.stringContaining('fromDict') as string;
      expect(entries.map(([level, entry]) => [level, entry['stack']])).toEqual([
        ['error', stack],
        ['error', stack],
      ]);
    },
  );

  it('what a converter refuses is logged at debug: by a SecurityError, the value of an enum', async () => {
    const classes = new ClassRegistry();
    const refuse = (): never => {
      throw new SecurityError('not for you');
    };
    classes.registerClass(Sample, { name: 'lab.Sample', fromDict: refuse });
    registerEnum({ red: 1 }, 'lab.Colour', classes);
    const daemon = await startDaemon({ logger, classes });
    daemon.register(new Served(), 'served');
    const peer = await join(daemon);
    await peer.fail('served', 'open', { __class__: 'lab.Sample' });
    await peer.fail('served', 'open', { __class__: 'lab.Colour', value: 7 });
    expect(entries.map(([level, { stack }]) => [level, stack])).toEqual([
      ['debug', undefined],
      ['debug', undefined],
    ]);
  });

  it('bugs that a client provokes again and again, by the arguments that it sends, are counted after some lines', async () => {
    const daemon = await startDaemon({ logger });
    daemon.register(new Served(), 'served');
    const peer = await join(daemon);
    for (let call = 0; call < 60; call++)
      await peer.fail('served', call % 2 ? 'open' : `made up ${call}`, { __class__: 'failures.Bug' });
    const printed = entries.length;
    await daemon.close();
    expect(printed).toBeLessThanOrEqual(41);
    expect(entries.at(-1)![1].msg).toMatch(/\d+ more/);
  });

  it('what a name server answers to wrong names is logged at debug', async () => {
    const server = await PyroNameServer.start({ host: '127.0.0.1', port: 0, broadcast: false, logger, limits: { maxNames: 1 } });
    try {
      const peer = await join({ locationStr: server.uri.location! } as PyroDaemon, 'Pyro.NameServer');
      await peer.fail('Pyro.NameServer', 'lookup', 'nobody');
      await peer.fail('Pyro.NameServer', 'register', 'Pyro.NameServer', 'PYRO:a@b:1', true);
      await peer.fail('Pyro.NameServer', 'register', 'second', 'PYRO:a@b:1');
      await peer.fail('Pyro.NameServer', 'list', null, '(');
      expect(entries.map(([level, { stack }]) => [level, stack])).toEqual(Array.from({ length: 4 }, () => ['debug', undefined]));
      peer.destroy();
    } finally {
      await server.close();
    }
  });
});
