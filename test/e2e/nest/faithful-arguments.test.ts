import { describe, expect, it } from 'vitest';
import {
  NdArray,
  PyroClass,
  PyroController,
  type PyroDaemon,
  PyroMethod,
  PyroProxy,
  type PyroRemoteError,
} from '../../../lib/index.js';
import { serve } from './fixtures.js';

@PyroClass('faithful.Spot', { fields: { x: 'float', y: 'float', 'more?': 'any' } })
class Spot {
  x!: number;
  y!: number;
  more?: unknown;
}

enum Half {
  None = 0,
  Some = 0.5,
}

const TYPES = { f: 'float', td: 'timedelta', i: 'int', half: Half, spots: [Spot] } as const;

@PyroController('faithful')
class Typed {
  @PyroMethod({ types: TYPES }) numbers(f: number, td: number, i: number, half: Half, spots: Spot[]): unknown {
    return [f, td, i, half, spots.map((spot) => [spot instanceof Spot, spot.x, spot.y, spot.more])];
  }
  @PyroMethod() spot(spot: Spot): boolean {
    return spot instanceof Spot;
  }
  @PyroMethod() stack(frames: NdArray): string {
    return `${frames.dtype} ${frames.shape.join('x')}`;
  }
  @PyroMethod() floats(values: Float64Array): number[] {
    return [...values];
  }
  @PyroMethod({ types: { value: 'any' } }) untyped(value: unknown): string {
    return (value as object).constructor.name;
  }
}

interface Remote {
  numbers(...values: unknown[]): unknown;
  spot(spot: unknown): boolean;
  stack(frames: unknown): string;
  floats(values: unknown): number[];
  untyped(value: unknown): string;
}

describe.each(['serpent', 'marshal', 'json', 'msgpack'] as const)('typed arguments in %s', (serializer) => {
  it.each(['natural', 'faithful'] as const)(
    'the type of a parameter reads numbers, dicts and lists of arrays with values: %s',
    async (values) => {
      const { server } = await serve({ providers: [Typed] }, { values });
      await using proxy = await PyroProxy.connect<Remote>(server.unwrap<PyroDaemon>().uriFor('faithful'), { serializer });
      const spots = [
        { x: 1, y: 2.5 },
        { x: 1, y: 2, more: [{ a: 0.5 }] },
      ];
      expect(await proxy.numbers(1.5, 1.5, -0, 0.5, spots)).toEqual([
        1.5,
        1.5,
        expect.closeTo(0),
        0.5,
        [
          [true, 1, 2.5, null],
          [true, 1, 2, [{ a: 0.5 }]],
        ],
      ]);
      expect(await proxy.spot({ x: 1, y: 2 })).toBe(true);
      const frames = [NdArray.from(new Int16Array(2)), NdArray.from(new Int16Array(2))];
      expect(await proxy.stack(frames)).toBe('int16 2x2');
      expect(await proxy.floats(frames)).toEqual([0, 0, 0, 0]);
      expect(await proxy.untyped(1.5)).toBe(values === 'natural' ? 'Number' : 'PyFloat');
      const days = NdArray.from(['2020-01-01'], { dtype: 'datetime64[D]' });
      for (const times of [days, [days], NdArray.from([5n], { dtype: 'timedelta64[s]' })]) {
        const error = (await Promise.resolve(proxy.floats(times)).catch((failure: unknown) => failure)) as PyroRemoteError;
        expect(error).toMatchObject({ pythonType: 'builtins.TypeError' });
        expect(error.message).toMatch(
          /values: an array of dtype \w+64\[\w\] has no numbers for Float64Array, but times; send array\.astype/,
        );
      }
    },
  );
});
