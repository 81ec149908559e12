import { describe, expect, it } from 'vitest';
import {
  behavior,
  expose,
  FLAGS,
  MESSAGE_TYPES,
  oneway,
  PyroDaemon,
  PyroError,
  PythonException,
  registerClass,
} from '../../../lib/core.js';
import { dumps, pyTuple } from '../../../lib/serpent/index.js';
import { eventually, join, open, sleep, startDaemon } from './fixtures.js';
import { RemoteFailure, valueOf } from '../../../lib/testing/index.js';

class Base {
  inherited(): string {
    return 'inherited';
  }
  overridden(): string {
    return 'base';
  }
}
expose(Base);

class Thing extends Base {
  log: unknown[] = [];
  private secret = 'hidden';
  current = 12;

  add(a: number, b = 10): number {
    return a + b;
  }
  echo(value: unknown): unknown {
    return value;
  }
  note(value: unknown): void {
    this.log.push(value);
  }
  async noteLater(value: unknown): Promise<void> {
    await Promise.resolve();
    this.log.push(value);
  }
  async slow(ms: number, value: unknown): Promise<unknown> {
    await sleep(ms);
    this.log.push(value);
    return value;
  }
  fail(type: string): never {
    if (type === 'python') throw new PythonException('builtins.ZeroDivisionError', ['division by zero'], { extra: 5 });
    if (type === 'pyro') throw new PyroError('of ours');
    throw new RangeError('out of range');
  }
  override overridden(): string {
    return 'not exposed again';
  }
  unexposed(): string {
    return this.secret;
  }
  get value(): number {
    return this.current;
  }
  set value(next: number) {
    this.current = next;
  }
  get fixed(): string {
    return 'fixed';
  }
  __len__(): number {
    return 3;
  }
}
expose(Thing, 'add', 'echo', 'note', 'noteLater', 'slow', 'fail', 'value', 'fixed', '__len__');
oneway(Thing, 'note');

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

async function serveThing(options = {}): Promise<{ daemon: PyroDaemon; thing: Thing }> {
  const daemon = await startDaemon(options);
  const thing = new Thing();
  daemon.register(thing, 'thing');
  return { daemon, thing };
}

