import { describe, expect, it } from 'vitest';
import { currentContext, expose, type PyroDaemon, PyroProxy, PythonException, type SerializerName } from '../../../lib/core.js';
import { SERIALIZER_IDS } from '../../../lib/protocol/constants.js';
import { eventually, startDaemon } from './fixtures.js';

/** The annotations that a method sets, by the name that the test gives it. */
const ANNOTATIONS: Record<string, [unknown, unknown]> = {
  id: ['TRACEID', Buffer.from('x')],
  letters: ['ÄBCD', Buffer.from('x')],
  number: [1234, Buffer.from('x')],
  text: ['ABCD', 'text'],
  nothing: ['ABCD', undefined],
  large: ['HUGE', Buffer.alloc(20_000)],
};

function set(kind: string): void {
  const [id, data] = ANNOTATIONS[kind]!;
  currentContext()!.responseAnnotations.set(id as string, data as Buffer);
}

class Thing {
  value(kind: string): string {
    set(kind);
    return kind;
  }
  fail(kind: string): never {
    set(kind);
    throw new PythonException('builtins.KeyError', ['of the method']);
  }
  unwritable(isHalfPair: boolean): never {
    throw new PythonException('builtins.ValueError', [isHalfPair ? '\ud800' : 'x', () => 1]);
  }
  stream(kind: string): Iterable<number> {
    set(kind);
    return this.items('number');
  }
  *items(kind: string): Generator<number> {
    yield 1;
    set(kind);
    yield 2;
  }
}
expose(Thing);

async function serve(): Promise<{ daemon: PyroDaemon; errors: string[]; failed: unknown[]; uri: string }> {
  const daemon = await startDaemon({ maxMessageBytes: 10_000 });
  const errors: string[] = [];
  const failed: unknown[] = [];
  daemon.on('error', ({ message }) => errors.push(message));
  daemon.on('callFailed', (error) => failed.push(error));
  return { daemon, errors, failed, uri: String(daemon.register(new Thing(), 'thing')) };
}

describe('annotations that a method sets for its reply', () => {
  it.each([
    ['id', 'responseAnnotations.set: the identifier is the text "TRACEID"; it must be four ASCII characters'],
    ['letters', 'responseAnnotations.set: the identifier is the text "ÄBCD"; it must be four ASCII characters'],
    ['number', 'responseAnnotations.set: the identifier is 1234; it must be four ASCII characters'],
    ['text', 'responseAnnotations.set: the data of "ABCD" is the text "text"; it must be a Buffer'],
    ['nothing', 'responseAnnotations.set: the data of "ABCD" is undefined; it must be a Buffer'],
  ])('annotations for the reply are refused where the method sets them: %s', async (kind, text) => {
    const { failed, uri } = await serve();
    await using thing = await PyroProxy.connect<Thing>(uri);
    for (const call of [thing.value(kind), thing.fail(kind)]) {
      await expect(call).rejects.toMatchObject({ pythonType: 'builtins.TypeError', args: [text] });
    }
    expect(failed).toEqual([expect.any(TypeError), expect.any(TypeError)]);
    const items = await thing.items(kind);
    expect(await items.next()).toEqual({ done: false, value: 1 });
    await expect(items.next()).rejects.toMatchObject({ args: [text] });
  });

  it('annotations that are too large for the reply take the place of the result, and are named', async () => {
    const { failed, uri } = await serve();
    await using thing = await PyroProxy.connect<Thing>(uri);
    const text = /^Pyro5\.errors\.PyroError: the annotations of the call cannot be sent: .*maxMessageBytes is 10000/;
    await expect(thing.value('large')).rejects.toThrow(text);
    expect(failed).toEqual([expect.objectContaining({ message: expect.stringMatching(/annotations of the call/) })]);
    expect(thing.$connected).toBe(true);
  });

  it('annotations that are too large for the reply leave the error of the method as it is, and are reported', async () => {
    const { errors, uri } = await serve();
    await using thing = await PyroProxy.connect<Thing>(uri);
    await expect(thing.fail('large')).rejects.toMatchObject({ pythonType: 'builtins.KeyError', args: ['of the method'] });
    await eventually(() => errors.length === 1);
    expect(errors[0]).toMatch(/^the annotations of the call cannot be sent/);
  });
});

it.each(Object.keys(SERIALIZER_IDS) as SerializerName[])(
  'an exception that cannot be written is replaced by one that says why, with its stack, in %s',
  async (serializer) => {
    const { uri } = await serve();
    await using thing = await PyroProxy.connect<Thing>(uri, { serializer });
    for (const isHalfPair of [false, true]) {
      const failure = await thing.unwritable(isHalfPair).catch((error: unknown) => error);
      expect(failure).toMatchObject({ pythonType: 'Pyro5.errors.PyroError' });
      expect((failure as Error).message).toMatch(/Error serializing exception: .*Original exception: builtins\.ValueError/);
      expect((failure as { remoteTraceback: string[] }).remoteTraceback.join('')).toContain('unwritable');
    }
  },
);

it('a stream whose id cannot be sent is closed, and the call fails', async () => {
  const { daemon, failed, uri } = await serve();
  await using thing = await PyroProxy.connect<Thing>(uri);
  const text = /message too large \(\d+ bytes, maxMessageBytes is 10000\)/;
  for (let n = 1; n <= 3; n++) {
    await expect(thing.stream('large')).rejects.toThrow(text);
    await eventually(() => failed.length === n);
  }
  await eventually(() => daemon.inspect().limits.find(({ name }) => name === 'maxStreams')!.used === 0);
  expect(await thing.value('number').catch((error: Error) => error.message)).toContain('responseAnnotations.set');
});
