import { beforeEach, expect, it } from 'vitest';
import { StartOrder } from '../../../../lib/nest/server/start-order.js';

let order: StartOrder;
let steps: string[];
/** Ends the work that waits, the first one first. */
let waiting: (() => void)[];

beforeEach(() => {
  order = new StartOrder();
  steps = [];
  waiting = [];
});

async function work(name: string): Promise<void> {
  steps.push(name);
  await new Promise<void>((resolve) => waiting.push(resolve));
  steps.push(`${name} done`);
}

const start = (name = 'start'): Promise<string> =>
  order
    .start(() => work(name))
    .then(
      () => 'started',
      (error: Error) => error.message,
    );
const end = (name = 'end'): Promise<void> => order.end(() => work(name));

/** Lets all promises settle. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Ends the next work. */
async function release(): Promise<void> {
  await settle();
  waiting.shift()!();
}

it('starts join a start, and ends join an end', async () => {
  const starts = [start(), start()];
  await release();
  expect(await Promise.all([...starts, start()])).toEqual(['started', 'started', 'started']);
  const ends = [end(), end()];
  await release();
  await Promise.all(ends);
  expect(steps).toEqual(['start', 'start done', 'end', 'end done']);
});

it('a start waits for the end before it', async () => {
  const ending = end();
  const starting = start();
  await release();
  await ending;
  await release();
  expect(await starting).toBe('started');
  expect(steps).toEqual(['end', 'end done', 'start', 'start done']);
});

it('an end waits for the start that runs, which fails', async () => {
  const starting = start();
  await settle();
  const ending = end();
  await release();
  expect(await starting).toBe('the server was closed while it started');
  await release();
  await ending;
  expect(steps).toEqual(['start', 'start done', 'end', 'end done']);
});

it('an end gives up a start that waits, and runs after the end before it', async () => {
  const first = end('first');
  const starting = start();
  const second = end('second');
  await release();
  await first;
  expect(await starting).toBe('the server was closed while it started');
  await release();
  await second;
  expect(steps).toEqual(['first', 'first done', 'second', 'second done']);
});

it('the last of many starts and ends at once decides', async () => {
  const requests = [start('first'), end(), start('second'), end(), start('last')];
  for (let index = 0; index < 3; index++) await release();
  expect(await Promise.all(requests)).toEqual([
    'the server was closed while it started',
    undefined,
    'the server was closed while it started',
    undefined,
    'started',
  ]);
  expect(steps).toEqual(['end', 'end done', 'end', 'end done', 'last', 'last done']);
});

it('a start may be asked for again when it has failed', async () => {
  await expect(order.start(() => Promise.reject(new Error('in use')))).rejects.toThrow('in use');
  const again = start();
  await release();
  expect(await again).toBe('started');
});
