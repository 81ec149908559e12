import { afterEach, expect, it } from 'vitest';
import { NameRegistrar } from '../../../lib/naming/registrar/name-registrar.js';
import { FLAGS, MESSAGE_TYPES } from '../../../lib/protocol/constants.js';
import { loads } from '../../../lib/serpent/index.js';
import { authorize, reply, ScriptedDaemon } from '../client/scripted-daemon.js';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/**
 * A name server that refuses the calls in `refusals`, written `METHOD NAME`.
 *
 * @param lost the calls that it serves, and whose connection breaks before the answer
 */
async function strictNameServer(
  refusals: Set<string>,
  lost = new Set<string>(),
): Promise<{ names: Map<string, string>; port: number }> {
  const names = new Map<string, string>();
  const daemon = await ScriptedDaemon.listen(async (peer) => {
    await authorize(peer, ['register', 'lookup', 'remove']);
    for (;;) {
      const frame = await peer.next();
      if (frame.header.type === MESSAGE_TYPES.ping) {
        reply(peer, frame, 'pong', { type: MESSAGE_TYPES.ping });
        continue;
      }
      const [, method, [name, uri]] = loads(frame.data) as [string, string, [string, string]];
      const fail = (type: string, message: string): void => {
        const exception = { __class__: type, __exception__: true, args: [message], attributes: {} };
        reply(peer, frame, exception, { flags: FLAGS.exception | FLAGS.correlationId });
      };
      if (refusals.has(`${method} ${name}`)) {
        fail('builtins.PermissionError', 'not yours');
        continue;
      }
      if (method === 'lookup' && !names.has(name)) {
        fail('Pyro5.errors.NamingError', `unknown name: ${name}`);
        continue;
      }
      if (method === 'register') names.set(name, uri);
      if (lost.has(`${method} ${name}`)) {
        peer.destroy();
        return;
      }
      reply(peer, frame, method === 'lookup' ? names.get(name) : method === 'remove' && names.delete(name) ? 1 : null);
    }
  });
  cleanups.push(() => daemon.close());
  return { names, port: Number(daemon.uri.split(':').at(-1)) };
}

it('a registrar keeps and removes the other names when the name server refuses one, and reports the refusal once', async () => {
  const refusals = new Set(['register two']);
  const { names, port } = await strictNameServer(refusals);
  const objects = ['one', 'two', 'three'].map((name) => ({ name, uri: `PYRO:${name}@127.0.0.1:1111` }));
  const registrar = new NameRegistrar({ nameServer: { host: '127.0.0.1', port }, objects, retryIntervalMs: 20 });
  cleanups.push(() => registrar.stop(500));
  const told: string[] = [];
  registrar.on('unavailable', (error) => told.push(error.message));
  registrar.on('available', () => told.push('available'));
  expect(await registrar.start()).toBe(false);
  expect([...names.keys()]).toEqual(['one', 'three']);
  names.delete('three');
  await expect.poll(() => [...names.keys()]).toEqual(['one', 'three']);
  const refusal = expect.stringMatching(/refuses "two": .*not yours/) as string;
  expect(told).toEqual([refusal]);
  refusals.clear();
  await expect.poll(() => told).toEqual([refusal, 'available']);
  refusals.add('remove one');
  await registrar.stop();
  expect([...names.keys()]).toEqual(['one']);
  expect(told.at(-1)).toMatch(/refuses "one": .*not yours/);
});

it('a name that its name server has lost and refuses waits, and the other names are registered', async () => {
  const refusals = new Set<string>();
  const { names, port } = await strictNameServer(refusals);
  const objects = ['one', 'two'].map((name) => ({ name, uri: `PYRO:${name}@127.0.0.1:1111` }));
  const registrar = new NameRegistrar({ nameServer: { host: '127.0.0.1', port }, objects, retryIntervalMs: 20 });
  cleanups.push(() => registrar.stop(500));
  const states = (): string[] => registrar.states().map(({ state }) => state);
  await registrar.start();
  expect(states()).toEqual(['registered', 'registered']);
  refusals.add('register two');
  names.delete('two');
  await expect.poll(states).toEqual(['registered', 'waiting']);
  names.set('two', 'PYRO:other@127.0.0.1:2222');
  await expect.poll(states).toEqual(['registered', 'taken']);
  names.delete('two');
  refusals.clear();
  await expect.poll(states).toEqual(['registered', 'registered']);
  expect(names.get('two')).toBe('PYRO:two@127.0.0.1:1111');
});

type Case = (names: Map<string, string>, registrar: NameRegistrar, lost: Set<string>) => Promise<unknown>;
const stateOf = (registrar: NameRegistrar): string => registrar.states()[0]!.state;
const loses: Record<string, Case> = {
  first: (_names, registrar, lost) => {
    lost.add('register one');
    return registrar.start();
  },
  later: async (names, registrar, lost) => {
    await registrar.start();
    lost.add('register one');
    names.delete('one');
  },
  'later, after another program had the name,': async (names, registrar, lost) => {
    await registrar.start();
    names.set('one', 'PYRO:other@127.0.0.1:2222');
    await expect.poll(() => stateOf(registrar)).toBe('taken');
    lost.add('register one');
    names.delete('one');
  },
};
const ends: Record<string, (registrar: NameRegistrar) => unknown> = {
  'stop()': (registrar) => registrar.stop(),
  'remove()': (registrar) => registrar.remove('one'),
};
const cases = Object.keys(loses).flatMap((which) => Object.keys(ends).map((how) => [which, how] as const));

it.each(cases)('a registration %s whose answers are lost is removed by %s', async (which, how) => {
  const lost = new Set<string>();
  const { names, port } = await strictNameServer(new Set(), lost);
  const uri = 'PYRO:one@127.0.0.1:1111';
  const objects = [{ name: 'one', uri }];
  const registrar = new NameRegistrar({ nameServer: { host: '127.0.0.1', port }, objects, retryIntervalMs: 20 });
  cleanups.push(() => registrar.stop(500));
  const isLost = new Promise((resolve) => registrar.once('unavailable', resolve));
  await loses[which]!(names, registrar, lost);
  await isLost;
  expect([names.get('one'), stateOf(registrar)]).toEqual([uri, 'waiting']);
  await ends[how]!(registrar);
  await expect.poll(() => [...names.keys()]).toEqual([]);
});

it('a first registration whose answer is lost takes the name over again, as a first one does', async () => {
  const lost = new Set(['register one']);
  const { names, port } = await strictNameServer(new Set(), lost);
  const objects = [{ name: 'one', uri: 'PYRO:one@127.0.0.1:1111' }];
  const registrar = new NameRegistrar({ nameServer: { host: '127.0.0.1', port }, objects, retryIntervalMs: 20 });
  cleanups.push(() => registrar.stop(500));
  await registrar.start();
  names.set('one', 'PYRO:one@127.0.0.1:2222');
  lost.clear();
  await expect.poll(() => stateOf(registrar)).toBe('registered');
  expect(names.get('one')).toBe('PYRO:one@127.0.0.1:1111');
});
