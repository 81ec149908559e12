import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  ClassRegistry,
  DaemonError,
  expose,
  NamingError,
  ProtocolError,
  ProxyReference,
  PyroDaemon,
  PyroError,
  PyroRemoteError,
  PyroUri,
  PythonException,
  pyTuple,
  SerializeError,
} from '../../../lib/core.js';
import { DaemonStub, ExceptionWrapper } from '../../../lib/serializers/objects/class-dicts.js';
import { SERIALIZER_IDS, type SerializedCall, type SerializerName } from '../../../lib/serializers/contract/serializer.js';
import { createSerializers } from '../../../lib/serializers/serializers.js';
import { PythonInterpreter } from '../python-interpreter.js';
import { MyThingFullExposed, MyThingPartlyExposed } from './support.js';

/* The cases of Pyro5's tests/test_serialize.py; docs/audit/upstream-tests.md says which is which. */

const NAMES = Object.keys(SERIALIZER_IDS) as SerializerName[];
const context = { decodeProxy: ProxyReference.fromState };

let python: PythonInterpreter;
beforeAll(async () => {
  python = await PythonInterpreter.start();
});
afterAll(() => python.stop());

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** The bytes that Python's serializer writes for the value of an expression. */
async function written(name: SerializerName, expression: string): Promise<Buffer> {
  return Buffer.from(await python.run<string>(`return bytes(serializers[name].dumps(${expression})).hex()`, { name }), 'hex');
}

async function writtenCall(name: SerializerName, call: string): Promise<Buffer> {
  return Buffer.from(await python.run<string>(`return bytes(serializers[name].dumpsCall(${call})).hex()`, { name }), 'hex');
}

