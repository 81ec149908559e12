import { EventEmitter, once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  type AuthorizeRequest,
  behavior,
  expose,
  type HandshakeAnswer,
  PyroDaemon,
  type PyroDaemonOptions,
} from '../../../lib/core.js';
import { environmentDefaults } from '../../../lib/daemon/options/environment-defaults.js';
import { PythonInterpreter } from '../python-interpreter.js';

/* What a reader of Pyro5's documentation expects of a daemon, seen from Python's client. */

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

class Thing {
  constructor(private readonly daemon?: PyroDaemon) {}
  @expose
  add(a: number, b: number): number {
    return a + b;
  }
  @expose
  get size(): number {
    return 3;
  }
  @expose
  owner(): unknown {
    return [this.daemon];
  }
  @expose
  async stop(): Promise<string> {
    await this.daemon!.shutdown();
    return 'stopped';
  }
  @expose
  async close(): Promise<string> {
    await this.daemon!.close();
    return 'closed';
  }
}

describe('validateHandshake', () => {
  const answers: [string, HandshakeAnswer, string][] = [
    ['null', null, 'None'],
    ['a text', 'welcome', "'welcome'"],
    ['a list', [1, 'two'], "[1, 'two']"],
    ['false', false, 'False'],
    ['nothing', undefined, "'hello'"],
    ['a response of null', { response: null }, 'None'],
    ['an object as the response', { response: { welcome: 'bob' } }, "{'welcome': 'bob'}"],
    ['a principal alone', { principal: 'bob' }, "'hello'"],
  ];
  it.each(answers)('a handshake hook that gives %s answers Python’s client', async (_, answer, expected) => {
    const daemon = await listen({ validateHandshake: async () => answer });
    const seen = await python.run(
      `
      class Seeing(Proxy):
        def _pyroValidateHandshake(self, response): state.seen = repr(response)
      with Seeing(uri) as p: p._pyroBind()
      return state.seen`,
      { uri: String(daemon.register(new Thing(), 'thing')) },
    );
    expect(seen).toBe(expected);
  });

  it('an override without return lets connections in', async () => {
    class Noting extends PyroDaemon {
      readonly seen: unknown[] = [];
      override validateHandshake({ data }: AuthorizeRequest): void {
        this.seen.push(data);
      }
    }
    const daemon = await Noting.listen({ host: '127.0.0.1' });
    cleanups.push(() => daemon.close());
    const uri = String(daemon.register(new Thing()));
    expect(await python.run('with Proxy(uri) as p: return p.add(1, 2)', { uri })).toBe(3);
    expect(daemon.seen).toEqual(['hello']);
  });

  class Info {
    get welcome(): string {
      return 'bob';
    }
  }
  it.each<[unknown, string]>([
    [{ welcome: 'bob' }, 'an object with the member "welcome"'],
    [{ principal: 'bob', welcome: 'bob' }, 'an object with the member "welcome"'],
    [{}, 'an object without members'],
    [new Map([['welcome', 'bob']]), 'an object of the class Map'],
    [new Set(['bob']), 'an object of the class Set'],
    [new Date(0), 'an object of the class Date'],
    [new Info(), 'an object of the class Info'],
    [Buffer.from('welcome'), 'an object of the class Buffer'],
  ])('an answer that nobody would read is refused, with the remedy: %o', async (answer, what) => {
    const daemon = await listen({ validateHandshake: () => answer as HandshakeAnswer });
    const uri = String(daemon.register(new Thing()));
    await expect(python.run('with Proxy(uri) as p: return p.add(1, 2)', { uri })).rejects.toThrow(
      `rejected: validateHandshake gave ${what}; it gives { response, principal }`,
    );
  });
});

describe('a handshake hook that throws', () => {
  it.each<[unknown, string]>([
    [{ message: 'the lab is closed' }, 'the lab is closed'],
    ['the lab is closed', 'the lab is closed'],
    [new Error('the lab is closed'), 'the lab is closed'],
    [undefined, 'refused'],
    [null, 'refused'],
    ['', 'refused'],
    [{}, 'unknown error'],
  ])('a handshake hook that throws %o refuses with a text that says why', async (thrown, reason) => {
    const daemon = await listen({
      validateHandshake: () => {
        throw thrown;
      },
    });
    const uri = String(daemon.register(new Thing()));
    await expect(python.run('with Proxy(uri) as p: return p.add(1, 2)', { uri })).rejects.toThrow(
      new RegExp(`rejected: ${reason}(?:$|\\n)`),
    );
  });
});

