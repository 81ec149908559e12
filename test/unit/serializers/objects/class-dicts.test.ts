import { describe, expect, it, vi } from 'vitest';
import { SecurityError, SerializeError } from '../../../../lib/protocol/errors.js';
import { ProxyReference } from '../../../../lib/protocol/proxy-reference.js';
import { PyroUri } from '../../../../lib/protocol/uri.js';
import { pyTuple } from '../../../../lib/serpent/index.js';
import { ExceptionWrapper } from '../../../../lib/serializers/objects/class-dicts.js';
import { ClassRegistry } from '../../../../lib/serializers/contract/class-registry.js';
import { proxyToDict } from '../../../../lib/serializers/objects/pyro-objects.js';
import { PyroRemoteError } from '../../../../lib/serializers/objects/exceptions.js';
import { SERIALIZER_IDS } from '../../../../lib/protocol/constants.js';
import type { ReadContext, SerializerName, ValueMode } from '../../../../lib/serializers/contract/serializer.js';
import { ValueBudget } from '../../../../lib/serializers/contract/value-budget.js';
import type { ConversionError } from '../../../../lib/serializers/contract/unreadable-error.js';
import { createSerializers } from '../../../../lib/serializers/serializers.js';

class Sample {
  constructor(
    readonly id: number,
    readonly parts: unknown,
  ) {}
}

const classes = new ClassRegistry();
classes.registerClass(Sample, {
  name: 'lab.Sample',
  toDict: ({ id, parts }) => ({ id, parts }),
  fromDict: ({ id, parts }) => new Sample(Number(id), parts),
});

const NAMES = Object.keys(SERIALIZER_IDS) as SerializerName[];
const MODES: ValueMode[] = ['natural', 'faithful'];

