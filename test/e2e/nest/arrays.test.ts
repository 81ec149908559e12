import { ClassSerializerInterceptor, UseInterceptors, UsePipes, ValidationPipe } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { Exclude } from 'class-transformer';
import { describe, expect, it } from 'vitest';
import {
  NdArray,
  PyroClass,
  PyroController,
  type PyroDaemon,
  PyroMethod,
  PyroProperty,
  PyroProxy,
  type PyroRemoteError,
} from '../../../lib/index.js';
import { serve } from './fixtures.js';

@PyroClass('arrays.Point', { fields: { x: 'float' } })
class Point {
  x!: number;
}

class Shown {
  seen = 1;
  @Exclude() hidden = 2;
}

@PyroController({ objectId: 'arrays', instanceMode: 'single' })
class Arrays {
  private last: unknown;

  @PyroMethod() kind(value: NdArray): string {
    return value instanceof NdArray ? `${value.dtype} ${value.shape.join('x')}` : typeof value;
  }
  @PyroMethod() untyped(value: unknown): string {
    return Array.isArray(value) ? 'list' : typeof value;
  }
  @PyroMethod() floats(values: Float64Array, scale = 1): unknown {
    return [values?.constructor.name, values && [...values].map((value) => value * scale)];
  }
  @PyroMethod() bytes(values: Uint8Array): unknown {
    return [values.constructor.name, [...values]];
  }
  @PyroMethod() @UsePipes(new ValidationPipe({ transform: true, whitelist: true })) validated(value: NdArray): string {
    return this.kind(value);
  }
  @PyroMethod() @UseInterceptors(new ClassSerializerInterceptor(new Reflector())) serialized(): NdArray {
    return NdArray.from(new Int8Array([1, 2]));
  }
  @PyroMethod() @UseInterceptors(new ClassSerializerInterceptor(new Reflector())) inside(): unknown {
    const list: unknown[] = [NdArray.from(new Int8Array([1])), { point: Object.assign(new Point(), { x: 1 }) }];
    return { list, floats: Float64Array.of(1.5), bytes: Buffer.from('a'), shown: new Shown() };
  }
  @PyroMethod() @UseInterceptors(new ClassSerializerInterceptor(new Reflector())) *insideItems(): Generator<unknown> {
    yield { frame: NdArray.from(new Int8Array([1, 2])) };
  }
  @PyroProperty() get frame(): NdArray {
    return this.last as NdArray;
  }
  set frame(value: NdArray) {
    this.last = value;
  }
}

interface Remote {
  kind(value: unknown): string;
  untyped(value: unknown): string;
  floats(values: unknown, scale?: number): unknown;
  bytes(values: unknown): unknown;
  validated(value: unknown): string;
  serialized(): NdArray;
  inside(): { list: [NdArray, { point: unknown }]; floats: unknown; bytes: unknown; shown: unknown };
  insideItems(): AsyncIterable<{ frame: NdArray }>;
  frame: unknown;
}

