import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  behavior,
  DAEMON_OBJECT_ID,
  DaemonError,
  DaemonObject,
  expose,
  type InstanceMode,
  PyroDaemon,
  type PyroDaemonOptions,
  PyroError,
  PyroUri,
  SERIALIZER_IDS,
} from '../../../lib/core.js';
import { PythonInterpreter } from '../python-interpreter.js';

/* The cases of Pyro5's tests/test_daemon.py; docs/audit/upstream-tests.md says which is which. */

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const PYTHON_METHODS = ['close_stream', 'get_metadata', 'get_next_stream_item', 'info', 'ping', 'registered'];
const OWN_METHODS = [...PYTHON_METHODS, 'get_signatures'].sort();

class MyObj {
  constructor(readonly arg: unknown = undefined) {}
  @expose
  get(): unknown {
    return this.arg;
  }
}

let python: PythonInterpreter;
beforeAll(async () => {
  python = await PythonInterpreter.start();
});
afterAll(() => python.stop());

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function listen(options: PyroDaemonOptions = { host: '127.0.0.1' }, Daemon = PyroDaemon): Promise<PyroDaemon> {
  const daemon = await Daemon.listen(options);
  cleanups.push(() => daemon.close());
  return daemon;
}

/** Evaluates a Python expression with `p`, a proxy of the object, in Python's client. */
function ask<T = unknown>(uri: PyroUri, expression: string): Promise<T> {
  return python.run<T>(`with Proxy(uri) as p: return ${expression}`, { uri: String(uri) });
}

/** Starts a server that never writes, and gives the first socket that it accepts. */
async function acceptOne(): Promise<{ server: Server; port: number; accepted: Promise<Socket> }> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => server.close());
  const accepted = once(server, 'connection').then(([socket]) => socket as Socket);
  return { server, port: (server.address() as { port: number }).port, accepted };
}

describe('a daemon', () => {
  it('a daemon answers in every serializer, and goes on after requests without data', async () => {
    const daemon = await listen();
    for (const [name, id] of Object.entries(SERIALIZER_IDS)) {
      const outcome = await python.run(
        `
        config.SERIALIZER = name
        with Proxy(uri) as p:
          answer = p.registered()
          p._pyroConnection.send(Pyro5.protocol.SendingMessage(Pyro5.protocol.MSG_INVOKE, 0, 0, id, b"").data)
          reply = Pyro5.protocol.recv_stub(p._pyroConnection, [Pyro5.protocol.MSG_RESULT])
          error = serializers[name].loads(reply.data)
        return [answer, type(error).__name__]`,
        { name, id, uri: String(daemon.uriFor(DAEMON_OBJECT_ID)) },
      );
      expect(outcome).toEqual([[DAEMON_OBJECT_ID], 'ValueError']);
    }
  });

  it('a daemon has an object of its own, whose URI names where it listens', async () => {
    const daemon = await listen();
    const [host, port] = daemon.locationStr.split(':');
    expect(host).toBe('127.0.0.1');
    expect(Number(port)).toBeGreaterThan(0);
    const uri = daemon.uriFor(DAEMON_OBJECT_ID);
    expect(String(uri)).toBe(`PYRO:Pyro.Daemon@${daemon.locationStr}`);
    expect(daemon.objectCount).toBe(1);
    expect(await ask(uri, '[p.ping(), p.registered()]')).toEqual([null, [DAEMON_OBJECT_ID]]);
  });

  it('a daemon serves the object that replaces its own', async () => {
    @expose
    class CustomDaemonInterface extends DaemonObject {
      custom_daemon_method(): number {
        return 42;
      }
    }
    const daemon = await listen({ host: '127.0.0.1', daemonObject: CustomDaemonInterface });
    expect(await ask(daemon.uriFor(DAEMON_OBJECT_ID), '[p.custom_daemon_method(), sorted(p._pyroMethods)]')).toEqual([
      42,
      [...OWN_METHODS, 'custom_daemon_method'].sort(),
    ]);
  });

  it('a daemon serves only a connected socket', async () => {
    const { port, accepted } = await acceptOne();
    await python.run('state.socket = socket.create_connection(("127.0.0.1", port))', { port });
    const daemon = new PyroDaemon({ connectedSocket: await accepted });
    const listening = once(daemon, 'listening');
    await daemon.start();
    cleanups.push(() => daemon.close());
    expect(await listening).toEqual([`127.0.0.1:${port}`]);
    expect(daemon.locationStr).toBe(`127.0.0.1:${port}`);
    daemon.register(new MyObj('served'), 'obj');
    const answer = await python.run(`
      with Proxy("obj", connected_socket=state.socket) as p:
        return [p.get(), sorted(p._pyroMethods)]`);
    expect(answer).toEqual(['served', ['get']]);
  });

  it('a daemon listens on a unix socket', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'pyro-'));
    cleanups.push(() => rm(directory, { recursive: true }));
    const unixSocket = join(directory, 'test_unixsocket');
    const daemon = await listen({ unixSocket });
    expect(daemon.locationStr).toBe(`./u:${unixSocket}`);
    expect(String(daemon.uriFor(DAEMON_OBJECT_ID))).toBe(`PYRO:Pyro.Daemon@./u:${unixSocket}`);
    expect(await ask(daemon.register(new MyObj('local'), 'obj'), 'p.get()')).toBe('local');
  });

  it('a daemon closes at the end of its await using block, also after an error, and cannot start again', async () => {
    let left: PyroDaemon | undefined;
    const use = async (fails: boolean): Promise<void> => {
      await using daemon = await PyroDaemon.listen({ host: '127.0.0.1' });
      left = daemon;
      expect(daemon.isListening).toBe(true);
      if (fails) throw new RangeError('an error');
    };
    await use(false);
    expect(left!.isListening).toBe(false);
    await expect(use(true)).rejects.toThrow(RangeError);
    expect(left!.isListening).toBe(false);
    await expect(left!.start()).rejects.toThrow(DaemonError);
    await left!.close();
  });

  it('requestLoop() ends when its condition says so', async () => {
    const daemon = await listen();
    await daemon.requestLoop(() => false);
    expect(daemon.isListening).toBe(true);
  });
});