describe.each(NAMES.flatMap((name) => MODES.map((values) => ({ name, values }))))('class dicts in $name, $values', (kind) => {
  const serializer = createSerializers({ values: kind.values, classes }).get(SERIALIZER_IDS[kind.name])!;
  const read = (value: unknown, context?: ReadContext) => serializer.loads(serializer.dumps(value), context);
  const uriState = ['PYRO', 'obj', null, 'localhost', 4444];

  it('class dicts become URIs, wrappers and exceptions, and are written as class dicts again', () => {
    const uri = new PyroUri('PYRO:obj@localhost:4444');
    expect(read(uri)).toEqual(uri);
    expect(read(new PyroUri('PYROMETA:a,b'))).toEqual(new PyroUri('PYROMETA:a,b'));
    const error = read(new PyroRemoteError('builtins.KeyError', ['k'], { extra: 'e' }, ['line\n'])) as PyroRemoteError;
    expect(error).toBeInstanceOf(PyroRemoteError);
    expect(error).toMatchObject({ pythonType: 'builtins.KeyError', attributes: { extra: 'e' }, remoteTraceback: ['line\n'] });
    expect([...error.args]).toEqual(['k']);
    const wrapper = read([new ExceptionWrapper(error)]) as [ExceptionWrapper];
    expect(wrapper[0].exception).toMatchObject({ pythonType: 'builtins.KeyError' });
  });

  it('the class dict of a proxy becomes what decodeProxy returns, and is refused without it', () => {
    const proxy = { __class__: 'Pyro5.client.Proxy', state: ['PYRO:o@h:1', [], [], [], 'hello', null] };
    const decodeProxy = (state: readonly unknown[]) => `proxy of ${String(state[0])}`;
    expect(read([proxy], { decodeProxy })).toEqual(['proxy of PYRO:o@h:1']);
    expect(() => read([proxy])).toThrow(SerializeError);
  });

  it('class dicts become objects of registered classes, inner dicts first', () => {
    const sample = read(new Sample(1, [new Sample(2, null), new PyroUri('PYRONAME:n')])) as Sample;
    expect(sample).toBeInstanceOf(Sample);
    expect(sample.id).toBe(1);
    expect((sample.parts as unknown[])[0]).toEqual(new Sample(2, null));
    expect((sample.parts as unknown[])[1]).toEqual(new PyroUri('PYRONAME:n'));
  });

  it('class dicts in the args of an exception are converted when their class is known', () => {
    const inner = { __class__: 'lab.Other', x: 1 };
    const error = read({
      __class__: 'builtins.ValueError',
      __exception__: true,
      args: [{ __class__: 'Pyro5.core.URI', state: uriState }, [inner]],
      attributes: { sample: { __class__: 'lab.Sample', id: 3, parts: null } },
    }) as PyroRemoteError;
    expect(error.args[0]).toEqual(new PyroUri('PYRO:obj@localhost:4444'));
    const kept = (error.args[1] as unknown[])[0];
    expect(kept instanceof Map ? Object.fromEntries(kept as Map<string, unknown>) : kept).toEqual(inner);
    expect(error.attributes['sample']).toEqual(new Sample(3, null));
  });

  it('class dicts of unknown classes are refused', () => {
    expect(() => read({ __class__: 'lab.Unknown' })).toThrow(/unsupported serialized class: lab\.Unknown/);
    expect(() => read([{ a: { __class__: 'builtins.ValueError', args: [] } }])).toThrow(SerializeError);
  });

  it('class names with a double underscore are refused as unsafe', () => {
    expect(() => read({ __class__: 'os.__import__' })).toThrow(SecurityError);
    expect(() => read({ __class__: '__main__.Door', args: [] })).toThrow(SecurityError);
    expect(() => read({ __class__: 'Pyro5.errors.__init__', args: [] })).toThrow(SecurityError);
  });

  it('an exception of a script becomes a PyroRemoteError', () => {
    const error = read({ __class__: '__main__.DoorError', __exception__: true, args: ['stuck', 3], attributes: { door: 'b' } });
    expect(error).toBeInstanceOf(PyroRemoteError);
    expect(error).toMatchObject({ pythonType: '__main__.DoorError', attributes: { door: 'b' } });
    expect([...(error as PyroRemoteError).args]).toEqual(['stuck', 3]);
  });

  it('the converter of a class of a script is asked first, also for an exception', () => {
    class DoorError extends Error {}
    const doors = new ClassRegistry();
    doors.registerClass(DoorError, {
      name: '__main__.DoorError',
      fromDict: ({ args }) => new DoorError(String((args as unknown[])[0])),
    });
    const reader = createSerializers({ values: kind.values, classes: doors }).get(SERIALIZER_IDS[kind.name])!;
    const dict = { __class__: '__main__.DoorError', __exception__: true, args: ['stuck'] };
    expect(reader.loads(serializer.dumps([dict]))).toEqual([new DoorError('stuck')]);
  });

  const malformed: Record<string, unknown> = {
    'a URI without a state': { __class__: 'Pyro5.core.URI' },
    'a URI whose state is text': { __class__: 'Pyro5.core.URI', state: 'PYRO:o@h:1' },
    'a URI whose state is too short': { __class__: 'Pyro5.core.URI', state: [] },
    'a URI of numbers': { __class__: 'Pyro5.core.URI', state: [1, 2, 3, 4, 5] },
    'a URI that is none': { __class__: 'Pyro5.core.URI', state: ['HTTP', 'o', null, 'h', 1] },
    'a proxy whose state is a dict': { __class__: 'Pyro5.client.Proxy', state: {} },
    'a wrapper without an exception': { __class__: 'Pyro5.core._ExceptionWrapper' },
    'an exception without args': { __class__: 'builtins.ValueError', __exception__: true },
    'an exception whose args are text': { __class__: 'builtins.ValueError', __exception__: true, args: 'abc' },
    'an exception whose attributes are a list': { __class__: 'Pyro5.errors.PyroError', args: [], attributes: [1] },
    'an exception whose attributes are text': { __class__: 'struct.error', args: [], attributes: 'x' },
    'a class that is a number': { __class__: 5 },
    'a class that is None': { __class__: null },
    'a class that is a list': { __class__: ['lab.Sample'] },
    'a class that is a dict': { __class__: {} },
  };
  it.each(Object.keys(malformed))('a malformed class dict is refused: %s', (what) => {
    expect(() => read([malformed[what]], { decodeProxy: () => null })).toThrow(SerializeError);
  });

  it('a class dict whose converter throws is refused, with the cause', () => {
    const failing = new ClassRegistry();
    const cause = new TypeError('no such sample');
    failing.registerClass(Sample, {
      name: 'lab.Sample',
      fromDict: () => {
        throw cause;
      },
    });
    const reader = createSerializers({ values: kind.values, classes: failing }).get(SERIALIZER_IDS[kind.name])!;
    expect(() => reader.loads(serializer.dumps(new Sample(1, 2)))).toThrow(
      expect.objectContaining({ name: 'SerializeError', message: 'no such sample', cause }),
    );
  });

  it('class dicts stay dicts when a plain value is asked for', () => {
    const plain = read([new PyroUri('PYRONAME:n'), new Sample(1, 2), new Error('x')], { plain: true }) as unknown[];
    const names = plain.map((item) => (item instanceof Map ? item.get('__class__') : (item as { __class__: string }).__class__));
    expect(names).toEqual(['Pyro5.core.URI', 'lab.Sample', 'builtins.RuntimeError']);
  });
});

