import { describe, expect, it } from 'vitest';
import { ClassRegistry, registerClass, registerEnum, SERIALIZER_IDS } from '../../../lib/core.js';
import type { SerializerName } from '../../../lib/serializers/contract/serializer.js';
import { createSerializers } from '../../../lib/serializers/serializers.js';
import { followFailures } from '../../failing-callbacks.js';

const NAMES = Object.keys(SERIALIZER_IDS) as SerializerName[];
const failures = followFailures();

class Sample {
  size = 1;
}

/** Converters that give a promise without being async functions. */
const later = (settle: () => unknown) => (() => new Promise((resolve) => resolve(settle()))) as never;
const failed = (): never => {
  throw new Error('no such sample');
};

describe.each(NAMES)('converters, in %s', (name) => {
  const serializerOf = (toDict: unknown, fromDict: unknown) => {
    const classes = new ClassRegistry();
    registerClass(Sample, { name: 'conv.Sample', toDict: toDict as never, fromDict: fromDict as never }, classes);
    return createSerializers({ classes }).get(SERIALIZER_IDS[name])!;
  };

  it('converters that are methods of an object are called with it', () => {
    class Converter {
      name = 'conv.Sample';
      get scale(): number {
        return 2;
      }
      toDict({ size }: Sample): Record<string, unknown> {
        return { size: this.scale * size };
      }
      fromDict({ size }: Record<string, unknown>): Sample {
        return Object.assign(new Sample(), { size: Number(size) / this.scale });
      }
    }
    const classes = new ClassRegistry();
    registerClass(Sample, new Converter(), classes);
    const serializer = createSerializers({ classes }).get(SERIALIZER_IDS[name])!;
    const written = serializer.dumps([Object.assign(new Sample(), { size: 5 })]);
    expect(serializer.loads(written)).toEqual([Object.assign(new Sample(), { size: 5 })]);
    expect(serializer.loads(written, { plain: true })).toEqual([{ __class__: 'conv.Sample', size: 10 }]);
  });

  it.each([
    ['a promise', later(() => ({}))],
    ['a promise that fails', later(failed)],
  ])('fromDict that gives %s is refused, and the process goes on', async (_what, fromDict) => {
    const serializer = serializerOf(() => ({}), fromDict);
    const written = serializer.dumps([{ __class__: 'conv.Sample', size: 1 }]);
    expect(() => serializer.loads(written)).toThrow('fromDict of conv.Sample gives a promise');
    await new Promise(setImmediate);
    expect(failures.ended).toEqual([]);
  });

  it.each([
    ['a promise', later(() => ({}))],
    ['a promise', later(failed)],
    ['null', () => null],
    ['undefined', () => undefined],
    ['x', () => 'x'],
    ['[1]', () => [1]],
    ['{1: 2}', () => new Map([[1, 2]])],
  ])('toDict that gives %s is refused, and the process goes on', async (found, toDict) => {
    const serializer = serializerOf(toDict, undefined);
    for (const value of [new Sample(), [new Sample()]])
      expect(() => serializer.dumps(value)).toThrow(`toDict of conv.Sample gives ${found}`);
    await new Promise(setImmediate);
    expect(failures.ended).toEqual([]);
  });
});

it('registerClass refuses async converters', () => {
  const name = 'conv.Async';
  const text = /registerClass: (to|from)Dict is an async function; it must be a function that gives its result at once/;
  for (const registry of [undefined, new ClassRegistry()]) {
    expect(() => registerClass(Sample, { name, fromDict: (async () => 1) as never }, registry)).toThrow(text);
    expect(() => registerClass(Sample, { name, toDict: (async () => ({})) as never }, registry)).toThrow(text);
  }
  expect(() => new ClassRegistry().registerClass(Sample, { name, fromDict: async () => 1 })).toThrow(text);
});

it('the values of an enum are looked up once, however many items a list has', () => {
  let looks = 0;
  const colours = new Proxy({ Red: 'r', Blue: 'b' } as Record<string, string>, {
    ownKeys: (target) => {
      looks++;
      return Reflect.ownKeys(target);
    },
  });
  const classes = new ClassRegistry();
  class Path {
    colours!: string[];
  }
  registerClass(Path, { name: 'conv.Path', fields: { colours: [colours] } }, classes);
  registerEnum(colours, 'conv.Colour', classes);
  const before = looks;
  const serializer = createSerializers({ classes }).get(SERIALIZER_IDS.json)!;
  const members = Array.from({ length: 1_000 }, () => ({ __class__: 'conv.Colour', value: 'b' }));
  const plain = Array.from({ length: 1_000 }, () => 'r');
  const read = (value: unknown): unknown => serializer.loads(Buffer.from(JSON.stringify(value)));
  expect(read({ __class__: 'conv.Path', colours: plain })).toEqual({ colours: plain });
  expect(read(members)).toEqual(members.map(() => 'b'));
  expect(looks - before).toBe(1);
  expect(() => read({ __class__: 'conv.Path', colours: ['r', 'x'] })).toThrow(
    'an item of colours of conv.Path is "x"; it must be one of r, b',
  );
  expect(() => read(['r', { __class__: 'conv.Colour', value: 'x' }])).toThrow('x is no value of conv.Colour: r, b');
});

it('a class that is registered again under another name is found by this name alone', () => {
  class Point {
    x!: number;
  }
  class Line {
    at!: Point;
  }
  const serializer = createSerializers({}).get(SERIALIZER_IDS.json)!;
  const read = (): unknown => serializer.loads(Buffer.from('{"__class__": "conv.Line", "at": {"x": 1}}'));
  registerClass(Point, { name: 'conv.Point', fields: ['x'] });
  registerClass(Line, { name: 'conv.Line', fields: { at: 'conv.Point' } });
  expect((read() as Line).at).toBeInstanceOf(Point);
  registerClass(Point, { name: 'conv.Renamed', fields: ['x'] });
  expect(read).toThrow('conv.Point is no registered class');
});