describe('registration', () => {
  it('a daemon refuses to register a registered object or id again before it is unregistered', async () => {
    const daemon = await listen();
    const [one, two] = [new MyObj('object1'), new MyObj('object2')];
    daemon.register(one);
    expect(() => daemon.register(one)).toThrow(/^object or class already has a Pyro id/);
    daemon.unregister(one);
    daemon.register(one, 'samename');
    expect(() => daemon.register(two, 'samename')).toThrow(/^an object or class is already registered with that id/);
    daemon.unregister(one);
    expect(() => daemon.uriFor(one)).toThrow(DaemonError);
    expect(await ask(daemon.register(one, ''), 'p.get()')).toBe('object1');
  });

  it('a daemon registers a class and its instances', async () => {
    const daemon = await listen();
    const [one, two] = [new MyObj('object1'), new MyObj('object2')];
    const uris = [MyObj, one, two].map((thing) => daemon.register(thing));
    for (const again of [two, MyObj]) expect(() => daemon.register(again)).toThrow(/^object or class already has a Pyro id/);
    expect(await Promise.all(uris.map((uri) => ask(uri, 'p.get()')))).toEqual([null, 'object1', 'object2']);
  });

  it('a forced registration gives an object further ids, and unregister removes them all', async () => {
    const daemon = await listen();
    for (const thing of [new MyObj('object1'), MyObj]) {
      daemon.register(thing, 'name1');
      daemon.register(thing, 'name2', { force: true });
      expect(daemon.register(thing, 'name1', { force: true }).object).toBe('name1');
      expect(daemon.uriFor(thing).object).toBe('name1');
      const value = thing === MyObj ? null : 'object1';
      for (const id of ['name1', 'name2']) expect(await ask(daemon.uriFor(id), 'p.get()')).toBe(value);
      daemon.unregister('name1');
      expect(daemon.uriFor(thing).object).toBe('name2');
      expect(await ask(daemon.uriFor('name2'), 'p.get()')).toBe(value);
      daemon.register(thing, 'newname', { force: true });
      daemon.unregister(thing);
      expect(daemon.objectCount).toBe(1);
    }
  });

  it('a daemon keeps the single instance of a class that is registered again', async () => {
    const daemon = await listen();
    let made = 0;
    @expose
    @behavior({ instanceMode: 'single' })
    class Single {
      readonly number = ++made;
      get(): number {
        return this.number;
      }
    }
    const first = daemon.register(Single, 'first');
    expect(await ask(first, 'p.get()')).toBe(1);
    const second = daemon.register(Single, 'second', { force: true });
    expect(await ask(second, 'p.get()')).toBe(1);
    daemon.unregister('first');
    expect(await ask(second, 'p.get()')).toBe(1);
  });

  it('a daemon unregisters by id or by object, but never the daemon’s own object', async () => {
    const daemon = await listen();
    const [one, two] = [new MyObj('object1'), new MyObj('object2')];
    daemon.register(one);
    expect(() => daemon.register(two, DAEMON_OBJECT_ID)).toThrow(DaemonError);
    daemon.register(two, 'obj2a');
    expect(daemon.objectCount).toBe(3);
    expect(daemon.uriFor(two).object).toBe('obj2a');
    daemon.unregister('unexisting_thingie');
    daemon.unregister('obj2a');
    daemon.unregister(daemon.uriFor(one).object);
    expect(daemon.objectCount).toBe(1);
    const { object } = daemon.register(two);
    expect(object).toMatch(/^obj_/);
    daemon.unregister(two);
    expect(daemon.objectCount).toBe(1);
    expect(() => daemon.unregister([1, 2, 3])).toThrow(DaemonError);
    daemon.unregister(DAEMON_OBJECT_ID);
    expect(daemon.objectCount).toBe(1);
    const uri = daemon.register(new MyObj('xyz'), 'test.register');
    expect(uri).toBeInstanceOf(PyroUri);
    expect(uri.object).toBe('test.register');
  });

  it.each([
    ['null', null],
    ['undefined', undefined],
    ['a number', 4444],
    ['text', 'text'],
  ])('a daemon refuses to register %s', async (_, what) => {
    const daemon = await listen();
    expect(() => daemon.register(what as unknown as object)).toThrow(/cannot be registered/);
    if (typeof what !== 'string') expect(() => daemon.unregister(what as unknown as object)).toThrow(DaemonError);
    expect(() => daemon.register(new MyObj(), 666 as unknown as string)).toThrow(DaemonError);
    expect(daemon.objectCount).toBe(1);
  });

  it('a daemon registers a class only once', async () => {
    const daemon = await listen();
    daemon.register(MyObj);
    expect(() => daemon.register(MyObj)).toThrow(DaemonError);
    expect(daemon.objectCount).toBe(2);
    expect(daemon.uriFor(MyObj).object).toMatch(/^obj_/);
    daemon.unregister(MyObj);
    expect(daemon.objectCount).toBe(1);
  });

  it('a daemon registers ids of any letters', async () => {
    const daemon = await listen();
    for (const id of ['str_name', 'unicode_\u20ac']) {
      const thing = new MyObj(id);
      const uri = daemon.register(thing, id);
      expect(daemon.uriFor(thing)).toEqual(uri);
      expect(daemon.uriFor(id)).toEqual(uri);
      expect(await ask(uri, 'p.get()')).toBe(id);
    }
  });

  it('the daemon’s own object lists what is registered', async () => {
    const daemon = await listen();
    daemon.register(new MyObj('object1'), 'obj1');
    daemon.register(new MyObj('object2'), 'obj2');
    const { object } = daemon.register(new MyObj('object2'));
    const registered = await ask<string[]>(daemon.uriFor(DAEMON_OBJECT_ID), 'p.registered()');
    expect(new Set(registered)).toEqual(new Set(['Pyro.Daemon', 'obj1', 'obj2', object]));
  });

  it('uriFor() gives URIs of registered objects, and of any id', async () => {
    const daemon = await listen();
    const [one, two] = [new MyObj('object1'), new MyObj('object2')];
    for (const unknown of [one, two]) expect(() => daemon.uriFor(unknown)).toThrow(DaemonError);
    daemon.register(one);
    daemon.register(two, 'object_two');
    expect(() => daemon.uriFor(new MyObj('object3'))).toThrow(DaemonError);
    expect(daemon.uriFor(one).protocol).toBe('PYRO');
    expect(daemon.uriFor(two).object).toBe('object_two');
    expect(daemon.uriFor('unexisting_thingie')).toEqual(new PyroUri(`PYRO:unexisting_thingie@${daemon.locationStr}`));
  });
});

