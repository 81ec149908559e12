import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { behavior, type CallErrorInfo, ClassRegistry, expose, params, PyroDaemon, type PyroUri } from '../../../lib/core.js';
import { PythonInterpreter } from '../python-interpreter.js';

/* Python answers arguments that it cannot read with ValueError or TypeError, and the session goes on. */

let python: PythonInterpreter;
beforeAll(async () => {
  python = await PythonInterpreter.start();
});
afterAll(() => python.stop());

let daemon: PyroDaemon;
afterEach(() => daemon.close());

class Sample {}

class Session {
  private calls = 0;
  private stored: unknown = 0;

  @expose
  count(): number {
    return ++this.calls;
  }
  @expose
  @params('value', 'other?')
  read(value: unknown, other: unknown): unknown {
    return other ?? value;
  }
  @expose
  get gain(): unknown {
    return this.stored;
  }
  set gain(value: unknown) {
    this.stored = value;
  }
}
behavior({ instanceMode: 'session' })(Session);

const classes = new ClassRegistry();
classes.registerClass(Sample, {
  name: 'lab.Sample',
  fromDict: () => {
    throw new RangeError('no such sample');
  },
});

const failed: [string, Pick<CallErrorInfo, 'objectId' | 'method' | 'args'>][] = [];

async function serveSession(): Promise<PyroUri> {
  daemon = await PyroDaemon.listen({ host: '127.0.0.1', classes });
  failed.length = 0;
  daemon.on('callFailed', (error, { objectId, method, args }) =>
    failed.push([(error as Error).message, { objectId, method, args }]),
  );
  return daemon.register(Session, 'session');
}

/** Runs expressions over one proxy, whose session must live on: gives the error of each, and the count of the session after it. */
function tellErrors(uri: PyroUri, serializer: string, ...expressions: string[]): Promise<[string, number][]> {
  return python.run(
    `
    config.SERIALIZER = serializer
    told = []
    with Proxy(uri) as p:
      p.count()
      for expression in expressions:
        try:
          result = eval(expression, dict(globals(), p=p))
          told.append([repr(result), p.count()])
        except Exception as x:
          told.append([type(x).__name__ + ": " + str(x), p.count()])
    return told`,
    { uri: String(uri), serializer, expressions },
  );
}

/** Binary formats name the key, too. */
const placePattern = (place: string): RegExp => {
  const [, name = '', rest = ''] = /^(argument \d+(?:\[1\])?|keyword argument other|the new value)(.*)$/.exec(place) ?? [];
  return new RegExp(
    `^ValueError: ${name.replaceAll(/[[\]]/g, String.raw`\$&`)}(\\["__proto__"\\])?${rest} cannot be read: the dict key`,
  );
};

describe.each(['serpent', 'marshal', 'json', 'msgpack'])('arguments that cannot be read, in %s', (serializer) => {
  it('the error of arguments that cannot be read names the argument, and the session lives on', async () => {
    const uri = await serveSession();
    const bad = '{"__proto__": 1}';
    const told = await tellErrors(
      uri,
      serializer,
      `p.read(${bad})`,
      `p.read(1, [2, ${bad}])`,
      `p.read(1, other=${bad})`,
      `p._pyroInvoke("__setattr__", ("gain", ${bad}), {})`,
      `p._pyroInvoke("<batch>", [("count", (), {}), ("read", (1, ${bad}), {})], {}, flags=Pyro5.protocol.FLAGS_BATCH)`,
    );
    const where = [
      'argument 1 of read',
      'argument 2[1] of read',
      'keyword argument other of read',
      'the new value of the attribute',
      'argument 2 of entry 2 of the batch',
    ];
    for (const [index, place] of where.entries()) {
      expect(told[index]).toEqual([expect.stringMatching(placePattern(place)), index + 2]);
      expect(told[index]![0]).not.toMatch(/ at byte /);
    }
    const methods = ['read', 'read', 'read', '__setattr__', '<batch>'];
    expect(failed.map(([, info]) => info)).toEqual(methods.map((method) => ({ objectId: 'session', method, args: [] })));
  });

  it('the error of a converter reaches the client, and the session lives on', async () => {
    const [told] = await tellErrors(await serveSession(), serializer, 'p.read({"__class__": "lab.Sample"})');
    expect(told).toEqual(['ValueError: no such sample', 2]);
  });

  it('a malformed URI or proxy is a ValueError or PyroError, as in Python, and the session lives on', async () => {
    const uri = await serveSession();
    const dict = (type: string, state: string): string => `p.read([{"__class__": "Pyro5.${type}", "state": ${state}}])`;
    const shape = (type: string): string =>
      `argument 1[0] of read cannot be read: the state of a Pyro5.${type} has another shape`;
    expect(
      await tellErrors(
        uri,
        serializer,
        dict('core.URI', '(1, 2)'),
        dict('core.URI', '("PYRO", "x", None, "a b", 1)'),
        dict('client.Proxy', '(1,)'),
        dict('client.Proxy', '("nothing", (), (), (), "hello", None)'),
      ),
    ).toEqual([
      [`ValueError: ${shape('core.URI')}`, 2],
      [expect.stringMatching(/^PyroError: invalid uri/), 3],
      [`ValueError: ${shape('client.Proxy')}`, 4],
      [expect.stringMatching(/^PyroError: invalid uri/), 5],
    ]);
  });

  it('an unknown class is a SerializeError that ends the connection, as in Python', async () => {
    const [told] = await tellErrors(await serveSession(), serializer, 'p.read({"__class__": "lab.Other"})');
    // the second session counts anew
    expect(told).toEqual(['SerializeError: unsupported serialized class: lab.Other', 1]);
    expect(failed).toMatchObject([['unsupported serialized class: lab.Other', { objectId: 'session', method: 'read' }]]);
  });
});