describe('a class name that is bytes', () => {
  it.each(['marshal', 'msgpack'] as const)('a class name that is bytes counts as text in %s', (name) => {
    const serializer = createSerializers({ classes }).get(SERIALIZER_IDS[name])!;
    const data = serializer.dumps({ __class__: Buffer.from('lab.Sample'), id: 1, parts: null });
    expect(serializer.loads(data)).toEqual(new Sample(1, null));
    expect(() => serializer.loads(serializer.dumps({ __class__: Buffer.from([0xff]) }))).toThrow(SerializeError);
  });
});

describe('values that marshal references share', () => {
  const marshal = createSerializers({ classes }).get(SERIALIZER_IDS.marshal)!;
  const reference = (index: number) => Buffer.from([0x72, index, 0, 0, 0]);

  it('a class dict that marshal references share is converted once', () => {
    const dict = marshal.dumps({ __class__: 'lab.Sample', id: 1, parts: [] });
    dict[0]! |= 0x80;
    const list = Buffer.concat([Buffer.from([0x5b, 3, 0, 0, 0]), dict, reference(0), reference(0)]);
    const read = marshal.loads(list) as Sample[];
    expect(read[0]).toBeInstanceOf(Sample);
    expect(read[1]).toBe(read[0]);
    expect(read[2]).toBe(read[0]);
  });

  it('a value that marshal references share is walked once', () => {
    // 16 levels of 2 references each, twice: a walk without sharing would visit 130,000 values
    const levels = [Buffer.from([0x5b, 18, 0, 0, 0]), marshal.dumps({ __class__: 'lab.Sample', id: 1, parts: null })];
    levels.push(Buffer.from([0xdb, 1, 0, 0, 0, 0x4e]));
    for (let i = 0; i < 16; i++) levels.push(Buffer.from([0xdb, 2, 0, 0, 0]), reference(i), reference(i));
    const visits = vi.spyOn(Array, 'isArray');
    try {
      marshal.loads(Buffer.concat(levels));
      expect(visits.mock.calls.length).toBeGreaterThan(18);
      expect(visits.mock.calls.length).toBeLessThan(1_000);
    } finally {
      visits.mockRestore();
    }
  });
});

describe('texts that many class dicts may share', () => {
  const serializer = createSerializers({ classes }).get(SERIALIZER_IDS.marshal)!;
  const budgetOf = (value: unknown): number => {
    const budget = new ValueBudget(2 ** 40);
    serializer.loads(serializer.dumps(value), { budget, decodeProxy: () => undefined });
    return budget.spentBytes;
  };
  const long = 'x'.repeat(10_000);

  it('texts that many class dicts may share are spent: those of the state of a URI and of a proxy, and the arguments of an exception', () => {
    const uri = (object: string): object => ({ __class__: 'Pyro5.core.URI', state: ['PYRO', object, null, 'h', 1] });
    const proxy = (text: string): object => ({
      __class__: 'Pyro5.client.Proxy',
      state: [`PYRO:${text}@h:1`, [], [], [], '', null],
    });
    for (const of of [uri, proxy]) expect(budgetOf(of(long)) - budgetOf(of('x'))).toBeGreaterThan(1.9 * long.length);
    const failure = (count: number): object => ({
      __class__: 'builtins.ValueError',
      __exception__: true,
      args: Array.from({ length: count }, () => null),
    });
    expect(budgetOf(failure(1_001)) - budgetOf(failure(1))).toBeGreaterThan(15_000);
  });

  it.each([long, Buffer.from(long)])(
    'a class whose name is long is refused, and its dict inside another dict stays a dict',
    (name) => {
      expect(() => serializer.loads(serializer.dumps({ __class__: name }))).toThrow(
        'the name of a class has 10000 characters, over 1000',
      );
      const outer = { __class__: 'lab.Sample', id: 1, parts: { __class__: name, a: 1 } };
      expect(serializer.loads(serializer.dumps(outer))).toEqual(new Sample(1, { __class__: name, a: 1 } as never));
    },
  );
});

