import { expect, it } from 'vitest';
import type { Call } from '../../../lib/daemon/call/call.js';
import { WatchRoom } from '../../../lib/name-server/watches/watch-room.js';
import { limitOf } from '../../../lib/protocol/over-limit.js';

const callOf = (connection: object): Call => ({ connection }) as unknown as Call;

function errorOf(work: () => unknown): Error {
  try {
    work();
  } catch (error) {
    return error as Error;
  }
  return expect.unreachable('nothing was refused');
}

it('one address may have half of the watches and of their memory, over all of its connections', () => {
  const room = new WatchRoom({ maxWatches: 4, maxWatchBytes: 1_000 });
  const address = { name: '10.0.0.5' };
  const [one, other, local] = [callOf({ address }), callOf({ address }), callOf({})];
  const first = room.open(one);
  const second = room.open(other);
  expect(errorOf(() => room.open(one))).toMatchObject({
    code: 'NAMING',
    message:
      'too many watches: 2 of 10.0.0.5 are open, half of the limit; the name server takes 4 (its option limits.maxWatches)',
  });
  first.take(300);
  const refused = errorOf(() => second.take(201));
  expect(refused.message).toBe(
    'the watches of 10.0.0.5 hold the names of too many registrations; the name server takes half of 1000 bytes ' +
      '(its option limits.maxWatchBytes): watch fewer names by a prefix, or raise the limit',
  );
  expect(limitOf(refused)).toBe('maxWatchBytes');
  // a client without limits per address, by its connection
  const third = room.open(local);
  third.take(500);
  room.open(local);
  expect(errorOf(() => room.open(callOf({}))).message).toContain('too many watches: 4 are open;');
  first.close();
  second.take(500);
  expect(errorOf(() => room.open(undefined).take(1)).message).toContain('all watches hold');
  second.close();
  room.open(one).take(500);
});
