import { setTimeout as sleep } from 'node:timers/promises';
import { PyroController, PyroMethod, PyroProperty } from 'nestjs-pyro';
import { type Example, SERVING } from '../example.js';

const NUMBERS = [1, 2, 3, 4, 5, 6, 7, 8, 9];

/** Iterators and generators travel item by item, arrays as a whole. */
@PyroController({ objectId: 'example.streamer', naming: 'snake_case' })
class Streamer {
  @PyroMethod()
  list(): number[] {
    return NUMBERS;
  }

  @PyroMethod()
  iterator(): IterableIterator<number> {
    return NUMBERS.values();
  }

  @PyroMethod()
  *generator(): Generator<number> {
    yield* NUMBERS;
  }

  @PyroMethod()
  async *slowGenerator(): AsyncGenerator<number> {
    for (const number of NUMBERS) {
      await sleep(500);
      yield number;
    }
  }

  @PyroMethod()
  *fibonacci(): Generator<bigint> {
    for (let [a, b] = [0n, 1n]; ; [a, b] = [b, a + b]) yield a;
  }

  @PyroProperty()
  get propIter(): IterableIterator<number> {
    return [...NUMBERS, 10].values();
  }

  @PyroProperty()
  get propGenerator(): Generator<number> {
    return upTo(10);
  }
}

function* upTo(end: number): Generator<number> {
  for (let number = 0; number < end; number++) yield number;
}

export default {
  async serve(stage) {
    const server = await stage.nest({ providers: [Streamer] });
    return server.unwrap().uriFor('example.streamer');
  },
  original: [{ file: 'server.py', ready: SERVING }],
  scripts: [{ file: 'client.py', input: (uri) => `${uri}\n` }],
} satisfies Example;
