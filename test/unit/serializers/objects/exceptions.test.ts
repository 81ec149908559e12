import { describe, expect, it } from 'vitest';
import { PyroError, SerializeError } from '../../../../lib/protocol/errors.js';
import { PythonException } from '../../../../lib/protocol/python-exception.js';
import { ExceptionWrapper } from '../../../../lib/serializers/objects/class-dicts.js';
import { PyroRemoteError } from '../../../../lib/serializers/objects/exceptions.js';
import { SERIALIZER_IDS } from '../../../../lib/protocol/constants.js';
import type { SerializerName } from '../../../../lib/serializers/contract/serializer.js';
import { createSerializers } from '../../../../lib/serializers/serializers.js';

const NAMES = Object.keys(SERIALIZER_IDS) as SerializerName[];

interface ExceptionDict {
  __class__: string;
  __exception__: boolean;
  args: unknown[];
  attributes: Record<string, unknown> & { _pyroTraceback?: string[] };
}

/** The exception as a batch sends it, which replaces an exception that cannot be written. */
function sent(error: unknown, detailedTraceback = false, name: SerializerName = 'serpent'): ExceptionDict {
  const serializer = createSerializers({ detailedTraceback }).get(SERIALIZER_IDS[name])!;
  const wrapper = serializer.loads(serializer.dumps(new ExceptionWrapper(error)), { plain: true });
  return (wrapper as { exception: ExceptionDict }).exception;
}

describe('an Error that is sent', () => {
  it('an Error is sent with its code and no other own member', () => {
    const error = Object.assign(new Error('query failed'), { code: 'E_QUERY', query: 'select', config: { password: 'x' } });
    expect(sent(error)).toEqual({
      __class__: 'builtins.RuntimeError',
      __exception__: true,
      args: ['query failed'],
      attributes: { code: 'E_QUERY' },
    });
    expect(sent(Object.assign(new Error('x'), { code: { toString: 1 } })).attributes).toEqual({});
  });

  it('an Error is sent as an OSError only with a known code, errno and syscall', () => {
    expect(sent(Object.assign(new Error('x'), { code: 'ENOENT' })).__class__).toBe('builtins.RuntimeError');
    expect(sent(Object.assign(new Error('x'), { code: 'toString', errno: 1, syscall: 'y' })).__class__).toBe(
      'builtins.RuntimeError',
    );
  });

  it('an Error has no traceback unless detailedTraceback asks for it, nor has a forwarded one', () => {
    expect(sent(new Error('x')).attributes).toEqual({});
    expect(sent(new PyroRemoteError('builtins.KeyError', [], { _pyroTraceback: undefined }, ['far away\n'])).attributes).toEqual(
      {},
    );
    expect(sent(new Error('x'), true).attributes._pyroTraceback![0]).toBe('Error: x\n');
  });

  it('the traceback of a translated error holds the stack of the thrown error once', () => {
    const thrown = new Error('thrown', { cause: new Error('the reason') });
    const translated = new PythonException('builtins.ValueError', ['thrown'], {}, { cause: thrown });
    translated.stack = thrown.stack!;
    const lines = sent(translated, true).attributes._pyroTraceback!;
    expect(lines.filter((line) => line === 'Error: thrown\n')).toHaveLength(1);
    expect(lines.slice(lines.indexOf('caused by:\n'), lines.indexOf('caused by:\n') + 2)).toEqual([
      'caused by:\n',
      'Error: the reason\n',
    ]);
  });

  it('the traceback of an Error holds those of its causes, however they are linked', () => {
    const inner = new Error('inner');
    const outer = new Error('outer', { cause: inner });
    inner.cause = outer;
    const lines = sent(outer, true).attributes._pyroTraceback!;
    expect(lines.filter((line) => line === 'Error: outer\n')).toHaveLength(1);
    expect(lines.filter((line) => line === 'Error: inner\n')).toHaveLength(1);
    let chain = new Error('0');
    for (let i = 1; i < 5_000; i++) chain = new Error(String(i), { cause: chain });
    expect(sent(chain, true).attributes._pyroTraceback!.length).toBeLessThanOrEqual(200);
    const long = Object.assign(new Error('long'), { stack: 'x'.repeat(10_000_000) });
    expect(sent(long, true).attributes._pyroTraceback!.join('').length).toBeLessThan(40_000);
  });

  const hostile: [string, () => unknown][] = [
    ...['message', 'name', 'stack', 'code', 'cause', 'errors', 'errno'].map((member): [string, () => unknown] => [
      `getter of ${member}`,
      () =>
        Object.defineProperty(new Error('x'), member, {
          get() {
            throw new Error('mine');
          },
        }),
    ]),
    ['message that is an object', () => Object.defineProperty(new Error('x'), 'message', { value: { toString: 1 } })],
    ['name that is an object', () => Object.defineProperty(new Error('x'), 'name', { value: Object.create(null) as object })],
    ['stack that is a number', () => Object.assign(new Error('x'), { stack: 5 })],
    ['argument that cannot be sent', () => new PythonException('builtins.ValueError', [() => 1])],
    ['attribute that cannot be sent', () => new PythonException('builtins.ValueError', [], { a: Symbol('x') })],
    [
      'attribute that contains itself',
      () => {
        const loop: unknown[] = [];
        loop.push(loop);
        return new PythonException('builtins.ValueError', [], { loop });
      },
    ],
    ['lone surrogate in its message', () => new Error('\ud800')],
  ];
  describe.each(NAMES)('in %s', (name) => {
    it.each(hostile)('an Error is sent whatever its %s does', (_, make) => {
      for (const detailed of [false, true]) {
        const dict = sent(make(), detailed, name);
        expect(dict.__exception__).toBe(true);
        expect(['builtins.RuntimeError', 'Pyro5.errors.PyroError', 'builtins.ValueError']).toContain(dict.__class__);
        expect(dict.args).toHaveLength(1);
      }
    });
  });

  it('an Error that cannot be sent says why, and what it was', () => {
    const [text] = sent(new PythonException('builtins.ValueError', [() => 1])).args as string[];
    expect(text).toMatch(/Error serializing exception: .*function.*Original exception: builtins\.ValueError/);
  });
});