describe('the handshake', () => {
  it('a handshake is answered with the sequence number of the request', async () => {
    const daemon = await listen();
    const [host, port] = daemon.locationStr.split(':');
    const seen = await python.run(
      `
      ser = serializers["marshal"]
      data = ser.dumps({"handshake": "hello", "object": Pyro5.core.DAEMON_NAME})
      conn = Pyro5.socketutil.SocketConnection(socket.create_connection((host, int(port))))
      conn.send(Pyro5.protocol.SendingMessage(Pyro5.protocol.MSG_CONNECT, 0, 99, ser.serializer_id, data).data)
      msg = Pyro5.protocol.recv_stub(conn)
      conn.close()
      return [msg.type == Pyro5.protocol.MSG_CONNECTOK, msg.seq, ser.loads(msg.data)["handshake"]]`,
      { host, port },
    );
    expect(seen).toEqual([true, 99, 'hello']);
  });

  it('a handshake is denied with the reason that validateHandshake throws', async () => {
    class Denying extends PyroDaemon {
      override validateHandshake(): never {
        throw new RangeError('handshake fail validation error');
      }
    }
    const daemon = await listen({ host: '127.0.0.1' }, Denying);
    await expect(ask(daemon.uriFor(DAEMON_OBJECT_ID), 'p._pyroBind()')).rejects.toThrow(
      /CommunicationError: connection to .* rejected: handshake fail validation error/,
    );
  });

  it('a handshake is answered with the response of validateHandshake and the daemon’s annotations', async () => {
    class Custom extends PyroDaemon {
      override validateHandshake(): { response: unknown } {
        return { response: ['sure', 'have', 'fun'] };
      }
      override annotations(): Map<string, Buffer> {
        return new Map([['XYZZ', Buffer.from('custom annotation set by daemon')]]);
      }
    }
    const daemon = await listen({ host: '127.0.0.1' }, Custom);
    const seen = await python.run(
      `
      seen = []
      class Validating(Proxy):
        def _pyroValidateHandshake(self, response):
          seen.append(response)
      current_context.correlation_id = uuid.uuid4()
      with Validating(uri) as p:
        p._pyroBind()
      return seen + [{name: bytes(it).decode() for name, it in current_context.response_annotations.items()}]`,
      { uri: String(daemon.uriFor(DAEMON_OBJECT_ID)) },
    );
    expect(seen).toEqual([['sure', 'have', 'fun'], { XYZZ: 'custom annotation set by daemon' }]);
  });
});

