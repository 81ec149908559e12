import { afterEach, expect, it } from 'vitest';
import { ClassRegistry, ProtocolError, PyroProxy, type RemoteObject } from '../../../lib/core.js';
import { FLAGS, MESSAGE_TYPES } from '../../../lib/protocol/constants.js';
import { authorize, reply, ScriptedDaemon } from './scripted-daemon.js';

interface Thing {
  call(): unknown;
}

class DoorError extends Error {}

const ATTRIBUTES = { _pyroTraceback: ['Traceback (most recent call last):\n', 5, 'lab.DoorError: stuck\n'] };
const DICT = { __class__: 'lab.DoorError', __exception__: true, args: ['stuck'], attributes: ATTRIBUTES };
const WRAPPER = { __class__: 'Pyro5.core._ExceptionWrapper', exception: DICT };

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A daemon on which every call fails by a DoorError, of which `fromDict` makes something. */
async function failing(fromDict: () => unknown): Promise<{ thing: RemoteObject<Thing>; types: number[] }> {
  const types: number[] = [];
  const daemon = await ScriptedDaemon.listen(async (peer) => {
    await authorize(peer);
    for (;;) {
      const frame = await peer.next();
      const { flags, type } = frame.header;
      types.push(type);
      if (type === MESSAGE_TYPES.ping) reply(peer, frame, 'pong', { type });
      else if (flags & FLAGS.batch) reply(peer, frame, [WRAPPER]);
      else reply(peer, frame, DICT, { flags: FLAGS.correlationId | FLAGS.exception });
    }
  });
  const classes = new ClassRegistry();
  classes.registerClass(DoorError, { name: 'lab.DoorError', fromDict });
  const thing = PyroProxy.to<Thing>(daemon.uri, { classes });
  cleanups.push(
    () => daemon.close(),
    () => thing.$release(),
  );
  return { thing, types };
}

const thrownBy = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => undefined,
    (error: unknown) => error,
  );

it('a failed call throws the error that fromDict made, with the caller and the remote traceback in its stack', async () => {
  const { thing } = await failing(() => new DoorError('stuck'));
  for (const call of [thing.call(), thing.$batch((batch) => batch.call())]) {
    const error = (await thrownBy(call)) as Error;
    expect(error).toBeInstanceOf(DoorError);
    expect(error.stack).toContain('converted-failures.test.ts');
    expect(error.stack).toMatch(/\nRemote traceback:\nTraceback \(most recent call last\):\nlab\.DoorError: stuck\n$/);
  }
});

it('an error that fromDict gives again and again has the traceback once, and a frozen error stays as it is', async () => {
  const shared = new DoorError('stuck');
  const { thing } = await failing(() => shared);
  for (let call = 0; call < 2; call++) {
    expect(await thrownBy(thing.call())).toBe(shared);
    expect(shared.stack!.split('Remote traceback').length).toBe(2);
  }
  const frozen = Object.freeze(new DoorError('stuck'));
  const { thing: other } = await failing(() => frozen);
  expect(await thrownBy(other.call())).toBe(frozen);
  expect(await thrownBy(other.$batch((batch) => batch.call()))).toBe(frozen);
});

it.each([[{ door: 5 }], ['stuck'], [undefined], [new Map()]])(
  'a failed call of which fromDict makes %o is a ProtocolError that names the remedy',
  async (made) => {
    const { thing } = await failing(() => made);
    for (const call of [thing.call(), thing.$batch((batch) => batch.call())]) {
      const error = await thrownBy(call);
      expect(error).toBeInstanceOf(ProtocolError);
      expect((error as Error).message).toContain('the fromDict of registerClass must give an Error');
    }
  },
);

it('a daemon is asked once whether it keeps the connection after such an error, as after other errors', async () => {
  const { thing, types } = await failing(() => new DoorError('stuck'));
  for (let call = 0; call < 5; call++) await thrownBy(thing.call());
  expect(types.filter((type) => type === MESSAGE_TYPES.ping)).toHaveLength(1);
  expect(types.filter((type) => type === MESSAGE_TYPES.invoke)).toHaveLength(5);
});
