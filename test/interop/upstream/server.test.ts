import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  type Behavior,
  behavior,
  currentContext,
  expose,
  isPrivateName,
  PyroDaemon,
  type PyroDaemonOptions,
  PyroError,
  type PyroUri,
  PythonException,
} from '../../../lib/core.js';
import { PythonInterpreter } from '../python-interpreter.js';
import { MyThingExposedSub, MyThingFullExposed, MyThingPartlyExposed, MyThingPartlyExposedSub } from './support.js';

/* The cases of Pyro5's tests/test_server.py that upstream.test.ts cannot run as they are; docs/audit/upstream-tests.md says which is which. */

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

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

/** Runs the body of a Python function with `p`, a proxy of the object, in Python's client, and gives its result. */
function use<T = unknown>(uri: PyroUri, body: string): Promise<T> {
  return python.run<T>(`def used(p):\n${body.replaceAll(/^/gm, '  ')}\nwith Proxy(uri) as p: return used(p)`, {
    uri: String(uri),
  });
}

/** Members that Python's client learns of an object: methods, attributes, oneway methods. */
function members(uri: PyroUri): Promise<[string[], string[], string[]]> {
  return use(uri, 'p._pyroBind()\nreturn [sorted(p._pyroMethods), sorted(p._pyroAttrs), sorted(p._pyroOneway)]');
}

/** Runs Python code that must fail, and gives the text of the error. */
async function failureOf(uri: PyroUri, statement: string): Promise<string> {
  return use<string>(uri, `try:\n  ${statement}\nexcept Exception as x:\n  return f"{type(x).__name__}: {x}"`);
}

class ServerTestObject {
  constructor(private readonly kept: object[] = []) {}
  @expose
  getDict(): object {
    return { number: 42 };
  }
  @expose
  kept_object(): object {
    return this.kept[0]!;
  }
  @expose
  new_test_object(): ServerTestObject {
    return new ServerTestObject();
  }
  @expose
  echo(value: unknown): unknown {
    return value;
  }
  @expose
  divide(x: number, y: number): number {
    if (y === 0) throw new PythonException('builtins.ZeroDivisionError', ['integer division or modulo by zero']);
    return Math.floor(x / y);
  }
  @expose
  nonserializableException(): never {
    throw new PythonException('builtins.ValueError', ['xantippe', () => 0]);
  }
  @expose
  *generator(): Generator<string> {
    yield* ['one', 'two', 'three', 'four', 'five'];
  }
}

describe('objects', () => {
  it('objects travel as proxies while they or their class are registered', async () => {
    const daemon = await listen();
    const kept = new ServerTestObject();
    const uri = daemon.register(new ServerTestObject([kept]), 'something');
    const seen = (method: string): Promise<string> => use(uri, `return type(p.${method}()).__name__`);
    expect(await seen('kept_object')).toBe('dict');
    daemon.register(kept);
    expect(await seen('kept_object')).toBe('Proxy');
    expect(await seen('new_test_object')).toBe('dict');
    daemon.register(ServerTestObject);
    expect(await seen('new_test_object')).toBe('Proxy');
    expect(await use(uri, 'with p.new_test_object() as new: return new.getDict()')).toEqual({ number: 42 });
    daemon.unregister(ServerTestObject);
    daemon.unregister(kept);
    expect(await seen('kept_object')).toBe('dict');
    expect(await seen('new_test_object')).toBe('dict');
  });

  it('a weakly registered object is removed when nothing else holds it', async () => {
    const daemon = await listen();
    let object: ServerTestObject | undefined = new ServerTestObject();
    const uri = daemon.register(object, 'weak', { weak: true });
    expect(await use(uri, 'return p.getDict()')).toEqual({ number: 42 });
    collectGarbage();
    expect(await use(uri, 'return p.getDict()')).toEqual({ number: 42 });
    expect(object).toBeDefined();
    object = undefined;
    await expect
      .poll(
        () => {
          collectGarbage();
          return daemon.objectCount;
        },
        { timeout: 60_000, interval: 20 },
      )
      .toBe(1);
    expect(await failureOf(uri, 'p.getDict()')).toMatch(/rejected: unknown object$/);
  });

  it('resources that were tracked for a connection are freed when the connection ends', async () => {
    class Resource {
      closed = false;
      constructor(readonly name: string) {}
      close(): void {
        resources.delete(this);
        this.closed = true;
      }
    }
    const resources = new Set<Resource>();
    class ResourceService {
      @expose
      allocate(name: string): void {
        const resource = new Resource(name);
        resources.add(resource);
        currentContext()!.track(resource);
      }
      @expose
      free(name: string): void {
        for (const resource of [...resources].filter((kept) => kept.name === name)) {
          resource.close();
          currentContext()!.untrack(resource);
        }
      }
      @expose
      list(): string[] {
        return [...resources].map(({ name }) => name);
      }
    }
    const uri = (await listen()).register(new ResourceService());
    expect(await use(uri, 'p.allocate("r1")\np.allocate("r2")\np.free("r1")\nreturn p.list()')).toEqual(['r2']);
    await expect.poll(() => use(uri, 'return p.list()')).toEqual([]);
  });
});