describe.each(NAMES)('serializer %s', (name) => {
  const serializer = createSerializers().get(SERIALIZER_IDS[name])!;
  /** Reads the bytes that Python writes for an expression. */
  const fromPython = async (expression: string): Promise<unknown> => serializer.loads(await written(name, expression), context);
  const callFromPython = async (call: string): Promise<SerializedCall> =>
    serializer.loadsCall(await writtenCall(name, call), context);
  /** Lets Python read our bytes as `x`, and evaluates a Python expression with `x`. */
  const inPython = (data: Buffer, expression: string): Promise<unknown> =>
    python.run(`x = serializers[name].loads(bytes.fromhex(data)); return ${expression}`, { name, data: data.toString('hex') });
  const callInPython = (data: Buffer, expression: string): Promise<unknown> =>
    python.run(`o, m, args, kwargs = serializers[name].loadsCall(bytes.fromhex(data)); return ${expression}`, {
      name,
      data: data.toString('hex'),
    });

  it('a serializer reads from every kind of byte array, at any offset', async () => {
    const value = await written(name, '[4, 5, 6]');
    const call = await writtenCall(name, '"object", "method", [1, 2, 3], {"kwarg": 42}');
    const wider = (data: Buffer): Buffer => Buffer.concat([Buffer.from('xx'), data, Buffer.from('yy')]).subarray(2, -2);
    for (const view of [(data: Buffer) => data, (data: Buffer) => Uint8Array.from(data), wider]) {
      expect(serializer.loads(view(value))).toEqual([4, 5, 6]);
      expect(serializer.loadsCall(view(call)).args).toEqual([1, 2, 3]);
    }
  });

  it('a serializer carries URIs with all their parts', async () => {
    for (const [text, parts] of [
      ['PYRO:9999@host.com:4444', { protocol: 'PYRO', object: '9999', location: 'host.com:4444', port: 4444 }],
      ['PYRO:12345@./u:/tmp/socketname', { object: '12345', location: './u:/tmp/socketname', socketName: '/tmp/socketname' }],
    ] as const) {
      const uri = (await fromPython(`URI("${text}")`)) as PyroUri;
      expect(uri).toBeInstanceOf(PyroUri);
      expect(uri).toMatchObject(parts);
      expect(uri.equals(new PyroUri(text))).toBe(true);
      expect([uri.port, uri.socketName].filter((part) => part !== undefined)).toHaveLength(1);
      expect(await inPython(serializer.dumps(uri), `x == URI("${text}") and [x.protocol, x.object, x.port, x.sockname]`)).toEqual(
        ['PYRO', uri.object, uri.port ?? null, uri.socketName ?? null],
      );
    }
  });

  it('a serializer carries URIs inside other values', async () => {
    const uris = [new PyroUri('PYRO:1111@host.com:111'), new PyroUri('PYRO:2222@host.com:222')];
    expect(await inPython(serializer.dumps(uris), '[str(uri) for uri in x]')).toEqual(uris.map(String));
    // Python's marshal serializer cannot write URIs inside other values
    if (name !== 'marshal')
      expect(await fromPython('[URI("PYRO:1111@host.com:111"), URI("PYRO:2222@host.com:222")]')).toEqual(uris);
  });

  it('a serializer carries proxies with handshake, members and serializer, and without connection and settings', async () => {
    await python.run(`
      state.proxy = Proxy("PYRO:obj@host:9999")
      state.proxy._pyroAttrs = set("abc")
      state.proxy._pyroMethods = set("def")
      state.proxy._pyroOneway = set("ghi")
      state.proxy._pyroHandshake = "apples"
      state.proxy._pyroMaxRetries = 78
      state.proxy._pyroSerializer = "serializer"`);
    const reference = (await fromPython('state.proxy')) as ProxyReference;
    expect(reference).toEqual(
      new ProxyReference(
        new PyroUri('PYRO:obj@host:9999'),
        new Set('ghi'),
        new Set('def'),
        new Set('abc'),
        'apples',
        'serializer',
      ),
    );
    expect(reference.toState()).toHaveLength(6);
    const dict = { __class__: 'Pyro5.client.Proxy', state: pyTuple(...reference.toState()) };
    const state = `[x == state.proxy, sorted(x._pyroAttrs), sorted(x._pyroMethods), sorted(x._pyroOneway), x._pyroHandshake,
      x._pyroSerializer, x._pyroMaxRetries, x._pyroConnection]`;
    expect(await inPython(serializer.dumps(dict), state)).toEqual([
      true,
      ['a', 'b', 'c'],
      ['d', 'e', 'f'],
      ['g', 'h', 'i'],
      'apples',
      'serializer',
      0,
      null,
    ]);
  });

  it('a serializer carries a daemon as a stub without data', async () => {
    const daemon = await python.run<string>(
      `
      with Pyro5.server.Daemon(port=0) as daemon:
        return bytes(serializers[name].dumps(daemon)).hex()`,
      { name },
    );
    const stub = serializer.loads(Buffer.from(daemon, 'hex'));
    expect(stub).toEqual(new DaemonStub());
    expect(await inPython(serializer.dumps(stub), '[type(x).__name__, len(vars(x)), "unusable" in repr(x)]')).toEqual([
      'Daemon',
      0,
      true,
    ]);
  });

  it('a serializer carries registered objects as proxies, also inside other values', async () => {
    const daemon = await PyroDaemon.listen({ host: '127.0.0.1' });
    cleanups.push(() => daemon.close());
    for (const [Thing, expected] of [
      [MyThingPartlyExposed, [['prop1', 'readonly_prop1'], ['exposed', 'oneway'], ['oneway']]],
      [MyThingFullExposed, [['prop1', 'prop2', 'readonly_prop1'], ['__dunder__', 'exposed', 'method', 'oneway'], ['oneway']]],
    ] as const) {
      const things = [new Thing('1'), ['apple', new Thing('2')]] as const;
      daemon.register(things[0], 'thingy1', { force: true });
      daemon.register(things[1][1]!, 'thingy2', { force: true });
      class Giver {
        @expose
        give(): unknown {
          return things;
        }
      }
      daemon.register(new Giver(), 'giver', { force: true });
      const seen = await python.run(
        `
        config.SERIALIZER = name
        with Proxy(uri) as giver:
          one, (apple, two) = giver.give()
        members = [sorted(names) for names in (one._pyroAttrs, one._pyroMethods, one._pyroOneway)]
        return [apple, str(one._pyroUri), str(two._pyroUri), members, [type(one) is Proxy, type(two) is Proxy]]`,
        { name, uri: String(daemon.uriFor('giver')) },
      );
      const uris = ['thingy1', 'thingy2'].map((id) => String(daemon.uriFor(id)));
      expect(seen).toEqual(['apple', ...uris, expected, [true, true]]);
    }
  });

  it('a serializer carries arrays of numbers and of characters, as values and as arguments', async () => {
    expect(await fromPython(`array.array('u', "hello")`)).toBe('hello');
    expect(await fromPython(`array.array('h', [222, 333, 444, 555])`)).toEqual([222, 333, 444, 555]);
    const call = await callFromPython(`"obj", "method", (1, array.array('u', "hello")), {"arg": array.array('h', [222, 333])}`);
    expect(call).toEqual({ objectId: 'obj', method: 'method', args: [1, 'hello'], kwargs: { arg: [222, 333] } });
    const typed = new Int16Array([222, 333, 444, 555]);
    expect(await inPython(serializer.dumps(typed), 'x')).toEqual([222, 333, 444, 555]);
    const own = serializer.dumpsCall({ objectId: 'obj', method: 'method', args: [typed], kwargs: { arg: typed } });
    expect(await callInPython(own, '[args[0], kwargs["arg"]]')).toEqual([
      [222, 333, 444, 555],
      [222, 333, 444, 555],
    ]);
  });

  it('a serializer carries calls with URIs and proxies as positional and keyword arguments', async () => {
    const uri = new PyroUri('PYRO:test@test:4444');
    const call = await callFromPython(
      '"obj", "method", (1, 2, URI("PYRO:test@test:4444"), Proxy("PYRONAME:foobar")), {"uri": URI("PYRO:test@test:4444"), "proxy": Proxy("PYRONAME:foobar")}',
    );
    const proxy = new ProxyReference(new PyroUri('PYRONAME:foobar'));
    expect(call).toEqual({ objectId: 'obj', method: 'method', args: [1, 2, uri, proxy], kwargs: { uri, proxy } });
    const dict = { __class__: 'Pyro5.client.Proxy', state: pyTuple(...proxy.toState()) };
    const own = serializer.dumpsCall({ objectId: 'obj', method: 'method', args: [1, uri, dict], kwargs: { uri, proxy: dict } });
    const seen = `[o, m, args[0], args[1] == kwargs["uri"] == URI("PYRO:test@test:4444"), args[2] == kwargs["proxy"] == Proxy("PYRONAME:foobar")]`;
    expect(await callInPython(own, seen)).toEqual(['obj', 'method', 1, true, true]);
  });

  it('a serializer carries plain calls', async () => {
    const call = { objectId: 'object', method: 'method', args: ['vargs1', 'vargs2'], kwargs: { kwargs: 999 } };
    expect(await callFromPython('"object", "method", ("vargs1", "vargs2"), {"kwargs": 999}')).toEqual(call);
    expect(await callInPython(serializer.dumpsCall(call), '[o, m, list(args), kwargs]')).toEqual(Object.values(call));
  });

  it('a serializer carries exceptions as arguments of calls', async () => {
    const { args, kwargs } = await callFromPython(
      '"object", "method", [ZeroDivisionError("hello")], {"thing": ZeroDivisionError("hello")}',
    );
    for (const error of [args[0], kwargs['thing']]) {
      expect(error).toBeInstanceOf(PyroRemoteError);
      expect(error).toMatchObject({ pythonType: 'builtins.ZeroDivisionError', args: ['hello'] });
    }
    const error = new PythonException('builtins.ZeroDivisionError', ['hello']);
    const own = serializer.dumpsCall({ objectId: 'object', method: 'method', args: [error], kwargs: { thing: error } });
    expect(await callInPython(own, '[repr(args[0]), repr(kwargs["thing"])]')).toEqual(
      Array(2).fill("ZeroDivisionError('hello')"),
    );
  });

  it('a serializer carries errors of Pyro with their traceback', async () => {
    await python.run(`
      state.error = Pyro5.errors.NamingError("x")
      state.error._pyroTraceback = ["this is the remote traceback"]`);
    const error = (await fromPython('state.error')) as PyroRemoteError;
    expect(error).toMatchObject({
      pythonType: 'Pyro5.errors.NamingError',
      args: ['x'],
      remoteTraceback: ['this is the remote traceback'],
    });
    expect(await inPython(serializer.dumps(error), '[repr(x), x._pyroTraceback]')).toEqual([
      "NamingError('x')",
      ['this is the remote traceback'],
    ]);
    for (const own of [new NamingError('x'), new PyroError('x'), new ProtocolError('x'), new DaemonError('x')]) {
      expect(await inPython(serializer.dumps(own), 'repr(x)')).toBe(`${own.name}('x')`);
      expect(await fromPython(`Pyro5.errors.${own.name}("x")`)).toMatchObject({ pythonType: own.pythonType, args: ['x'] });
    }
  });

  it('a serializer carries exceptions with any number of arguments, and their attributes', async () => {
    for (const [expression, args] of [
      ['ZeroDivisionError()', []],
      ['ZeroDivisionError("hello")', ['hello']],
      ['ZeroDivisionError("hello", 42)', ['hello', 42]],
    ] as const) {
      const error = (await fromPython(expression)) as PyroRemoteError;
      expect(error).toMatchObject({ pythonType: 'builtins.ZeroDivisionError', args, attributes: {} });
      expect(await inPython(serializer.dumps(error), 'repr(x)')).toBe(
        expression.replace('ZeroDivisionError("hello"', `ZeroDivisionError('hello'`),
      );
    }
    await python.run('state.error = ZeroDivisionError("hello", 42); state.error.custom_attribute = 999');
    const error = (await fromPython('state.error')) as PyroRemoteError;
    expect(error.attributes).toEqual({ custom_attribute: 999 });
    expect(await inPython(serializer.dumps(error), '[str(x), x.custom_attribute]')).toEqual(["('hello', 42)", 999]);
  });

  it('a serializer carries exceptions of Python that are no Exception subclasses', async () => {
    expect(await fromPython('GeneratorExit()')).toMatchObject({ pythonType: 'builtins.GeneratorExit', args: [] });
    expect(await inPython(serializer.dumps(new PythonException('builtins.GeneratorExit')), 'type(x) is GeneratorExit')).toBe(
      true,
    );
  });

  it('a serializer carries the exception of a batch in its wrapper', async () => {
    const wrapper = (await fromPython('Pyro5.core._ExceptionWrapper(ZeroDivisionError("divided by zero"))')) as ExceptionWrapper;
    expect(wrapper).toBeInstanceOf(ExceptionWrapper);
    expect(wrapper.exception).toMatchObject({ pythonType: 'builtins.ZeroDivisionError', args: ['divided by zero'] });
    expect(await inPython(serializer.dumps(wrapper), '[type(x).__name__, repr(x.exception)]')).toEqual([
      '_ExceptionWrapper',
      "ZeroDivisionError('divided by zero')",
    ]);
  });

  it('a serializer refuses an object of an unregistered class', async () => {
    await python.run(`
      class Unknown:
        def __init__(self):
          self.name = "hello"
      Unknown.__module__ = "support"
      state.Unknown = Unknown`);
    const data = await written(name, 'state.Unknown()');
    expect(() => serializer.loads(data)).toThrow(new SerializeError('unsupported serialized class: support.Unknown'));
    expect(serializer.loads(data, { plain: true })).toEqual({ __class__: 'support.Unknown', name: 'hello' });
    // an object of an unregistered JavaScript class is written as a dict of its members
    expect(await inPython(serializer.dumps(new MyThingPartlyExposed('hello')), 'x["name"]')).toBe('hello');
  });

  it('a serializer carries objects of registered classes, until they are unregistered', async () => {
    const classes = new ClassRegistry();
    const own = createSerializers({ classes }).get(SERIALIZER_IDS[name])!;
    classes.registerClass(MyThingPartlyExposed, {
      name: 'CUSTOM-Mythingymabob',
      toDict: (thing) => ({ name: thing.name }),
      fromDict: (dict) => new MyThingPartlyExposed(String(dict['name'])),
    });
    await python.run(`
      class Mythingymabob:
        def __init__(self, name):
          self.name = name
      state.Mythingymabob = Mythingymabob
      SerializerBase.register_class_to_dict(Mythingymabob, lambda it: {"__class__": "CUSTOM-Mythingymabob", "name": it.name})
      SerializerBase.register_dict_to_class("CUSTOM-Mythingymabob", lambda name, members: Mythingymabob(members["name"]))`);
    const data = await written(name, 'state.Mythingymabob("test")');
    const thing = own.loads(data);
    expect(thing).toEqual(new MyThingPartlyExposed('test'));
    expect(thing).toBeInstanceOf(MyThingPartlyExposed);
    const mine = own.dumps(thing);
    expect(await inPython(mine, '[type(x) is state.Mythingymabob, x.name]')).toEqual([true, 'test']);

    classes.unregisterClass(MyThingPartlyExposed);
    expect(() => own.loads(data)).toThrow(new SerializeError('unsupported serialized class: CUSTOM-Mythingymabob'));
    expect(await inPython(own.dumps(thing), '"__class__" in x')).toBe(false);
    await python.run(`
      SerializerBase.unregister_class_to_dict(state.Mythingymabob)
      SerializerBase.unregister_dict_to_class("CUSTOM-Mythingymabob")`);
    await expect(inPython(mine, 'x')).rejects.toThrow('unsupported serialized class: CUSTOM-Mythingymabob');
  });

  it('a serializer makes class instances from class dicts at any depth', async () => {
    const dict = { __class__: 'Pyro5.core.URI', state: ['PYRO', '555', null, 'localhost', 80] };
    const uri = new PyroUri('PYRO:555@localhost:80');
    const read = (value: unknown): unknown => serializer.loads(serializer.dumps(value));
    expect(read([1, 2, 3])).toEqual([1, 2, 3]);
    expect(() => read({ __class__: 'invalid' })).toThrow(ProtocolError);
    expect(read(dict)).toEqual(uri);
    expect(read([1, { uri: dict }])).toEqual([1, { uri }]);
    expect(await inPython(serializer.dumps([1, { uri: dict }]), 'x[1]["uri"] == URI("PYRO:555@localhost:80")')).toBe(true);
  });

  it('a serializer carries lists and texts of any character', async () => {
    expect(await fromPython('[42, "hello"]')).toEqual([42, 'hello']);
    expect(await inPython(serializer.dumps([42, 'hello']), 'x')).toEqual([42, 'hello']);
    const text = 'euro\u20aclowbytes\u0000\u0001\u007f\u0080\u00ff';
    expect(await fromPython(`"euro\\u20aclowbytes\\u0000\\u0001\\u007f\\u0080\\u00ff"`)).toBe(text);
    expect(await inPython(serializer.dumps(text), 'x')).toBe(text);
  });

  it('a serializer carries a UUID as its text', async () => {
    expect(await fromPython('uuid.UUID("1897022f-c481-4117-a4cc-cbd1ca100582")')).toBe('1897022f-c481-4117-a4cc-cbd1ca100582');
  });

  it('a serializer carries sets, as lists in serializers without sets', async () => {
    const hasSets = name === 'serpent' || name === 'marshal';
    const members = new Set([111, 222, 333]);
    const read = await fromPython('{111, 222, 333}');
    expect(read instanceof Set).toBe(hasSets);
    expect(new Set(read as Iterable<number>)).toEqual(members);
    expect(await inPython(serializer.dumps(members), '[type(x).__name__, sorted(x)]')).toEqual([
      hasSets ? 'set' : 'list',
      [111, 222, 333],
    ]);
  });

  it('a serializer refuses a value that contains itself', async () => {
    const value: unknown[] = [42, 'hello', new PyroUri('PYRO:dummy@dummy:4444')];
    value.push(value);
    expect(() => serializer.dumps(value)).toThrow(SerializeError);
  });

  it('a serializer carries floats without loss', async () => {
    const texts = ['1482514078.54635912345', '9876543212345.12345678987654321', '11223344.556677889988776655e33'];
    const floats = texts.map(Number);
    expect(await fromPython(`[${texts.join(', ')}]`)).toEqual(floats);
    expect(await inPython(serializer.dumps(floats), `x == [${texts.join(', ')}]`)).toBe(true);
  });

  it('a serializer carries infinities and nan', async () => {
    expect(await fromPython('[float("+inf"), float("-inf"), float("nan")]')).toEqual([Infinity, -Infinity, NaN]);
    expect(await inPython(serializer.dumps([Infinity, -Infinity, NaN]), '[repr(number) for number in x]')).toEqual([
      'inf',
      '-inf',
      'nan',
    ]);
  });
});

