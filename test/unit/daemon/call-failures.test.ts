import { beforeEach, describe, expect, it } from 'vitest';
import {
  type CallErrorInfo,
  expose,
  FLAGS,
  type PyroDaemon,
  type PyroDaemonOptions,
  PythonException,
} from '../../../lib/core.js';
import type { ScriptedPeer } from '../../../lib/testing/index.js';
import { pyTuple } from '../../../lib/serpent/index.js';
import { eventually, join, startDaemon } from './fixtures.js';

/** Ends the call of `late`. */
let endLate: () => void;

class Thing {
  @expose
  echo(value: unknown): unknown {
    return value;
  }
  @expose
  fail(_reason: string, _code: number): never {
    throw new RangeError('failed');
  }
  @expose
  unwritable(): unknown {
    return [() => undefined];
  }
  @expose
  large(): string {
    return 'x'.repeat(20_000);
  }
  @expose
  get broken(): unknown {
    return Symbol('broken');
  }
  @expose
  *items(): Generator<unknown> {
    yield 1;
    yield 2;
  }
  @expose
  *badItems(): Generator<unknown> {
    yield () => undefined;
    yield 'x'.repeat(20_000);
    throw new RangeError('no more');
  }
  @expose
  stop(): never {
    throw new PythonException('builtins.StopIteration');
  }
  @expose
  async late(): Promise<never> {
    await new Promise<void>((resolve) => (endLate = resolve));
    throw new RangeError('failed in the end');
  }
}

interface Told extends Omit<CallErrorInfo, 'connection' | 'correlationId'> {
  message: string;
}

const failed: Told[] = [];
const untold: Told[] = [];
beforeEach(() => {
  failed.length = untold.length = 0;
});

async function serve(options: PyroDaemonOptions = {}): Promise<{ daemon: PyroDaemon; peer: ScriptedPeer }> {
  const daemon = await startDaemon(options);
  daemon.register(new Thing(), 'thing');
  const note = (list: Told[]) => {
    return (error: unknown, { objectId, method, args, kwargs, stream }: CallErrorInfo): void =>
      void list.push({ message: (error as Error).message, objectId, method, args, kwargs, ...(stream && { stream }) });
  };
  daemon.on('callFailed', note(failed));
  daemon.on('callError', note(untold));
  return { daemon, peer: await join(daemon) };
}

describe('callFailed', () => {
  it('callFailed tells the arguments of the call', async () => {
    const { peer } = await serve();
    peer.invoke('thing', 'fail', ['why'], { code: 5 });
    await peer.next();
    peer.invoke('thing', 'fail', ['why'], { _code: 5 });
    await peer.next();
    expect(failed).toEqual([
      expect.objectContaining({ method: 'fail', args: ['why'], kwargs: { code: 5 } }),
      { message: 'failed', objectId: 'thing', method: 'fail', args: ['why'], kwargs: { _code: 5 } },
    ]);
  });

  it('callFailed tells of the entry of a batch that failed, with its arguments', async () => {
    const { peer } = await serve();
    const entries = [pyTuple('echo', pyTuple(1), {}), pyTuple('fail', pyTuple('why', 2), {}), pyTuple('echo', pyTuple(3), {})];
    peer.invoke('thing', '<batch>', entries, {}, { flags: FLAGS.batch });
    await peer.next();
    expect(failed).toEqual([{ message: 'failed', objectId: 'thing', method: 'fail', args: ['why', 2], kwargs: {} }]);
  });

  it('callFailed tells of results that cannot be written or are too large: of methods, attributes and batches', async () => {
    const { peer } = await serve({ maxMessageBytes: 10_000 });
    await peer.fail('thing', 'unwritable');
    await peer.fail('thing', 'large');
    await peer.fail('thing', '__getattr__', 'broken');
    peer.invoke('thing', '<batch>', [pyTuple('large', pyTuple(), {})], {}, { flags: FLAGS.batch });
    await peer.next();
    expect(failed.map(({ objectId, method }) => `${objectId}.${method}`)).toEqual([
      'thing.unwritable',
      'thing.large',
      'thing.__getattr__',
      'thing.large',
    ]);
    expect(failed[0]!.message).toContain('result cannot be sent with serpent');
    expect(failed[1]!.message).toContain('maxMessageBytes (10000)');
    expect(untold).toEqual([]);
  });

  it('callFailed tells of items that cannot be written, are too large or fail, with the stream, but not of the end of a stream', async () => {
    const { peer } = await serve({ maxMessageBytes: 10_000 });
    for (const method of ['items', 'badItems']) {
      peer.invoke('thing', method);
      const id = (await peer.next()).annotations.get('STRM')!.toString();
      for (let i = 0; i < 3; i++) {
        peer.invoke('Pyro.Daemon', 'get_next_stream_item', [id]);
        await peer.next();
      }
      if (method === 'items') expect(failed).toEqual([]);
    }
    expect(failed.map(({ message }) => message)).toEqual([
      expect.stringContaining('a function cannot be written'),
      expect.stringContaining('maxMessageBytes (10000)'),
      'no more',
    ]);
    const stream = { objectId: 'thing', method: 'badItems' };
    for (const info of failed) expect(info).toMatchObject({ objectId: 'Pyro.Daemon', method: 'get_next_stream_item', stream });
    // a method that throws the same exception fails
    expect((await peer.fail('thing', 'stop')).pythonType).toBe('builtins.StopIteration');
    expect(failed.at(-1)).toMatchObject({ objectId: 'thing', method: 'stop' });
  });

  it('callFailed tells of calls that cannot be read, also of oneway ones', async () => {
    const { peer } = await serve();
    peer.send({ data: Buffer.from("('thing','echo',({[]:1},),{})") });
    await peer.next();
    peer.send({ data: Buffer.from("('thing','echo',({[]:1},),{})"), flags: FLAGS.oneway });
    peer.send({ data: Buffer.from('}{') });
    await peer.next();
    expect(failed.map(({ objectId, method, args }) => [objectId, method, args])).toEqual([
      ['thing', 'echo', []],
      ['thing', 'echo', []],
      ['<unknown>', '<unknown>', []],
    ]);
    expect(untold).toHaveLength(1);
  });

  it('callFailed tells once of a call over callTimeoutMs; callError tells how its method ended', async () => {
    const { peer } = await serve({ callTimeoutMs: 20 });
    expect((await peer.fail('thing', 'late')).pythonType).toBe('builtins.TimeoutError');
    expect(failed).toMatchObject([{ method: 'late', message: 'late took longer than callTimeoutMs (20 ms)' }]);
    endLate();
    await eventually(() => untold.length === 1);
    expect(untold[0]).toMatchObject({ method: 'late', message: 'failed in the end' });
    expect(failed).toHaveLength(1);
  });

  it('callFailed tells of a stream that is refused because this daemon does not stream', async () => {
    const { peer } = await serve({ streaming: false });
    peer.invoke('thing', 'items');
    await peer.next();
    expect(failed).toMatchObject([{ method: 'items', message: expect.stringContaining('does not stream') as string }]);
  });
});