describe('a call', () => {
  it('a call runs the exposed method with positional and keyword arguments', async () => {
    const { daemon } = await serveThing();
    const peer = await join(daemon);
    expect(await peer.call('thing', 'add', 1)).toBe(11);
    peer.invoke('thing', 'add', [1], { b: 2 });
    expect(valueOf(await peer.next())).toBe(3);
    expect(await peer.call('thing', '__len__')).toBe(3);
    expect(await peer.call('thing', 'inherited')).toBe('inherited');
  });

  it.each([
    ['unexposed', "attempt to access unexposed or unknown remote attribute 'unexposed'"],
    ['overridden', "attempt to access unexposed or unknown remote attribute 'overridden'"],
    ['nothing', "attempt to access unexposed or unknown remote attribute 'nothing'"],
    ['constructor', "attempt to access unexposed or unknown remote attribute 'constructor'"],
    ['toString', "attempt to access unexposed or unknown remote attribute 'toString'"],
    ['value', "attempt to access unexposed or unknown remote attribute 'value'"],
    ['log.push', "attempt to access unexposed or unknown remote attribute 'log.push'"],
    ['_secret', "attempt to access private attribute '_secret'"],
    ['__proto__', "attempt to access unexposed or unknown remote attribute '__proto__'"],
    ['__init__', "attempt to access private attribute '__init__'"],
  ])('a call of %s is an AttributeError, and the connection stays open', async (name, message) => {
    const { daemon } = await serveThing();
    const peer = await join(daemon);
    const failure = await peer.fail('thing', name);
    expect([failure.pythonType, failure.args]).toEqual(['builtins.AttributeError', [message]]);
    expect(await peer.call('thing', 'add', 1, 1)).toBe(2);
  });

  it.each([
    [[], {}, "Thing.add() missing 1 required positional argument: 'a'"],
    [[1, 2, 3], {}, 'Thing.add() takes from 2 to 3 positional arguments but 4 were given'],
    [[1], { c: 1 }, "Thing.add() got an unexpected keyword argument 'c'"],
    [[1], { a: 1 }, "Thing.add() got multiple values for argument 'a'"],
  ])('a call with arguments %j %j is a TypeError', async (args, kwargs, message) => {
    const { daemon } = await serveThing();
    const peer = await join(daemon);
    peer.invoke('thing', 'add', args, kwargs);
    const failure = new RemoteFailure(await peer.next());
    expect([failure.pythonType, failure.args]).toEqual(['builtins.TypeError', [message]]);
  });

  it('a call of an unknown object is a DaemonError', async () => {
    const peer = await join(await startDaemon());
    expect(await peer.fail('nobody', 'add')).toMatchObject({ pythonType: 'Pyro5.errors.DaemonError', args: ['unknown object'] });
  });

  it('a call that fails replies with type, args, attributes and traceback lines', async () => {
    const { daemon } = await serveThing();
    const peer = await join(daemon);
    const failure = await peer.fail('thing', 'fail', 'python');
    expect(failure).toMatchObject({
      pythonType: 'builtins.ZeroDivisionError',
      args: ['division by zero'],
      attributes: { extra: 5 },
    });
    expect((failure.attributes['_pyroTraceback'] as string[]).join('')).toContain('dispatch.test.ts');
    expect(await peer.fail('thing', 'fail', 'pyro')).toMatchObject({ pythonType: 'Pyro5.errors.PyroError', args: ['of ours'] });
    expect(await peer.fail('thing', 'fail', 'js')).toMatchObject({ pythonType: 'builtins.ValueError', args: ['out of range'] });
  });

  it('a call that throws a value that is no Error, or a hostile one, is answered', async () => {
    const thrown: unknown[] = [
      undefined,
      'a text',
      Object.create(null),
      { toString: 1 },
      revoked(),
      Object.defineProperty(new Error('x'), 'message', { get: () => fail() }),
      Object.defineProperty(new Error('x'), 'name', { get: () => fail() }),
      new PythonException('builtins.ValueError', [Object.create(null)]),
    ];
    const fail = (): never => {
      throw new Error('a getter failed');
    };
    class Thrower {
      throwNumber(index: number): never {
        throw thrown[index];
      }
    }
    expose(Thrower);
    const daemon = await startDaemon();
    daemon.register(new Thrower(), 'thrower');
    const peer = await join(daemon);
    for (const index of thrown.keys()) {
      expect((await peer.fail('thrower', 'throwNumber', index)).pythonType).toMatch(/^(builtins|Pyro5\.errors)\./);
    }
    expect(await peer.call('Pyro.Daemon', 'ping')).toBe(null);
  });

  it('an exception has no traceback lines without detailedTraceback', async () => {
    const { daemon } = await serveThing({ detailedTraceback: false, logger: false });
    const failure = await (await join(daemon)).fail('thing', 'fail', 'js');
    expect(failure.attributes['_pyroTraceback'] ?? []).toEqual([]);
  });

  it('a result that cannot be serialized is a PyroError, and the connection stays open', async () => {
    const { daemon, thing } = await serveThing();
    Object.defineProperty(thing, 'current', { value: { deep: [() => 1] } });
    const peer = await join(daemon);
    const failure = await peer.fail('thing', '__getattr__', 'value');
    expect(failure.pythonType).toBe('Pyro5.errors.PyroError');
    expect(failure.args[0]).toMatch(/result cannot be sent with serpent.*deep/);
    expect(await peer.call('thing', 'add', 1, 1)).toBe(2);
  });

  it('a reply over maxMessageBytes is a PyroError, and the connection stays open', async () => {
    const { daemon, thing } = await serveThing({ maxMessageBytes: 2_000 });
    Object.defineProperty(thing, 'current', { value: 'x'.repeat(3_000) });
    const peer = await join(daemon);
    const failure = await peer.fail('thing', '__getattr__', 'value');
    expect(failure.pythonType).toBe('Pyro5.errors.PyroError');
    expect(failure.args[0]).toMatch(/result cannot be sent .* more than maxMessageBytes \(2000\)/);
    expect(await peer.call('thing', 'add', 1, 1)).toBe(2);
  });
});