describe('serpent alone', () => {
  const serpent = createSerializers().get(SERIALIZER_IDS.serpent)!;

  it('serpent carries a deque as a list', async () => {
    expect(serpent.loads(await written('serpent', 'collections.deque([1, 2, 3, 4])'))).toEqual([1, 2, 3, 4]);
  });
});

describe('msgpack alone', () => {
  const msgpack = createSerializers().get(SERIALIZER_IDS.msgpack)!;

  it('msgpack refuses extension types other than Pyro5’s, naming their code, in values and in calls', async () => {
    const extension = '__import__("msgpack").ExtType(0x40, b"42")';
    const value = await written('msgpack', extension);
    expect(() => msgpack.loads(value)).toThrow(new SerializeError('invalid ext code for msgpack: 64'));
    const call = await writtenCall('msgpack', `"obj-id", "method-name", (${extension},), {}`);
    expect(() => msgpack.loadsCall(call)).toThrow(new SerializeError('invalid ext code for msgpack: 64'));
  });
});

describe('the serializers', () => {
  it('the serializers are exactly those of Pyro5, with its ids', async () => {
    const ids = await python.run<Record<string, number>>('return {name: it.serializer_id for name, it in serializers.items()}');
    expect(SERIALIZER_IDS).toEqual(ids);
    expect([...createSerializers()].map(([id, { name }]) => [name, id])).toEqual(Object.entries(SERIALIZER_IDS));
  });

  it('a serializer writes exceptions as the dict that Python writes', async () => {
    const serpent = createSerializers({ detailedTraceback: false }).get(SERIALIZER_IDS.serpent)!;
    for (const attributes of [{}, { custom_attribute: 999 }]) {
      const dict = await python.run(
        `
        error = ZeroDivisionError("hello", 42)
        vars(error).update(attributes)
        return SerializerBase.class_to_dict(error)`,
        { attributes },
      );
      const error = new PythonException('builtins.ZeroDivisionError', ['hello', 42], attributes);
      expect(serpent.loads(serpent.dumps(error), { plain: true })).toEqual(dict);
    }
  });

  it('a serializer reads a dict as an exception only when it is marked as one', () => {
    const serpent = createSerializers().get(SERIALIZER_IDS.serpent)!;
    const dict = { __class__: 'builtins.ZeroDivisionError', args: ['hello', 42], attributes: { test_attribute: 99 } };
    const read = (value: unknown): unknown => serpent.loads(serpent.dumps(value));
    expect(() => read(dict)).toThrow(new SerializeError('unsupported serialized class: builtins.ZeroDivisionError'));
    const error = read({ ...dict, __exception__: true }) as PyroRemoteError;
    expect(error).toMatchObject({ pythonType: 'builtins.ZeroDivisionError', attributes: { test_attribute: 99 } });
    expect([...error.args]).toEqual(['hello', 42]);
  });
});