describe('NAT', () => {
  it('URIs name the NAT location, unless told not to', async () => {
    expect((await listen()).natLocationStr).toBeUndefined();
    const daemon = await listen({ host: '127.0.0.1', natHost: 'nathosttest', natPort: 12345 });
    expect(daemon.natLocationStr).toBe('nathosttest:12345');
    expect(daemon.register(new MyObj(1)).location).toBe('nathosttest:12345');
    expect(daemon.uriFor('object').location).toBe('nathosttest:12345');
    expect(daemon.uriFor('object', false).location).toBe(daemon.locationStr);
  });

  it('the NAT port is the listening port when none is given', async () => {
    for (const natPort of [undefined, 0]) {
      const daemon = await listen({ host: '127.0.0.1', natHost: 'bla', natPort });
      expect(daemon.natLocationStr).toBe(`bla:${daemon.locationStr.split(':')[1]}`);
    }
  });

  it('a daemon refuses a NAT port without a host, a NAT host with a unix socket, and an impossible port', async () => {
    await expect(listen({ natPort: 5555 })).rejects.toThrow(PyroError);
    await expect(listen({ natHost: 'bla', natPort: 5555, unixSocket: 'testsock' })).rejects.toThrow(PyroError);
    await expect(listen({ natHost: 'bla', natPort: 99_999 })).rejects.toThrow('0 to 65535');
  });
});