describe('an attribute', () => {
  it('an attribute is read and written through its accessors', async () => {
    const { daemon, thing } = await serveThing();
    const peer = await join(daemon);
    expect(await peer.call('thing', '__getattr__', 'value')).toBe(12);
    expect(await peer.call('thing', '__setattr__', 'value', 13)).toBe(null);
    expect(thing.current).toBe(13);
  });

  it.each([
    ['__getattr__', ['current'], 'unexposed or unknown'],
    ['__getattr__', ['add'], 'unexposed or unknown'],
    ['__getattr__', ['constructor'], 'unexposed or unknown'],
    ['__getattr__', ['_secret'], 'private attribute'],
    ['__setattr__', ['fixed', 1], 'read-only'],
    ['__setattr__', ['__proto__', {}], 'unexposed or unknown'],
  ])('the attribute access %s%j is an AttributeError', async (method, args, message) => {
    const { daemon } = await serveThing();
    const failure = await (await join(daemon)).fail('thing', method, ...args);
    expect(failure.pythonType).toBe('builtins.AttributeError');
    expect(failure.args[0]).toContain(message);
  });
});

describe('a reply', () => {
  it('a reply keeps sequence number, serializer and correlation id of its request', async () => {
    const { daemon } = await serveThing();
    const peer = await join(daemon);
    const correlationId = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');
    peer.invoke('thing', 'echo', ['x'], {}, { seq: 65_535, correlationId });
    const reply = await peer.next();
    expect(reply.header).toMatchObject({ type: MESSAGE_TYPES.result, seq: 65_535, serializerId: 1, flags: FLAGS.correlationId });
    expect(reply.correlationId).toEqual(correlationId);
  });

  it('a reply has a new correlation id when the request had none', async () => {
    const { daemon } = await serveThing();
    const peer = await join(daemon);
    peer.invoke('thing', 'echo', ['x']);
    peer.invoke('thing', 'echo', ['x']);
    const ids = [(await peer.next()).correlationId!, (await peer.next()).correlationId!];
    expect(ids[0]).not.toEqual(ids[1]);
    for (const id of ids) expect(id.toString('hex')).toMatch(/^.{12}4.{3}[89ab]/);
  });

  it('a ping is answered with the same sequence number', async () => {
    const peer = await join(await startDaemon());
    peer.send({
      type: MESSAGE_TYPES.ping,
      seq: 999,
      serializerId: 42,
      flags: 42 & ~FLAGS.compressed,
      data: Buffer.from('not serpent'),
    });
    const frame = await peer.next();
    expect(frame.header).toMatchObject({ type: MESSAGE_TYPES.ping, seq: 999 });
    expect(frame.data.toString()).toBe('pong');
  });

  it('a reply is compressed when the client asks for it', async () => {
    const { daemon } = await serveThing({ compression: true });
    const peer = await join(daemon);
    const text = 'squeeze '.repeat(10_000);
    peer.invoke('thing', 'echo', [text]);
    const frame = await peer.next();
    expect(frame.header.flags & FLAGS.compressed).toBeTruthy();
    expect(frame.data.length).toBeLessThan(1_000);
  });
});