describe('a parameter', () => {
  const connect = async (options: object = {}) => {
    const { server } = await serve({ providers: [Arrays] }, options);
    return PyroProxy.connect<Remote>(server.unwrap<PyroDaemon>().uriFor('arrays'));
  };

  it('a parameter of type NdArray gets an NdArray for a list, nested or not, and for what comes as an array', async () => {
    await using proxy = await connect();
    expect(
      await proxy.kind([
        [1, 2],
        [3, 4],
      ]),
    ).toBe('float64 2x2');
    expect(await proxy.kind([true])).toBe('bool 1');
    expect(await proxy.kind(NdArray.from(new Uint8Array(6), { shape: [2, 3] }))).toBe('uint8 2x3');
    expect(await proxy.kind([NdArray.from(new Int8Array(3)), NdArray.from(new Int8Array(3))])).toBe('int8 2x3');
    expect(await proxy.kind(null)).toBe('object');
    expect(await proxy.untyped([1])).toBe('list');
  });

  it('a parameter of the type of a typed array gets a typed array, made of lists and of arrays of other dtypes', async () => {
    await using proxy = await connect();
    expect(
      await proxy.floats(
        [
          [1, 2],
          [3, 4],
        ],
        2,
      ),
    ).toEqual(['Float64Array', [2, 4, 6, 8]]);
    expect(await proxy.floats(NdArray.from(new Float64Array([1, 2])))).toEqual(['Float64Array', [1, 2]]);
    expect(await proxy.floats(NdArray.from(new Int16Array([1, 2, 3, 4]), { shape: [2, 2], order: 'F' }))).toEqual([
      'Float64Array',
      [1, 3, 2, 4],
    ]);
    expect(await proxy.floats(null)).toEqual([null, null]);
    expect(await proxy.bytes([1, 2])).toEqual(['Uint8Array', [1, 2]]);
    expect(await proxy.bytes(Buffer.from([1, 2]))).toEqual(['Buffer', [1, 2]]);
  });

  it('an argument that is no array is a TypeError that names the parameter', async () => {
    await using proxy = await connect();
    const refused = async (call: Promise<unknown>) => (await call.catch((error: unknown) => error)) as PyroRemoteError;
    expect(await refused(proxy.kind([[1], [1, 2]]))).toMatchObject({ pythonType: 'builtins.TypeError' });
    expect((await refused(proxy.kind([[1], [1, 2]]))).message).toContain('value: nested lists of different lengths');
    expect((await refused(proxy.bytes([256]))).message).toContain('values: 256 cannot be an element of dtype uint8');
    expect((await refused(proxy.bytes(NdArray.from([0.5])))).message).toContain('0.5 cannot be an element of dtype uint8');
  });

  it('an argument of another kind than an array or a list is a TypeError, not an argument of the method', async () => {
    await using proxy = await connect();
    const refused = async (call: Promise<unknown>) => (await call.catch((error: unknown) => error)) as PyroRemoteError;
    for (const value of ['text', 5, true, { a: 1 }, Buffer.from('12345678')]) {
      for (const call of [() => proxy.kind(value), () => proxy.floats(value)]) {
        const error = await refused(call());
        expect(error).toMatchObject({ pythonType: 'builtins.TypeError' });
        expect(error.message).toMatch(
          /^builtins.TypeError: values? is .*; it must be an array of NumPy, or a list of numbers: \w+Array$/,
        );
      }
    }
    expect((await refused(proxy.bytes('x'))).message).toContain('values is "x"; it must be');
  });

  it('an array that takes too much memory in the type of a parameter is a ValueError that names maxValueBytes', async () => {
    await using proxy = await connect({ maxValueBytes: 1_000_000 });
    const refused = async (value: unknown, method: 'kind' | 'floats') =>
      (await (proxy[method](value) as Promise<unknown>).catch((error: unknown) => error)) as PyroRemoteError;
    for (const [value, method] of [
      [NdArray.from(new Uint8Array(200_000)), 'floats'],
      [['x'.repeat(10_000), ...Array.from({ length: 1_000 }, () => '')], 'kind'],
    ] as const) {
      const error = await refused(value, method);
      expect(error).toMatchObject({ pythonType: 'builtins.ValueError' });
      expect(error.message).toMatch(/: values?: the value takes \d+ bytes of memory or more \(maxValueBytes is 1000000\)/);
    }
    const [error] = [await refused(NdArray.from(new Uint8Array(500_000), { dtype: 'S1' }), 'floats')];
    expect(error.message).toContain('values: an array of dtype S1 has no numbers for Float64Array');
    expect(await proxy.floats(NdArray.from(new Uint8Array(3)))).toEqual(['Float64Array', [0, 0, 0]]);
  });

  it('a parameter whose type is an array gets an array of a faithful server, too', async () => {
    await using proxy = await connect({ values: 'faithful' });
    expect(await proxy.kind(NdArray.from([[1, 2]]))).toBe('float64 1x2');
    expect(await proxy.kind([[1, 2]])).toBe('float64 1x2');
    expect(await proxy.floats(NdArray.from(new Int8Array([1, 2])), 2)).toEqual(['Float64Array', [2, 4]]);
    expect(await proxy.untyped(NdArray.from([1]))).toBe('object');
  });

  it('an NdArray passes Nest’s ValidationPipe as an argument, and Nest’s serializer as a result', async () => {
    await using proxy = await connect();
    expect(await proxy.validated([[1]])).toBe('float64 1x1');
    expect(await proxy.validated(NdArray.from(new Int8Array(3)))).toBe('int8 3');
    expect((await proxy.serialized()).toNested()).toEqual([1, 2]);
  });

  it('Nest’s serializer leaves arrays, bytes and instances of registered classes in lists and objects as they are', async () => {
    await using proxy = await connect();
    const { list, floats, bytes, shown } = await proxy.inside();
    expect([list[0].dtype, list[1].point, floats, bytes]).toEqual([
      'int8',
      Object.assign(new Point(), { x: 1 }),
      [1.5],
      Buffer.from('a'),
    ]);
    expect(list[1].point).toBeInstanceOf(Point);
    expect(shown).toEqual({ seen: 1 });
    for await (const { frame } of await proxy.insideItems()) expect(frame.toNested()).toEqual([1, 2]);
  });

  it('an attribute of type NdArray is set to an NdArray', async () => {
    await using proxy = await connect();
    await proxy.$set('frame', [[1, 2]]);
    expect(((await proxy.$get('frame')) as NdArray).toNested()).toEqual([[1, 2]]);
    await expect(proxy.$set('frame', 'x')).rejects.toThrow('frame is "x"; it must be an array of NumPy');
  });

  it('an NdArray is written in the encoding that the server has as an option', async () => {
    await using proxy = await connect({ arrays: { write: 'list' } });
    expect(await proxy.serialized()).toEqual([1, 2]);
  });
});

it('a server refuses an unknown encoding of arrays', async () => {
  await expect(serve({ providers: [Arrays] }, { arrays: { write: 'pickle' } } as never)).rejects.toThrow(
    'arrays.write is the text "pickle"; it must be bytes, npy, msgpack-numpy or list',
  );
});