describe('parts that class dicts of marshal share', () => {
  const COUNT = 50;
  const SHARED_BYTES = 20_000;
  const int32 = (value: number): Buffer => Buffer.from(Int32Array.of(value).buffer);
  const text = (value: string): Buffer => Buffer.concat([Buffer.from('u'), int32(value.length), Buffer.from(value)]);
  const list = (items: readonly Buffer[]): Buffer => Buffer.concat([Buffer.from('['), int32(items.length), ...items]);
  const dict = (members: readonly Buffer[]): Buffer => Buffer.concat([Buffer.from('{'), ...members, Buffer.from('0')]);
  const NONE = Buffer.from('N');
  const SHARED = Buffer.concat([Buffer.from('r'), int32(0)]);
  const longText = text('x'.repeat(SHARED_BYTES));
  const names = list(Array.from({ length: SHARED_BYTES / 40 }, (_, index) => text(`name${index}`)));
  const manyMembers = dict(Array.from({ length: SHARED_BYTES / 40 }, (_, index) => [text(`name${index}`), NONE]).flat());
  const classDict = (name: string, ...members: Buffer[]): Buffer => dict([text('__class__'), text(name), ...members]);
  const failure = (...members: Buffer[]): Buffer =>
    classDict('builtins.ValueError', text('__exception__'), Buffer.from('T'), ...members);
  const noArgs = [text('args'), list([])];
  const uri = (...state: Buffer[]): Buffer => classDict('Pyro5.core.URI', text('state'), list(state));

  const DICTS: Record<string, [shared: Buffer, dict: Buffer]> = {
    'the args of exceptions': [
      list(Array.from({ length: 10 }, () => text('x'.repeat(SHARED_BYTES / 10)))),
      failure(text('args'), SHARED),
    ],
    'the attributes of exceptions': [manyMembers, failure(...noArgs, text('attributes'), SHARED)],
    'the traceback of exceptions': [
      list([longText]),
      failure(...noArgs, text('attributes'), dict([text('_pyroTraceback'), SHARED])),
    ],
    'the object of URIs': [longText, uri(text('PYRO'), SHARED, NONE, text('h'), text('1'))],
    'the tags of URIs': [names, uri(text('PYROMETA'), SHARED, NONE, NONE, NONE)],
    'the names of proxies': [
      names,
      classDict('Pyro5.client.Proxy', text('state'), list([text('PYRO:x@h:1'), SHARED, SHARED, SHARED, text('hello'), NONE])),
    ],
    'the members of registered classes': [names, classDict('lab.Sample', text('id'), text('1'), text('parts'), SHARED)],
  };

  it.each(Object.entries(DICTS))('%s are counted for each dict that shares them', (_, [shared, each]) => {
    const flagged = Buffer.from(shared);
    flagged[0]! |= 0x80;
    const data = list([flagged, ...Array.from({ length: COUNT }, () => each)]);
    for (const values of MODES) {
      const budget = new ValueBudget(2 ** 40);
      createSerializers({ classes, values })
        .get(SERIALIZER_IDS.marshal)!
        .loads(data, { budget, decodeProxy: () => undefined });
      expect(budget.spentBytes).toBeGreaterThan(0.8 * COUNT * SHARED_BYTES);
    }
  });
});