it('a float dict of serpent is a float, or a ValueError, as in Python', async () => {
  const uri = await serveSession();
  const dict = (value: string): string => `p.read({"__class__": "float", "value": ${value}})`;
  expect(await tellErrors(uri, 'serpent', dict('"1.5"'), dict('"-2e3"'), dict('2.5'), dict('"nan"'), dict('"zz"'))).toEqual([
    ['1.5', 2],
    ['-2000', 3],
    ['2.5', 4],
    ['nan', 5],
    ['ValueError: argument 1 of read cannot be read: a float dict is read in serpent alone, with a number as its value', 6],
  ]);
});

it('a key that Python cannot hash is a TypeError, as in Python', async () => {
  const uri = await serveSession();
  expect(await tellErrors(uri, 'serpent', 'p.read({b"k": 1})')).toEqual([
    [expect.stringMatching(/^TypeError: argument 1\S* of read cannot be read: a dict or set cannot be a dict key/), 2],
  ]);
  expect(await tellErrors(uri, 'msgpack', 'p.read([{(1, 2): 1}])')).toEqual([
    [expect.stringMatching(/^TypeError: argument 1\[0\].* of read cannot be read: a dict key is a list/), 2],
  ]);
  expect(await tellErrors(uri, 'marshal', 'p.read(1, [2, [...]])')).toEqual([
    [expect.stringMatching(/^ValueError: argument 2\[1\]\[0\] of read cannot be read: type "\." is not read/), 2],
  ]);
});

it('scalars of NumPy are read as the numbers that they are', async () => {
  const uri = await serveSession();
  // as NumPy 2 defines it: serpent writes subclasses of float and complex by the repr of their parts
  const float64 = 'type("float64", (float,), {"__repr__": lambda self: "np.float64(%s)" % float.__repr__(self)})';
  const complex128 = `type("complex128", (complex,), {"real": property(lambda self: ${float64}(1.0)), "imag": property(lambda self: ${float64}(-2.0))})`;
  const array = 'type("array", (float,), {"__repr__": lambda self: "np.array([1, 2])"})';
  expect(
    await tellErrors(uri, 'serpent', `p.read(${float64}(1.5))`, `p.read([${float64}(-2.5e-7)])`, `p.read(${complex128}(1-2j))`),
  ).toEqual([
    ['1.5', 2],
    ['[-2.5e-07]', 3],
    ['(1-2j)', 4],
  ]);
  expect(await tellErrors(uri, 'serpent', `p.read(1, ${array}(1))`)).toEqual([
    [expect.stringMatching(/^ValueError: argument 2 of read cannot be read: np\.array of NumPy .* \.tolist\(\) of an array$/), 2],
  ]);
  // NumPy registers its scalars as numbers: msgpack has them as texts
  const numbers = await python.run<string[]>(
    `
    import numbers
    config.SERIALIZER = "msgpack"
    results = []
    for text in "1.5", "3e+07", "-3", "(1-2j)", "2j", "nan":
      Number = type("float32", (), {"__str__": lambda self: text})
      numbers.Number.register(Number)
      with Proxy(uri) as p: results.append(repr(p.read(Number())))
    return results`,
    { uri: String(uri) },
  );
  expect(numbers).toEqual(['1.5', '30000000', '-3', '(1-2j)', '2j', 'nan']);
});