describe('requests of one connection', () => {
  it('requests of one connection run in order, one at a time', async () => {
    const { daemon, thing } = await serveThing();
    const peer = await join(daemon);
    for (const [i, ms] of [30, 1, 10].entries()) peer.invoke('thing', 'slow', [ms, i]);
    expect([valueOf(await peer.next()), valueOf(await peer.next()), valueOf(await peer.next())]).toEqual([0, 1, 2]);
    expect(thing.log).toEqual([0, 1, 2]);
  });

  it('replies leave in order, whether methods return promises or not', async () => {
    const { daemon } = await serveThing();
    const peer = await join(daemon);
    peer.socket.cork();
    const seqs = ['echo', 'slow', 'echo', 'fail', 'slow', 'nothing', 'echo'].map((method) =>
      peer.invoke('thing', method, [5, 5]),
    );
    peer.send({ type: MESSAGE_TYPES.ping, seq: 100 });
    peer.socket.uncork();
    const answered: number[] = [];
    for (let n = 0; n < 8; n++) answered.push((await peer.next()).header.seq);
    expect(answered).toEqual([...seqs, 100]);
  });

  it.each(['note', 'noteLater'])('many requests of one connection do not starve another connection (%s)', async (method) => {
    const { daemon, thing } = await serveThing();
    const [flood, other] = [await join(daemon), await join(daemon)];
    flood.socket.cork();
    for (let n = 0; n < 1_000; n++) flood.invoke('thing', method, ['flood']);
    flood.socket.uncork();
    await other.call('thing', method, 'other');
    await eventually(() => thing.log.length === 1_001);
    expect(thing.log.indexOf('other')).toBeLessThan(200);
    await eventually(() => flood.frames.length === 1_000);
    const seqs = flood.frames.splice(0).map(({ header }) => header.seq);
    expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
  });

  it('requests of one connection do not wait for those of another', async () => {
    const { daemon } = await serveThing();
    const [first, second] = [await join(daemon), await join(daemon)];
    first.invoke('thing', 'slow', [1_500, 'slow']);
    expect(await second.call('thing', 'add', 1, 1)).toBe(2);
    expect(first.frames).toHaveLength(0);
    expect(valueOf(await first.next())).toBe('slow');
  });

  it('a oneway request runs without a reply while the next request is served', async () => {
    const { daemon, thing } = await serveThing();
    const peer = await join(daemon);
    peer.invoke('thing', 'slow', [1_500, 'oneway'], {}, { flags: FLAGS.oneway });
    expect(await peer.call('thing', 'add', 1, 1)).toBe(2);
    expect(thing.log).toEqual([]);
    await eventually(() => thing.log.length === 1);
    expect(peer.frames).toHaveLength(0);
  });

  it('a oneway method is answered when the oneway flag is not set', async () => {
    const { daemon } = await serveThing();
    expect(await (await join(daemon)).call('thing', 'note', 1)).toBe(null);
  });

  it('a failed oneway call is reported only to the daemon', async () => {
    const { daemon } = await serveThing();
    const peer = await join(daemon);
    const errors: unknown[] = [];
    daemon.on('callError', (error, { method }) => errors.push([method, (error as Error).message]));
    peer.invoke('thing', 'fail', ['js'], {}, { flags: FLAGS.oneway });
    peer.invoke('nobody', 'fail', [], {}, { flags: FLAGS.oneway });
    expect(await peer.call('thing', 'add', 1, 1)).toBe(2);
    expect(errors).toEqual([
      ['fail', 'out of range'],
      ['fail', 'unknown object'],
    ]);
  });

  it('requests run even when the client has disconnected', async () => {
    const { daemon, thing } = await serveThing();
    const peer = await join(daemon);
    peer.invoke('thing', 'slow', [30, 'first']);
    for (let i = 0; i < 5; i++) peer.invoke('thing', 'note', [i], {}, { flags: FLAGS.oneway });
    peer.end();
    await eventually(() => thing.log.length === 6);
    expect(thing.log).toEqual(['first', 0, 1, 2, 3, 4]);
  });
});

describe('a batch', () => {
  const entry = (method: string, ...args: unknown[]): unknown => pyTuple(method, pyTuple(...args), {});

  it('a batch runs in order up to the first error, which is its last result', async () => {
    const { daemon, thing } = await serveThing();
    const peer = await join(daemon);
    const calls = [entry('add', 1, 2), entry('note', 'a'), entry('fail', 'python'), entry('note', 'b')];
    peer.invoke('thing', '<batch>', [calls].flat(), {}, { flags: FLAGS.batch });
    const frame = await peer.next();
    expect(frame.header.flags & (FLAGS.batch | FLAGS.exception)).toBe(FLAGS.batch);
    expect(valueOf(frame)).toMatchObject([
      3,
      null,
      {
        __class__: 'Pyro5.core._ExceptionWrapper',
        exception: { __class__: 'builtins.ZeroDivisionError', args: ['division by zero'] },
      },
    ]);
    expect(thing.log).toEqual(['a']);
  });

  it('a oneway batch sends no reply and runs in order with the requests after it', async () => {
    const { daemon, thing } = await serveThing();
    const peer = await join(daemon);
    peer.invoke(
      'thing',
      '<batch>',
      [entry('slow', 20, 'batch'), entry('note', 'end')],
      {},
      { flags: FLAGS.batch | FLAGS.oneway },
    );
    await peer.call('thing', 'note', 'after');
    expect(thing.log).toEqual(['batch', 'end', 'after']);
    expect(peer.frames).toHaveLength(0);
  });

  it('a batch of many entries lets other connections have their turn', async () => {
    const { daemon, thing } = await serveThing();
    const [busy, other] = [await join(daemon), await join(daemon)];
    busy.invoke(
      'thing',
      '<batch>',
      Array.from({ length: 20_000 }, (_, i) => entry('note', i)),
      {},
      { flags: FLAGS.batch },
    );
    await eventually(() => thing.log.length > 0);
    expect(await other.call('thing', 'add', 1, 1)).toBe(2);
    expect(thing.log.length).toBeLessThan(20_000);
    expect((valueOf(await busy.next()) as unknown[]).length).toBe(20_000);
  });

  it('a batch with a malformed entry is answered, and the connection stays open', async () => {
    const { daemon } = await serveThing();
    const peer = await join(daemon);
    peer.invoke('thing', '<batch>', ['add'], {}, { flags: FLAGS.batch });
    expect(new RemoteFailure(await peer.next()).args[0]).toContain('(method, args, kwargs)');
    expect(await peer.call('thing', 'add', 1, 1)).toBe(2);
  });
});

