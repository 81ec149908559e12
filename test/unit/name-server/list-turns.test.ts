import { describe, expect, it } from 'vitest';
import type { Call } from '../../../lib/daemon/call/call.js';
import { ListTurns } from '../../../lib/name-server/names/list-turns.js';

const LIMITS = { maxWaitingLists: 4, maxListWaitMs: 60_000 };

/** A call of a client, and the end of its connection. */
function callOf(connection: object): { call: Call; gone: AbortController } {
  const gone = new AbortController();
  return { call: { connection, signal: gone.signal } as unknown as Call, gone };
}

/** Work that begins when its turn comes, and ends when it is told to. */
class Work {
  end: () => void = () => undefined;
  private readonly ended = new Promise<void>((resolve) => (this.end = resolve));

  constructor(
    readonly name: string,
    private readonly order: string[],
  ) {}

  readonly run = async (): Promise<string> => {
    this.order.push(this.name);
    await this.ended;
    return this.name;
  };
}

describe('turns of large lists', () => {
  it('one list is made at a time, and the clients that wait are served in turn, whoever sent more', async () => {
    const turns = new ListTurns(LIMITS);
    const [greedy, modest] = [callOf({}), callOf({})];
    const order: string[] = [];
    const works = ['greedy 1', 'greedy 2', 'greedy 3', 'modest'].map((name) => new Work(name, order));
    const done = works.map((work) => turns.take(work.name === 'modest' ? modest.call : greedy.call, work.run));
    await Promise.resolve();
    expect(order).toEqual(['greedy 1']);
    for (const work of works) work.end();
    expect(await Promise.all(done)).toEqual(works.map(({ name }) => name));
    expect(order).toEqual(['greedy 1', 'greedy 2', 'modest', 'greedy 3']);
  });

  it('the next list begins after work that failed', async () => {
    const turns = new ListTurns(LIMITS);
    const { call } = callOf({});
    const failed = turns.take(call, () => Promise.reject(new Error('no')));
    const next = turns.take(call, () => 'next');
    await expect(failed).rejects.toThrow('no');
    expect(await next).toBe('next');
  });

  it('calls over maxWaitingLists are refused, those of one client over half of it, and both errors name the limit', async () => {
    const turns = new ListTurns(LIMITS);
    const order: string[] = [];
    const first = new Work('first', order);
    const [one, other, third] = [callOf({}), callOf({ address: { name: '192.0.2.1' } }), callOf({})];
    const taken = [turns.take(one.call, first.run), turns.take(one.call, () => 0), turns.take(one.call, () => 0)];
    await expect(turns.take(one.call, () => 0)).rejects.toThrow(
      '2 calls of this connection wait for their large lists, half of the limit: try again later, or list fewer names by a prefix; ' +
        'the name server takes 4 (its option limits.maxWaitingLists)',
    );
    taken.push(
      turns.take(other.call, () => 0),
      turns.take(other.call, () => 0),
    );
    await expect(turns.take(third.call, () => 0)).rejects.toThrow(
      '4 calls wait for their large lists: try again later, or list fewer names by a prefix; the name server takes 4 (its option limits.maxWaitingLists)',
    );
    // work of the name server itself waits however many wait
    taken.push(turns.take(undefined, () => 0));
    first.end();
    await Promise.all(taken);
    expect(await turns.take(third.call, () => 'later')).toBe('later');
  });

  it('a call that waits for longer than maxListWaitMs is refused, naming the limit', async () => {
    const turns = new ListTurns({ ...LIMITS, maxListWaitMs: 1 });
    const first = new Work('first', []);
    const { call } = callOf({});
    const taken = turns.take(call, first.run);
    await expect(turns.take(call, () => 0)).rejects.toThrow(
      '1 ms waited for other large lists: try again later, or list fewer names by a prefix; the name server takes 1 (its option limits.maxListWaitMs)',
    );
    first.end();
    await taken;
  });

  it('a call whose client has gone waits no more, and its list is not made', async () => {
    const turns = new ListTurns(LIMITS);
    const order: string[] = [];
    const [first, left, next] = ['first', 'left', 'next'].map((name) => new Work(name, order)) as [Work, Work, Work];
    const [staying, leaving] = [callOf({}), callOf({})];
    const taken = turns.take(staying.call, first.run);
    const dropped = turns.take(leaving.call, left.run);
    const last = turns.take(staying.call, next.run);
    leaving.gone.abort();
    await expect(dropped).rejects.toThrow('the client has gone away');
    await expect(turns.take(leaving.call, left.run)).rejects.toThrow('the client has gone away');
    first.end();
    next.end();
    await Promise.all([taken, last]);
    expect(order).toEqual(['first', 'next']);
  });
});