describe('annotations', () => {
  it('an override may give a plain object', async () => {
    class Annotated extends PyroDaemon {
      override annotations(): Record<string, Uint8Array> {
        return { XYZZ: new Uint8Array([104, 105]) };
      }
    }
    const daemon = await Annotated.listen({ host: '127.0.0.1' });
    cleanups.push(() => daemon.close());
    const uri = String(daemon.register(new Thing()));
    const seen = await python.run(
      `
      with Proxy(uri) as p: p.add(1, 2)
      return bytes(current_context.response_annotations["XYZZ"]).decode()`,
      { uri },
    );
    expect(seen).toBe('hi');
  });

  const bad: [string, () => unknown, RegExp][] = [
    ['a promise', async () => ({}), /gives a promise/],
    ['a promise that fails', async () => Promise.reject(new Error('late')), /gives a promise/],
    ['an id that is too long', () => ({ TOOLONG: Buffer.alloc(1) }), /gives an object with the identifier "TOOLONG"/],
    ['a text as data', () => ({ ABCD: 'text' }), /gives an object whose data of "ABCD" is the text "text"/],
    ['a Set', () => new Set(['ABCD']), /gives an object of the class Set/],
    ['a number', () => 5, /gives 5/],
  ];
  it.each(bad)('a daemon whose annotations hook gives %s does not start', async (_, annotations, message) => {
    class Annotated extends PyroDaemon {
      override annotations(): never {
        return annotations() as never;
      }
    }
    for (const daemon of [
      new Annotated({ host: '127.0.0.1' }),
      new PyroDaemon({ host: '127.0.0.1', annotations: annotations as never }),
    ]) {
      await expect(daemon.start()).rejects.toMatchObject({ code: 'CONFIG', message: expect.stringMatching(message) as string });
      expect(daemon.isListening).toBe(false);
    }
  });

  it('replies, also those of errors, go without annotations while the hook gives more bytes than a message may have', async () => {
    let isBad = false;
    const daemon = await PyroDaemon.listen({
      host: '127.0.0.1',
      maxMessageBytes: 2_000,
      detailedTraceback: false,
      annotations: () => ({ MANY: Buffer.alloc(isBad ? 2_000 : 4) }),
    });
    cleanups.push(() => daemon.close());
    const errors: Error[] = [];
    daemon.on('error', (error) => errors.push(error));
    daemon.once('connection', () => (isBad = true));
    const uri = String(daemon.register(new Thing()));
    const seen = await python.run(
      `
      with Proxy(uri) as p:
        p._pyroBind()
        results = [p.add(1, 2), p.add(3, 4)]
        try: p.add(1)
        except Exception as x: results.append(type(x).__name__)
        p.add(1, 2)
        return results, sorted(current_context.response_annotations)`,
      { uri },
    );
    expect(seen).toEqual([[3, 7, 'TypeError'], []]);
    expect(errors.length).toBeGreaterThan(0);
    for (const error of errors)
      expect(error.message).toBe('the annotations of the daemon have 2008 bytes, maxMessageBytes is 2000');
  });
});

it('when the annotations hook of a running daemon gives something that cannot be sent, replies have no annotations and the mistake is told', async () => {
  let given: unknown = { GOOD: Buffer.from('x') };
  const daemon = await PyroDaemon.listen({ host: '127.0.0.1', annotations: () => given as never });
  cleanups.push(() => daemon.close());
  const errors: string[] = [];
  daemon.on('error', (error) => errors.push(error.message));
  const uri = String(daemon.register(new Thing()));
  await python.run('state.thing = Proxy(uri); state.thing._pyroBind()', { uri });
  for (const wrong of [{ TOOLONG: Buffer.alloc(1) }, { ABCD: 'text' }, new Set(['ABCD']), Promise.resolve({}), 5]) {
    given = wrong;
    expect(await python.run('return [state.thing.add(1, 2), list(current_context.response_annotations)]')).toEqual([3, []]);
  }
  expect(errors).toHaveLength(5);
  for (const error of errors) expect(error).toMatch(/^the annotations hook of the daemon gives .*; it must give a Map/);
  await python.run('state.thing._pyroRelease()');
});