describe('instances', () => {
  /** Makes a class with an instance mode and a creator, and the list of its instances. */
  function modal(instanceMode?: InstanceMode): { Thing: new (name: string) => object; made: object[] } {
    const made: object[] = [];
    @expose
    class Thing {
      constructor(readonly name: string) {
        made.push(this);
      }
      get(): unknown[] {
        return [this.name, made.indexOf(this)];
      }
    }
    behavior({ instanceMode, instanceCreator: (type: typeof Thing) => new type('testname') })(Thing);
    return { Thing, made };
  }

  it('an instance is made per connection by default', async () => {
    @expose
    class ClassWithDefaults {
      static made = 0;
      readonly number = ++ClassWithDefaults.made;
      get(): number {
        return this.number;
      }
    }
    const uri = (await listen()).register(ClassWithDefaults);
    expect(await ask(uri, '[p.get(), p.get()]')).toEqual([1, 1]);
    expect(await ask(uri, '[p.get(), p.get()]')).toEqual([2, 2]);
  });

  it.each([
    ['single', [0, 0], [0, 0], 1],
    ['session', [0, 0], [1, 1], 2],
    ['percall', [0, 1], [2, 3], 4],
  ] as const)('an instance is made with the creator in mode %s', async (mode, first, second, count) => {
    const { Thing, made } = modal(mode);
    const uri = (await listen()).register(Thing);
    const calls = '[p.get(), p.get()]';
    expect(await ask(uri, calls)).toEqual(first.map((number) => ['testname', number]));
    expect(await ask(uri, calls)).toEqual(second.map((number) => ['testname', number]));
    expect(made).toHaveLength(count);
  });

  it('a daemon refuses an instance of another class from the creator', async () => {
    @behavior({ instanceCreator: () => new PyroUri('PYRO:test@localhost:9999') })
    class TestClass {
      @expose
      method(): void {}
    }
    const uri = (await listen()).register(TestClass);
    await expect(ask(uri, 'p.method()')).rejects.toThrow('TypeError: instance creator');
  });
});

describe('combined daemons', () => {
  it('combined daemons serve independently, and close together', async () => {
    const [one, two] = [await listen(), await listen()];
    one.combine(two);
    for (const daemon of [one, two]) expect(await ask(daemon.register(new MyObj('served')), 'p.get()')).toBe('served');
    await one.close();
    expect(two.isListening).toBe(false);
  });
});

describe('the end of a connection', () => {
  it('two daemons run their disconnect hooks at the same time', async () => {
    let told = 0;
    let tellBoth = (): void => undefined;
    const bothTold = new Promise<void>((resolve) => (tellBoth = resolve));
    let ended = 0;
    const hook = async (): Promise<void> => {
      if (++told === 2) tellBoth();
      await bothTold;
      ended += 1;
    };
    const daemons = await Promise.all([1, 2].map(() => listen({ host: '127.0.0.1', clientDisconnect: hook })));
    const uris = daemons.map((daemon) => String(daemon.uriFor(DAEMON_OBJECT_ID)));
    await python.run(
      `
      proxies = [Proxy(uri) for uri in uris]
      for p in proxies: p._pyroBind()
      for p in proxies: p._pyroRelease()`,
      { uris },
    );
    await expect.poll(() => ended).toBe(2);
  });
});