describe('a request that cannot be deserialized', () => {
  it.each([
    ['bytes that are no serpent', Buffer.from('}{'), 'ValueError'],
    ['another shape', dumps(['thing', 'echo']), 'ValueError'],
    ['a method that is no string', dumps(pyTuple('thing', 5, pyTuple(), {})), 'ValueError'],
    ['a key that Python cannot hash', Buffer.from("('thing','echo',({[]:1},),{})"), 'TypeError'],
    ['a class that is a number', Buffer.from("('thing','echo',({'__class__':5},),{})"), 'TypeError'],
  ])('a request that is malformed (%s) is answered as by Python, and the connection stays open', async (_, data, type) => {
    const { daemon } = await serveThing();
    const peer = await join(daemon);
    peer.send({ data });
    expect(new RemoteFailure(await peer.next()).pythonType).toBe(`builtins.${type}`);
    expect(await peer.call('thing', 'add', 1, 1)).toBe(2);
  });

  it('a request with an unknown class is answered with a SerializeError, then the connection is closed', async () => {
    const { daemon } = await serveThing();
    const [peer, other] = [await join(daemon), await join(daemon)];
    expect((await peer.fail('thing', 'echo', { __class__: 'some.Class' })).pythonType).toBe('Pyro5.errors.SerializeError');
    await peer.untilClosed();
    expect(await other.call('thing', 'add', 1, 1)).toBe(2);
  });

  it('a class name with a double underscore is a SecurityError, and the connection stays open', async () => {
    const { daemon } = await serveThing();
    const peer = await join(daemon);
    expect((await peer.fail('thing', 'echo', { __class__: 'a.__b' })).pythonType).toBe('Pyro5.errors.SecurityError');
    expect(await peer.call('thing', 'add', 1, 1)).toBe(2);
  });

  it('an unknown serializer is answered in marshal, then the connection is closed', async () => {
    const peer = await join(await startDaemon());
    peer.send({ serializerId: 77, data: Buffer.from('?') });
    const frame = await peer.next();
    expect([frame.header.serializerId, frame.header.flags & FLAGS.exception]).toEqual([2, FLAGS.exception]);
    expect(frame.data.toString('latin1')).toContain('this daemon accepts serpent, marshal, json, msgpack');
    await peer.untilClosed();
  });

  it('a malformed request ends its session, even when the same chunk holds more requests', async () => {
    const { daemon, thing } = await serveThing();
    const peer = await join(daemon);
    peer.socket.cork();
    peer.send({ serializerId: 77, data: Buffer.from('?'), flags: FLAGS.oneway });
    for (let i = 0; i < 3; i++) peer.invoke('thing', 'note', [i]);
    peer.socket.uncork();
    await peer.untilClosed();
    await eventually(() => daemon.connections.length === 0, 'the end of the session');
    expect(thing.log).toEqual([]);
  });

  it('bytes that are no Pyro message end only their own connection, after the requests before them', async () => {
    const { daemon, thing } = await serveThing();
    const [peer, other] = [await join(daemon), await join(daemon)];
    peer.invoke('thing', 'note', ['before']);
    peer.write(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    await peer.untilClosed();
    expect(thing.log).toEqual(['before']);
    expect(await other.call('thing', 'add', 1, 1)).toBe(2);
  });
});

describe('classes', () => {
  it('a session instance is made per connection, and disposed when the connection ends', async () => {
    const disposed: number[] = [];
    let made = 0;
    class Session {
      readonly id = ++made;
      number(): number {
        return this.id;
      }
      async [Symbol.asyncDispose](): Promise<void> {
        disposed.push(this.id);
      }
    }
    expose(Session);
    const daemon = await startDaemon();
    daemon.register(Session, 'session');
    const [one, two] = [await join(daemon), await join(daemon)];
    expect([
      await one.call('session', 'number'),
      await two.call('session', 'number'),
      await one.call('session', 'number'),
    ]).toEqual([1, 2, 1]);
    one.end();
    await eventually(() => disposed.length === 1);
    expect(disposed).toEqual([1]);
    await daemon.close();
    expect(disposed).toEqual([1, 2]);
  });

  it('a single instance is made once, even for concurrent first calls through an async creator', async () => {
    let made = 0;
    @behavior({
      instanceMode: 'single',
      instanceCreator: async (Type: new () => object) => {
        await sleep(10);
        return new Type();
      },
    })
    class Single {
      readonly id = ++made;
      number(): number {
        return this.id;
      }
    }
    expose(Single);
    const daemon = await startDaemon();
    daemon.register(Single, 'single');
    const peers = await Promise.all([join(daemon), join(daemon), join(daemon)]);
    expect(await Promise.all(peers.map((peer) => peer.call('single', 'number')))).toEqual([1, 1, 1]);
  });

  it('a percall instance is made per call, and kept until a stream of the call ends', async () => {
    const log: string[] = [];
    @behavior({ instanceMode: 'percall' })
    class PerCall {
      hello(): string {
        return 'hello';
      }
      *items(): Generator<number> {
        yield 1;
      }
      [Symbol.dispose](): void {
        log.push('disposed');
      }
    }
    expose(PerCall);
    const daemon = await startDaemon();
    daemon.register(PerCall, 'percall');
    const peer = await join(daemon);
    await peer.call('percall', 'hello');
    expect(log).toEqual(['disposed']);
    peer.invoke('percall', 'items');
    const id = (await peer.next()).annotations.get('STRM')!.toString();
    expect(await peer.call('Pyro.Daemon', 'get_next_stream_item', id)).toBe(1);
    expect(log).toEqual(['disposed']);
    expect((await peer.fail('Pyro.Daemon', 'get_next_stream_item', id)).pythonType).toBe('builtins.StopIteration');
    expect(log).toEqual(['disposed', 'disposed']);
  });

  it('a daemon refuses an instance of another class from an instance creator', async () => {
    class Wanted {
      hello(): string {
        return 'hello';
      }
    }
    expose(Wanted);
    behavior({ instanceCreator: () => new Date() })(Wanted);
    const daemon = await startDaemon();
    daemon.register(Wanted, 'wanted');
    const failure = await (await join(daemon)).fail('wanted', 'hello');
    expect(failure.args[0]).toContain('instance creator of Wanted returned an object of another class');
  });

  it('a daemon refuses an unknown instance mode', () => {
    expect(() => behavior({ instanceMode: 'sometimes' as 'single' })).toThrow('instanceMode is the text "sometimes"');
  });
});

describe('values', () => {
  it('registered objects travel as proxies, in nested places too', async () => {
    const { daemon, thing } = await serveThing();
    const holder = { things: [thing] };
    Object.defineProperty(thing, 'current', { value: holder });
    const peer = await join(daemon);
    expect(await peer.call('thing', '__getattr__', 'value')).toMatchObject({
      things: [
        {
          __class__: 'Pyro5.client.Proxy',
          state: [
            `PYRO:thing@${daemon.locationStr}`,
            ['note'],
            expect.arrayContaining(['add', 'note']),
            ['value', 'fixed'],
            'hello',
            null,
          ],
        },
      ],
    });
  });

  it('objects of registered classes are made with their converter', async () => {
    class Sample {
      constructor(readonly label: string) {}
    }
    registerClass(Sample, {
      name: 'lab.Sample',
      toDict: ({ label }) => ({ label }),
      fromDict: (dict) => new Sample(String(dict['label'])),
    });
    const { daemon, thing } = await serveThing();
    const peer = await join(daemon);
    expect(await peer.call('thing', 'echo', { __class__: 'lab.Sample', label: 'blood' })).toEqual({
      __class__: 'lab.Sample',
      label: 'blood',
    });
    await peer.call('thing', 'note', { __class__: 'lab.Sample', label: 'water' });
    expect(thing.log[0]).toBeInstanceOf(Sample);
  });
});

it('a request in the same chunk as the CONNECT message waits until the handshake is answered', async () => {
  const { daemon } = await serveThing();
  const peer = await open(daemon);
  peer.connect('thing');
  peer.invoke('thing', 'add', [1, 1]);
  expect((await peer.next()).header.type).toBe(MESSAGE_TYPES.connectOk);
  expect(valueOf(await peer.next())).toBe(2);
});