it('a percall object is made once for a batch, and once for every other call', async () => {
  let made = 0;
  let disposed = 0;
  class Counter {
    private count = 0;
    constructor() {
      made++;
    }
    @expose
    next(): number {
      return ++this.count;
    }
    @expose
    fail(): never {
      throw new RangeError('failed');
    }
    [Symbol.dispose](): void {
      disposed++;
    }
  }
  behavior({ instanceMode: 'percall' })(Counter);
  const uri = String((await listen()).register(Counter));
  const results = await python.run(
    `
    with Proxy(uri) as p:
      first = p.next(), p.next()
      batch = Pyro5.api.BatchProxy(p)
      for _ in range(3): batch.next()
      second = list(batch())
      batch.next(); batch.fail()
      try:
        list(batch())
      except ValueError as x:
        return [first, second, str(x)]`,
    { uri },
  );
  expect(results).toEqual([[1, 1], [1, 2, 3], 'failed']);
  expect([made, disposed]).toEqual([4, 4]);
});

it('requestLoop() of a daemon with a connected socket ends when the peer goes', async () => {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => server.close());
  const { port } = server.address() as { port: number };
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const peer = connect(port, '127.0.0.1');
  const [connectedSocket] = await accepted;
  const daemon = await PyroDaemon.listen({ connectedSocket });
  cleanups.push(() => daemon.close());
  let ended = false;
  const loop = daemon.requestLoop().then(() => (ended = true));
  await once(peer, 'connect').catch(() => undefined);
  expect(ended).toBe(false);
  peer.destroy();
  await loop;
  // a loop that begins afterwards has nobody to serve, either
  await daemon.requestLoop();
});

it('PYRO_DETAILED_TRACEBACK off withholds no traceback', () => {
  expect(environmentDefaults({}, { DETAILED_TRACEBACK: false }).detailedTraceback).toBeUndefined();
  expect(environmentDefaults({}, { DETAILED_TRACEBACK: true }).detailedTraceback).toBe(true);
});

it.each([
  ['shuts down', 'stop', 'stopped'],
  ['closes', 'close', 'closed'],
])('a call that %s its own daemon gets its result', async (_, method, result) => {
  const daemon = await listen();
  const uri = String(daemon.register(new Thing(daemon), 'thing'));
  const closed = once(daemon, 'close');
  expect(await python.run(`with Proxy(uri) as p: return p.${method}()`, { uri })).toBe(result);
  await closed;
  expect(daemon.isListening).toBe(false);
});

it('two Python clients that shut a daemon down at the same time get both results', async () => {
  const daemon = await listen();
  const begun = new EventEmitter();
  class Stopper {
    @expose
    async stop(): Promise<string> {
      if (begun.listenerCount('both') === 0) await once(begun, 'both');
      else begun.emit('both');
      await daemon.shutdown();
      return 'stopped';
    }
  }
  const uri = String(daemon.register(new Stopper(), 'stopper'));
  const results = await python.run(
    `
    import threading
    results = []
    def stop():
        with Proxy(uri) as p:
            try: results.append(p.stop())
            except Exception as x: results.append(repr(x))
    threads = [threading.Thread(target=stop) for _ in range(2)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    return results`,
    { uri },
  );
  expect(results).toEqual(['stopped', 'stopped']);
});

it('a shutdown waits for a Python client that reads a large result steadily', async () => {
  const bytes = 24 * 1024 * 1024;
  const daemon = await listen();
  let shutDown: Promise<void> | undefined;
  class Library {
    @expose
    book(): string {
      setImmediate(() => {
        shutDown = daemon.shutdown(60_000);
      });
      return 'x'.repeat(bytes);
    }
  }
  const uri = String(daemon.register(new Library(), 'library'));
  const length = await python.run(
    `
    import time
    with Proxy(uri) as p:
        p._pyroBind()
        receive = p._pyroConnection.recv
        def slowly(size):
            data = bytearray()
            while len(data) < size:
                data += receive(min(65536, size - len(data)))
                time.sleep(0.01)
            return bytes(data)
        p._pyroConnection.recv = slowly
        return len(p.book())`,
    { uri },
  );
  expect(length).toBe(bytes);
  await shutDown;
});