describe('metadata', () => {
  it('metadata of the daemon’s own object is that of Pyro5, in every serializer', async () => {
    const daemon = await listen();
    for (const name of Object.keys(SERIALIZER_IDS)) {
      const [info, meta, theirs] = await python.run<[string, unknown, unknown]>(
        `
        config.SERIALIZER = name
        names = lambda meta: {kind: sorted(meta[kind]) for kind in ("methods", "attrs", "oneway")}
        with Proxy(uri) as p, Pyro5.server.Daemon() as own:
          theirs = own.objectsById[Pyro5.core.DAEMON_NAME].get_metadata(Pyro5.core.DAEMON_NAME)
          return [p.info(), names(p.get_metadata(Pyro5.core.DAEMON_NAME)), names(theirs)]`,
        { name, uri: String(daemon.uriFor(DAEMON_OBJECT_ID)) },
      );
      expect(info.length).toBeGreaterThan(10);
      expect(theirs).toMatchObject({ methods: PYTHON_METHODS });
      expect(meta).toEqual({ ...(theirs as object), methods: OWN_METHODS });
    }
  });

  it('resetMetadataCache() by id or by object makes new members visible', async () => {
    class Dummy {
      @expose
      method(): void {}
    }
    const add = (name: string): void => {
      const fn = (): void => {};
      Object.defineProperty(Dummy.prototype, name, { value: fn, configurable: true });
      expose(Dummy.prototype, name, { value: fn });
    };
    const daemon = await listen();
    const dummy = new Dummy();
    const uri = daemon.register(dummy);
    const methods = (): Promise<string[]> => ask(uri, 'p._pyroBind() and sorted(p._pyroMethods)');
    expect(await methods()).toEqual(['method']);
    add('newly_added_method');
    expect(await methods()).toEqual(['method']);
    daemon.resetMetadataCache(uri.object);
    expect(await methods()).toEqual(['method', 'newly_added_method']);
    add('newly_added_method_two');
    daemon.resetMetadataCache(dummy);
    expect(await methods()).toEqual(['method', 'newly_added_method', 'newly_added_method_two']);
    daemon.resetMetadataCache('unknown');
  });
});

describe('objects that a remote object makes and registers', () => {
  it.each(['createInstance', 'createGenerator'])('a registered result travels as a proxy until shutdown: %s', async (method) => {
    const alive = new Set<string>();
    const gone = new FinalizationRegistry<string>((name) => alive.delete(name));
    const watch = (made: object, name: string): void => {
      alive.add(name);
      gone.register(made, name);
    };
    @expose
    class Child {
      constructor(readonly name: string) {
        watch(this, name);
      }
      ping(): string {
        return `I am ${this.name}`;
      }
    }
    // everything that could keep an object alive is inside this function
    const serve = async (): Promise<void> => {
      const daemon = await PyroDaemon.listen({ host: '127.0.0.1' });
      @expose
      class Parent {
        readonly name = `outer ${alive.size}`;
        constructor() {
          watch(this, this.name);
        }
        ping(): string {
          return `I am ${this.name}`;
        }
        createInstance(): Child {
          const child = new Child('single instance');
          daemon.register(child);
          return child;
        }
        *createGenerator(): Generator<Child> {
          for (let i = 0; i < 4; i++) {
            const child = new Child(`iterator instance ${i}`);
            daemon.register(child);
            yield child;
          }
        }
      }
      const uri = daemon.register(Parent);
      const seen = await python.run(
        `
        with Proxy(uri) as p1, Proxy(uri) as p2:
          seen = [p1.ping(), p2.ping()]
          if method == "createInstance":
            with p1.createInstance() as inner: seen.append(inner.ping())
          else:
            for inner in p1.createGenerator():
              with inner: seen.append(inner.ping())
        return seen`,
        { uri: String(uri), method },
      );
      const children = method === 'createInstance' ? ['single instance'] : [0, 1, 2, 3].map((i) => `iterator instance ${i}`);
      expect(seen).toEqual(['outer 0', 'outer 1', ...children].map((name) => `I am ${name}`));
      await daemon.shutdown();
    };
    await serve();
    await expect
      .poll(
        () => {
          collectGarbage();
          return [...alive];
        },
        { timeout: 60_000, interval: 20 },
      )
      .toEqual([]);
  });
});