describe('the class registry', () => {
  it('the class registry refuses names that are empty or taken', () => {
    const registry = new ClassRegistry();
    expect(() => registry.registerClass(Sample, { name: '' })).toThrow(SerializeError);
    registry.registerClass(Sample, { name: 'lab.Sample' });
    expect(() => registry.registerClass(Date, { name: 'lab.Sample' })).toThrow(/registered for another class/);
    registry.unregisterClass(Sample);
    registry.registerClass(Date, { name: 'lab.Sample' });
    expect(registry.converterOf(new Date())).toMatchObject({ name: 'lab.Sample' });
    expect(registry.converterOf(new Sample(1, 2))).toBeUndefined();
  });

  it('the class registry finds the nearest class of an object, whatever its constructor property says', () => {
    class Special extends Sample {}
    const registry = new ClassRegistry();
    registry.registerClass(Sample, { name: 'lab.Sample' });
    expect(registry.converterOf(new Special(1, 2))).toMatchObject({ name: 'lab.Sample' });
    registry.registerClass(Special, { name: 'lab.Special' });
    expect(registry.converterOf(new Special(1, 2))).toMatchObject({ name: 'lab.Special' });
    expect(registry.converterOf(Object.create({ constructor: Sample }) as object)).toBeUndefined();
  });

  it('the class registry sends objects of a class without toDict by the default rule', () => {
    const registry = new ClassRegistry();
    registry.registerClass(Sample, { name: 'lab.Sample', fromDict: () => null });
    const serializer = createSerializers({ classes: registry }).get(SERIALIZER_IDS.serpent)!;
    expect(serializer.loads(serializer.dumps(new Sample(1, pyTuple())))).toEqual({ id: 1, parts: [] });
  });
});

describe('proxies with many member names', () => {
  const names = Array.from({ length: 150_000 }, (_, index) => `m${index}`);

  it.each(NAMES)('%s: a proxy with more names than fit on the stack of V8 is read and written', (name) => {
    const serializer = createSerializers().get(SERIALIZER_IDS[name])!;
    const reference = new ProxyReference(new PyroUri('PYRO:o@h:1'), new Set(), new Set(names));
    const decodeProxy = (state: readonly unknown[]) => ProxyReference.fromState(state);
    const read = serializer.loads(serializer.dumps([proxyToDict(reference)]), { decodeProxy }) as [ProxyReference];
    expect(read[0].methods.size).toBe(names.length);
  });

  it('the tags of URIs and the names of proxies are spent, as often as dicts of marshal share them', () => {
    const serializer = createSerializers().get(SERIALIZER_IDS.marshal)!;
    const spentFor = (tags: number): number => {
      const budget = new ValueBudget(2 ** 30);
      const text = Array.from({ length: tags }, (_, index) => String(tags - index)).join(',');
      serializer.loads(serializer.dumps({ __class__: 'Pyro5.core.URI', state: ['PYROMETA', text, null, null, null] }), {
        budget,
      });
      return budget.spentBytes;
    };
    expect(spentFor(1_000) - spentFor(10)).toBeGreaterThan(990 * 200);
  });
});

describe('errors of converters', () => {
  class Failure extends Error {}
  const registry = new ClassRegistry();
  registry.registerClass(Failure, {
    name: 'lab.Failure',
    fromDict: ({ args }) => {
      if ((args as unknown[])[0] === 'freeze') throw Object.freeze(new TypeError('frozen by the application')) as Error;
      if ((args as unknown[])[0] === 'refuse') throw new TypeError('refused by the application');
      return new Failure('made by the application');
    },
  });
  const marshal = createSerializers({ classes: registry }).get(SERIALIZER_IDS.marshal)!;
  const failures = (count: number, ...args: unknown[]): unknown[] =>
    Array.from({ length: count }, () => ({ __class__: 'lab.Failure', args, attributes: {} }));
  const read = (value: unknown): Failure[] => marshal.loads(marshal.dumps(value)) as Failure[];

  it('the first errors that a converter makes have a stack, and further ones cost none', () => {
    const stacks = read(failures(300)).map(({ stack }) => stack!);
    expect(stacks.filter((stack) => stack.includes('class-dicts.test'))).toHaveLength(100);
    expect(stacks.at(-1)).toBe('Error: made by the application');
    expect(read(failures(1))[0]!.stack).toContain('class-dicts.test');
  });

  it.each([0, 300])('an error that a converter throws after %d errors that it made has a stack', (count) => {
    const limit = Error.stackTraceLimit;
    const thrown = (): unknown => {
      try {
        return read([...failures(count), ...failures(1, 'refuse')]);
      } catch (error) {
        return (error as ConversionError).cause;
      }
    };
    const error = thrown() as Error;
    expect(error.message).toBe('refused by the application');
    expect(error.stack).toMatch(/^TypeError: refused by the application\n +at .*\n +at /);
    expect(Error.stackTraceLimit).toBe(limit);
  });

  it.each([0, 300])('a frozen error that a converter throws after %d errors stays as it is', (count) => {
    expect(() => read([...failures(count), ...failures(1, 'freeze')])).toThrow('frozen by the application');
  });
});
