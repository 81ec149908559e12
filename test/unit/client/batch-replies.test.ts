import { afterEach, describe, expect, it } from 'vitest';
import { ProtocolError, PyroProxy, PyroRemoteError, type RemoteObject } from '../../../lib/core.js';
import { FLAGS } from '../../../lib/protocol/constants.js';
import { authorize, reply, ScriptedDaemon } from './scripted-daemon.js';

interface Thing {
  call(): unknown;
}

const FAILED = {
  __class__: 'Pyro5.core._ExceptionWrapper',
  exception: { __class__: 'builtins.ValueError', __exception__: true, args: ['bad'], attributes: {} },
};

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A daemon that answers every batch with the same value, and other calls with 5. */
async function answering(value: unknown): Promise<RemoteObject<Thing>> {
  const daemon = await ScriptedDaemon.listen(async (peer) => {
    await authorize(peer);
    for (;;) {
      const frame = await peer.next();
      const { flags } = frame.header;
      if (!(flags & FLAGS.oneway)) reply(peer, frame, flags & FLAGS.batch ? value : 5);
    }
  });
  const thing = PyroProxy.to<Thing>(daemon.uri);
  cleanups.push(
    () => daemon.close(),
    () => thing.$release(),
  );
  return thing;
}

const two = (batch: { call(): unknown }): unknown => [batch.call(), batch.call()];

describe('the reply to a batch of two calls', () => {
  it.each<[string, unknown[]]>([
    ['no result', []],
    ['one result', [1]],
    ['three results', [1, 2, 3]],
    ['a result after a failed call', [FAILED, 2]],
    ['two failed calls', [FAILED, FAILED]],
    ['a failed third call', [1, 2, FAILED]],
  ])('the reply to a batch of two calls with %s is a ProtocolError, and the connection goes on', async (_, value) => {
    const thing = await answering(value);
    for (const settled of [false, true]) {
      const batch = thing.$batch(two, { settled } as { settled: false });
      await expect(batch).rejects.toThrow(ProtocolError);
      await expect(batch).rejects.toThrow(/the reply to a batch of 2 calls has \d results/);
    }
    expect(await thing.call()).toBe(5);
  });

  it.each([
    ['the first', [FAILED], 0],
    ['the last', [1, FAILED], 1],
  ])('the reply to a batch of two calls may end with the error of %s call', async (_, value, before) => {
    const thing = await answering(value);
    await expect(thing.$batch(two)).rejects.toThrow(PyroRemoteError);
    const settled = await thing.$batch(two, { settled: true });
    expect(settled.map(({ status }) => status)).toEqual([...Array<string>(before).fill('fulfilled'), 'rejected']);
  });

  it('the reply to a batch has all results, and a oneway batch has no reply', async () => {
    const thing = await answering([1, 2]);
    expect(await thing.$batch(two)).toEqual([1, 2]);
    expect(await thing.$batch(two, { oneway: true })).toBeUndefined();
  });
});