describe.each(NAMES)('an Error that is a value, in %s', (name) => {
  const serializer = createSerializers({ detailedTraceback: false }).get(SERIALIZER_IDS[name])!;

  it('an Error that is a value is refused when a part of it cannot be written, and the part is named', () => {
    const error = new PythonException('builtins.ValueError', ['x', () => 1]);
    expect(() => serializer.dumps(error)).toThrow('value.args[1]: a function cannot be written');
    expect(() => serializer.dumps([new PythonException('a.B', [], { reason: [Symbol('x')] })])).toThrow(
      'value[0].attributes.reason[0]: a symbol cannot be written',
    );
  });
});

it('the message of a PythonException shows the objects in its args, and has a limit for each', () => {
  const args = [{ shelf: 7 }, new Map([['B7', [1, 2]]]), new Set([1]), 'chair', 2, Object.create(null), new Error('x')];
  expect(new PythonException('builtins.KeyError', args).message).toBe(
    '{"shelf": 7}, {"B7": [1, 2]}, [1], chair, 2, [object], Error: x',
  );
  const many = Array.from({ length: 100_000 }, () => ({ text: 'x'.repeat(1_000) }));
  expect(new PythonException('a.B', [many, 'x'.repeat(10_000)]).message.length).toBeLessThan(4_000);
  const hostile = {
    get member(): never {
      throw new Error('mine');
    },
  };
  expect(new PythonException('a.B', [hostile]).message).toBe('[object Object]');
});

describe('PyroRemoteError', () => {
  it('a PyroRemoteError shows its args, whatever they are', () => {
    const args = ['k', { toString: 1 }, [1, null], 2n ** 70n];
    expect(new PyroRemoteError('builtins.KeyError', args).message).toBe(
      `builtins.KeyError: k, {"toString": 1}, [1, null], ${2n ** 70n}`,
    );
    expect(new PyroRemoteError('a.B', [Array.from({ length: 1e6 }, () => ({ a: 'x' }))]).message.length).toBeLessThan(1_000);
    const error = new PyroRemoteError('builtins.StopIteration');
    expect(error.message).toBe('builtins.StopIteration');
    expect(error).toBeInstanceOf(PyroError);
    expect(error.code).toBe('REMOTE');
    expect(String(new PyroRemoteError('a.B', ['x'], {}, ['  File "x.py", line 1\n']).stack)).toContain('x.py');
  });
});

describe('the message of a PyroRemoteError', () => {
  it('the message of a PyroRemoteError is short and made at once, however large its args are', () => {
    let reads = 0;
    const items = Array.from({ length: 200_000 }, (_, i) => ({ [`key ${i}`]: 'x'.repeat(500) }));
    const many = new Proxy(items, {
      get(target, key) {
        reads++;
        return Reflect.get(target, key) as unknown;
      },
      ownKeys() {
        throw new Error('all keys are read');
      },
    });
    expect(new PyroRemoteError('builtins.ValueError', many).message.length).toBeLessThan(2_000);
    const nested = new PyroRemoteError('builtins.ValueError', [many, new Map([[1, many]]), Buffer.alloc(9)]).message;
    expect(nested.length).toBeLessThan(2_000);
    expect(nested).toMatch(/, <9 bytes>$/);
    expect(reads).toBeGreaterThan(0);
    expect(reads).toBeLessThan(5_000);
  });
});

describe('options of the serializers', () => {
  it('invalid options of the serializers are refused', () => {
    expect(() => createSerializers({}, ['pickle' as SerializerName])).toThrow(/unknown serializer "pickle"/);
    expect(() => createSerializers({}, ['toString' as SerializerName])).toThrow(SerializeError);
    expect(() => createSerializers({ maxDepth: 0 })).toThrow(/maxDepth/);
    expect([...createSerializers({}, ['json', 'msgpack']).keys()]).toEqual([3, 4]);
    expect([...createSerializers().keys()]).toEqual([1, 2, 3, 4]);
  });
});