describe('a daemon', () => {
  it('a daemon shuts down quickly while clients are connected', async () => {
    const daemon = await listen();
    const uri = daemon.register(new ServerTestObject(), 'something');
    await python.run('state.proxies = [Proxy(uri) for _ in range(3)]\nfor p in state.proxies: p.echo(42)', { uri: String(uri) });
    expect(daemon.connections).toHaveLength(3);
    const begun = performance.now();
    await daemon.shutdown();
    // a running call may take 10 s
    expect(performance.now() - begun).toBeLessThan(8_000);
    await python.run('for p in state.proxies: p._pyroRelease()');
  });

  it('a daemon on IPv6 may be behind NAT', async () => {
    const daemon = await listen({ host: '::1', natHost: 'example.com', natPort: 0 });
    expect(daemon.locationStr).toMatch(/^\[::1\]:\d+$/);
    expect(daemon.natLocationStr).toBe(`example.com:${daemon.locationStr.split(':').at(-1)}`);
  });
});

describe('errors', () => {
  it('an error that cannot be sent says so, and what it was', async () => {
    const uri = (await listen()).register(new ServerTestObject());
    expect(await failureOf(uri, 'p.nonserializableException()')).toMatch(
      /^PyroError: Error serializing exception: .*function.* Original exception: builtins\.ValueError: xantippe/,
    );
  });

  it('an error shows where it was thrown, also in a batch', async () => {
    const uri = (await listen()).register(new ServerTestObject());
    const [single, batch] = await use<[string, string]>(
      uri,
      `
def traceback(call):
  try:
    call()
  except ZeroDivisionError as x:
    return "".join(Pyro5.errors.get_pyro_traceback(type(x), x, x.__traceback__))
batch = Pyro5.client.BatchProxy(p)
batch.divide(999, 0)
results = batch()
texts = [traceback(lambda: p.divide(999, 0)), traceback(lambda: next(results))]
try:
  next(results)
except StopIteration:
  return texts`,
    );
    for (const text of [single, batch]) {
      expect(text).toContain('Remote traceback:');
      expect(text).toContain('ZeroDivisionError');
      expect(text).toMatch(/at ServerTestObject\.divide \(.*server\.test\.ts/);
    }
  });
});

describe('streams', () => {
  const reading = `
generator = p.generator()
seen = [next(generator)]
p._pyroRelease()
try:
  next(generator)
except Pyro5.errors.ConnectionClosedError:
  seen.append("closed")
p._pyroReconnect()
`;

  it('a stream goes on after a reconnect within the linger time, and ends after it', async () => {
    const long = (await listen({ streamLingerMs: 60_000 })).register(new ServerTestObject());
    expect(await use(long, `${reading}\nseen.append(next(generator))\nreturn seen`)).toEqual(['one', 'closed', 'two']);
    const daemon = await listen({ streamLingerMs: 100, housekeepingIntervalMs: 20 });
    class Watched extends ServerTestObject {
      /** Number of open streams. */
      @expose
      streams(): number {
        return daemon.streamCount;
      }
    }
    const uri = daemon.register(new Watched());
    const seen = await use(
      uri,
      `${reading}
while p.streams() > 0:
  time.sleep(0.05)
try:
  next(generator)
except Pyro5.errors.PyroError as x:
  return seen + [str(x)]`,
    );
    expect(seen).toEqual(['one', 'closed', 'item stream terminated']);
  });

  it('a stream ends with its connection without a linger time', async () => {
    const uri = (await listen({ streamLingerMs: 0 })).register(new ServerTestObject());
    const seen = await use(
      uri,
      `${reading.replace('p._pyroReconnect()', 'time.sleep(1)\np._pyroReconnect()')}
try:
  next(generator)
except Pyro5.errors.PyroError as x:
  generator.close()
  return seen + [str(x)]`,
    );
    expect(seen).toEqual(['one', 'closed', 'item stream terminated']);
  });
});

describe('exposed members', () => {
  const FULL = [['__dunder__', 'exposed', 'method', 'oneway'], ['prop1', 'prop2', 'readonly_prop1'], ['oneway']];

  it('a class and its object expose the same members', async () => {
    const daemon = await listen();
    expect(await members(daemon.register(MyThingFullExposed))).toEqual(FULL);
    expect(await members(daemon.register(new MyThingFullExposed('irmen')))).toEqual(FULL);
  });

  it('an exposed class exposes all public members, another class only members that are exposed themselves', async () => {
    const daemon = await listen();
    expect(await members(daemon.register(new MyThingFullExposed()))).toEqual(FULL);
    const partly = [['exposed', 'oneway'], ['prop1', 'readonly_prop1'], ['oneway']];
    expect(await members(daemon.register(new MyThingPartlyExposed()))).toEqual(partly);
  });

  it('a subclass inherits exposed members', async () => {
    const daemon = await listen();
    expect(await members(daemon.register(new MyThingPartlyExposedSub()))).toEqual([
      ['exposed', 'oneway', 'sub_exposed'],
      ['prop1', 'readonly_prop1'],
      ['oneway'],
    ]);
    expect(await members(daemon.register(new MyThingExposedSub()))).toEqual([
      [...FULL[0]!, 'oneway2', 'sub_exposed', 'sub_unexposed'].sort(),
      FULL[1],
      ['oneway', 'oneway2'],
    ]);
  });

  it('exposed members are cached until the cache is reset', async () => {
    class Thingy {
      @expose
      method1(): void {}
    }
    const daemon = await listen();
    const uri = daemon.register(new Thingy());
    const before = await members(uri);
    const added = { value: (): void => {}, configurable: true };
    Object.defineProperty(Thingy.prototype, 'added', added);
    expose(Thingy.prototype, 'added', added);
    expect(await members(uri)).toEqual(before);
  });

  it('a daemon refuses to expose private names, and exposes dunder names', async () => {
    class Private {
      _private(): void {}
      __private(): void {}
      __dunder__(): string {
        return 'a dunder';
      }
    }
    for (const name of ['_private', '__private'] as const) expect(() => expose(Private, name)).toThrow(PyroError);
    expose(Private, '__dunder__');
    const uri = (await listen()).register(new Private());
    expect(await members(uri)).toEqual([['__dunder__'], [], []]);
    expect(await use(uri, 'return p.__getattr__("__dunder__")()')).toBe('a dunder');
  });

  it('a name is private exactly when Python says so', async () => {
    const plain = [
      '_',
      '__',
      '___',
      '_p',
      '_pp',
      '_p_',
      '_p__',
      '__p',
      '___p',
      '__dunder__',
      'public',
      'p_',
      '__p__',
      '____',
      '_____',
    ];
    const names = [...(await python.run<string[]>('return sorted(Pyro5.server._private_dunder_methods)')), ...plain];
    expect(names.length).toBeGreaterThan(50);
    const theirs = await python.run('return [name for name in names if Pyro5.server.is_private_attribute(name)]', { names });
    expect(names.filter(isPrivateName)).toEqual(theirs);
  });

  it('only exposed attributes are read and written', async () => {
    const daemon = await listen();
    for (const [thing, prop2] of [
      [new MyThingFullExposed('irmen'), true],
      [new MyThingPartlyExposed('irmen'), false],
    ] as const) {
      const uri = daemon.register(thing);
      // bypasses the checks of Python's proxy
      const read = (name: string): string => `p._pyroInvoke("__getattr__", ("${name}",), None)`;
      const write = (name: string, value: number): string => `p._pyroInvoke("__setattr__", ("${name}", ${value}), None)`;
      for (const name of ['name', 'c_attr', 'propvalue', 'unexisting_attribute', '_private_attr1', 'exposed']) {
        expect(await failureOf(uri, read(name))).toMatch(/^AttributeError: /);
        expect(await failureOf(uri, write(name, 999))).toMatch(/^AttributeError: /);
      }
      expect(await failureOf(uri, write('readonly_prop1', 999))).toMatch(/^AttributeError: /);
      expect(await use(uri, `return ${read('prop1')}`)).toBe(42);
      await use(uri, write('prop1', 999));
      expect(thing.propvalue).toBe(999);
      if (prop2) {
        expect(await use(uri, `${write('prop2', 8888)}\nreturn ${read('prop2')}`)).toBe(8888);
      } else {
        expect(await failureOf(uri, read('prop2'))).toMatch(/^AttributeError: /);
        expect(await failureOf(uri, write('prop2', 8888))).toMatch(/^AttributeError: /);
      }
    }
  });

  it('an attribute is reached by one name, never by a path', async () => {
    @expose
    class Exposed {
      a: Exposed | undefined;
      constructor(private readonly propvalue: string) {}
      get value(): string {
        return this.propvalue;
      }
      _p(): string {
        return 'should not be allowed';
      }
      __p(): string {
        return 'should not be allowed';
      }
      __p__(): string {
        return 'should be allowed (dunder)';
      }
    }
    const object = new Exposed('hello');
    object.a = new Exposed('a');
    object.a.a = new Exposed('b');
    const uri = (await listen()).register(object);
    expect(await use(uri, 'return p._pyroInvoke("__p__", (), {})')).toBe('should be allowed (dunder)');
    for (const name of [
      'value',
      'propvalue',
      '_p',
      '__p',
      'a',
      'a.b',
      'a.a',
      'a.a.value',
      'a._p',
      'a.__p',
      'a.__p__',
      'u.v.value',
    ]) {
      expect(await failureOf(uri, `p._pyroInvoke("${name}", (), {})`)).toMatch(/^AttributeError: /);
    }
  });
});

describe('behavior', () => {
  it('the instance mode is session by default, and stays as it is when the class is exposed', async () => {
    const daemon = await listen();
    const numbered = (): { Type: new () => object; made: object[] } => {
      const made: object[] = [];
      class Type {
        readonly number = made.push(this);
        get(): number {
          return this.number;
        }
      }
      return { Type, made };
    };
    const calls = 'return [p.get(), p.get()]';
    const [plain, before, behind] = [numbered(), numbered(), numbered()];
    expose(plain.Type);
    expose(behavior({ instanceMode: 'percall' })(before.Type));
    expose(behind.Type);
    behavior({ instanceMode: 'percall' })(behind.Type);
    expect(await use(daemon.register(plain.Type), calls)).toEqual([1, 1]);
    for (const { Type } of [before, behind]) expect(await use(daemon.register(Type), calls)).toEqual([1, 2]);
  });

  it('behavior() refuses invalid modes, creators and targets', () => {
    expect(() => behavior({ instanceMode: 'kaputt' as 'single' })).toThrow('instanceMode is the text "kaputt"');
    expect(() => behavior({ instanceCreator: 12345 as unknown as () => object })).toThrow(
      'instanceCreator is 12345; it must be a function',
    );
    // @behavior without its options
    expect(() => behavior(class {} as unknown as Behavior)).toThrow('behavior takes options');
    const { prototype } = MyThingFullExposed;
    const onMethod = behavior({ instanceMode: 'percall' }) as unknown as (...args: unknown[]) => unknown;
    expect(() => onMethod(prototype, 'method', Object.getOwnPropertyDescriptor(prototype, 'method'))).toThrow(
      'behavior can only be used on a class',
    );
  });
});