it('every reply has a correlation id, also to a CONNECT and a PING without one', async () => {
  const uri = String((await listen()).register(new Thing(), 'thing'));
  const flags = await python.run(
    `
    P = Pyro5.protocol
    current_context.correlation_id = None
    sock = Pyro5.socketutil.create_socket(connect=(Proxy(uri)._pyroUri.host, Proxy(uri)._pyroUri.port))
    conn = Pyro5.socketutil.SocketConnection(sock)
    data = serializers["serpent"].dumps({"handshake": "hello", "object": "thing"})
    conn.send(P.SendingMessage(P.MSG_CONNECT, 0, 1, 1, data).data)
    told = [P.recv_stub(conn, [P.MSG_CONNECTOK]).flags & P.FLAGS_CORR_ID]
    conn.send(P.SendingMessage(P.MSG_PING, 0, 2, 42, b"ping").data)
    told.append(P.recv_stub(conn, [P.MSG_PING]).flags & P.FLAGS_CORR_ID)
    conn.close()
    return told`,
    { uri },
  );
  expect(flags).toEqual([64, 64]);
});

it('members that were deleted without a reset of the metadata are missing attributes', async () => {
  class Shrinking {
    @expose
    add(a: number, b: number): number {
      return a + b;
    }
    @expose
    get size(): number {
      return 3;
    }
  }
  const uri = String((await listen()).register(new Shrinking()));
  await python.run('state.p = Proxy(uri)\nstate.p._pyroBind()', { uri });
  for (const name of ['add', 'size']) Reflect.deleteProperty(Shrinking.prototype, name);
  const error = (expression: string): Promise<string> =>
    python.run(
      `
      try:
        eval(expression, {"p": state.p})
      except AttributeError as x:
        return str(x)`,
      { expression },
    );
  expect(await error('p.add(1, 2)')).toBe("'Shrinking' object has no attribute 'add'");
  expect(await error('p.size')).toBe("'Shrinking' object has no attribute 'size'");
});

it('a daemon that is returned arrives as a daemon without data, as in Python', async () => {
  const daemon = await listen();
  const uri = String(daemon.register(new Thing(daemon)));
  for (const serializer of ['serpent', 'marshal', 'json', 'msgpack']) {
    const seen = await python.run(
      `
      config.SERIALIZER = serializer
      with Proxy(uri) as p: owner, = p.owner()
      return [type(owner).__name__, "unusable" in repr(owner)]`,
      { uri, serializer },
    );
    expect(seen).toEqual(['Daemon', true]);
  }
});

it('resetMetadataCache() refuses objects that are not registered, and ignores unknown ids', async () => {
  const daemon = await listen();
  expect(() => daemon.resetMetadataCache(new Thing())).toThrow("object isn't registered in this daemon");
  daemon.resetMetadataCache('unknown');
});

it('a Python client goes on over the same connection after a call over callTimeoutMs', async () => {
  const daemon = await listen({ callTimeoutMs: 200 });
  let finish = (): void => undefined;
  class Slow {
    @expose
    hang(): Promise<string> {
      return new Promise((resolve) => (finish = () => resolve('late')));
    }
    @expose
    hello(): string {
      return 'hello';
    }
  }
  const seen = await python.run(
    `
    state.slow = Proxy(uri)
    state.slow._pyroBind()
    state.connection = state.slow._pyroConnection
    try: state.slow.hang()
    except Exception as x: failure = type(x).__name__
    return failure, state.slow.hello()`,
    { uri: String(daemon.register(new Slow(), 'slow')) },
  );
  expect(seen).toEqual(['TimeoutError', 'hello']);
  finish();
  expect(await python.run('return state.slow.hello(), state.slow._pyroConnection is state.connection')).toEqual(['hello', true]);
  await python.run('state.slow._pyroRelease()');
});
