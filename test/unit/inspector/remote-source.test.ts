import { expect, it } from 'vitest';
import { DaemonObject, expose, INSPECTOR_OBJECT_ID, type ObjectMetadata, PyroDaemon } from '../../../lib/core.js';
import type { InspectedServer } from '../../../lib/inspector/contract/contract.js';
import { RemoteSource } from '../../../lib/inspector/sources/remote-source.js';

/** Stands where a daemon has its inspector: the peer may be any program. */
class Answers {
  constructor(private readonly answers: (() => unknown)[]) {}

  inspect(..._asked: unknown[]): unknown {
    return (this.answers.length > 1 ? this.answers.shift()! : this.answers[0]!)();
  }
}
expose(Answers, 'inspect');

const own = await PyroDaemon.listen({ host: '127.0.0.1', port: 0 });
/** A snapshot as a daemon of this version gives it. */
const plain = own.inspect();
await own.close();
const snapshot = (calls: unknown): object => ({ ...plain, objects: [], totals: { ...plain.totals, calls } });

async function sourceOf(...answers: (() => unknown)[]): Promise<{ source: RemoteSource; daemon: PyroDaemon }> {
  const daemon = await PyroDaemon.listen({ host: '127.0.0.1', port: 0 });
  daemon.register(new Answers(answers), INSPECTOR_OBJECT_ID);
  const shown = { location: daemon.locationStr, objectId: 'Pyro.Daemon', names: new Map<string, string[]>() };
  return { daemon, source: new RemoteSource(shown, { callTimeoutMs: 2_000, maxRetries: 0 }, 10) };
}

class Camera {
  /** @param settings of the next exposure */
  configure(settings: object, mode = 'slow'): object {
    return { settings, mode };
  }
  get gain(): number {
    return 1;
  }
  get preset(): object {
    return {};
  }
  set preset(_settings: object) {}
}
expose(Camera);

const SIGNATURES = {
  classes: {
    Camera: {
      class: 'Camera',
      methods: {
        configure: {
          parameters: [
            { name: 'settings', kind: 'positional' as const, required: true, type: 'Settings', doc: 'of the next exposure' },
            { name: 'mode', kind: 'positional' as const, required: false, type: "Literal['slow', 'fast']" },
          ],
          returns: 'Settings',
          doc: 'Sets the camera up.',
          oneway: false,
          stream: false,
        },
      },
      attributes: {
        gain: { type: 'float', doc: 'In dB.', readable: true, writable: false },
        preset: { type: 'Settings', readable: true, writable: true },
      },
      types: { Settings: { fields: { binning: { type: 'int', required: true } } } },
    },
  },
};

it.each([false, true])(
  'the inspector shows the types and docs that a daemon tells; with its inspector: %s',
  async (inspector) => {
    const daemon = await PyroDaemon.listen({ host: '127.0.0.1', port: 0, inspector, signatures: SIGNATURES });
    daemon.register(new Camera(), 'camera');
    const shown = { location: daemon.locationStr, objectId: 'camera', names: new Map<string, string[]>() };
    const source = new RemoteSource(shown, { callTimeoutMs: 2_000, maxRetries: 0 }, 100);
    const [server] = await source.take();
    expect(server!.objects.find(({ objectId }) => objectId === 'camera')!.members).toEqual([
      {
        kind: 'method',
        name: 'configure',
        isOneway: false,
        isStream: false,
        parameters: [
          {
            name: 'settings',
            kind: 'positional',
            isRequired: true,
            type: 'Settings',
            doc: 'of the next exposure',
            shape: {
              kind: 'dict',
              className: null,
              members: [{ name: 'binning', isRequired: true, shape: { kind: 'scalar', type: 'int' } }],
            },
          },
          {
            name: 'mode',
            kind: 'positional',
            isRequired: false,
            type: "Literal['slow', 'fast']",
            shape: { kind: 'choice', choices: ['slow', 'fast'] },
          },
        ],
        returns: 'Settings',
        doc: 'Sets the camera up.',
      },
      { kind: 'attribute', name: 'gain', isReadable: true, isWritable: false, type: 'float', doc: 'In dB.' },
      {
        kind: 'attribute',
        name: 'preset',
        isReadable: true,
        isWritable: true,
        type: 'Settings',
        shape: {
          kind: 'dict',
          className: null,
          members: [{ name: 'binning', isRequired: true, shape: { kind: 'scalar', type: 'int' } }],
        },
      },
    ]);
    await source.close();
    await daemon.close();
  },
);

it('the inspector shows the members of an object whose signatures its guards keep back', async () => {
  const daemon = await PyroDaemon.listen({ host: '127.0.0.1', port: 0, inspector: true, signatures: SIGNATURES });
  const guard = (): never => {
    throw new Error('only for operators');
  };
  daemon.register(new Camera(), 'camera', { guards: guard });
  const shown = { location: daemon.locationStr, objectId: 'camera', names: new Map<string, string[]>() };
  const source = new RemoteSource(shown, { callTimeoutMs: 2_000, maxRetries: 0 }, 100);
  const [server] = await source.take();
  const [method] = server!.objects.find(({ objectId }) => objectId === 'camera')!.members!;
  expect(method).toMatchObject({ name: 'configure', parameters: [{ name: 'settings' }, { name: 'mode' }] });
  expect(method).not.toHaveProperty('doc');
  await source.close();
  await daemon.close();
});

it('a snapshot with ints that JSON has not is shown, with numbers in their place', async () => {
  const { source, daemon } = await sourceOf(() => snapshot(2n ** 70n));
  const [server] = await source.take();
  expect(JSON.parse(JSON.stringify(server))).toMatchObject({ snapshot: { totals: { calls: 2 ** 70 } } });
  await source.close();
  await daemon.close();
});

it('objects of a snapshot have no fields that a daemon has named, and those whose id is no text are left out', async () => {
  const object = { objectId: 'camera', 1023: 0, members: null };
  const answer = { ...plain, objects: [{ ...object, objectId: [1_000_000, 1_000_001] }, object] };
  const { source, daemon } = await sourceOf(() => answer);
  const [server] = await source.take();
  expect(server!.objects).toMatchObject([{ objectId: 'camera', uri: `PYRO:camera@${daemon.locationStr}` }]);
  expect(server!.objects[0]).not.toHaveProperty('1023');
  await source.close();
  await daemon.close();
});

it('a snapshot of another shape is told by its field, and the objects are those that the daemon lists', async () => {
  const { connections: _, ...rest } = plain;
  const { source, daemon } = await sourceOf(() => rest);
  const [server] = await source.take();
  expect(server).toMatchObject({
    error: `${daemon.locationStr} has a snapshot that this version cannot read: connections`,
    snapshot: null,
  });
  expect(server!.objects.map(({ objectId }) => objectId)).toEqual(['Pyro.Daemon', 'Pyro.Inspector']);
  await source.close();
  await daemon.close();
});

it('ids and names of members that are no texts are left out', async () => {
  const ids = [[1_000_000, 1_000_001], 'camera'];
  class Hostile extends DaemonObject {
    override registered(): never {
      return ids as never;
    }
    override get_metadata(_objectId: string): never {
      return { methods: [ids, 'take'], oneway: [ids], attrs: [7, 'gain'] } as never;
    }
  }
  expose(Hostile);
  const daemon = await PyroDaemon.listen({ host: '127.0.0.1', port: 0, daemonObject: Hostile });
  const shown = { location: daemon.locationStr, objectId: 'camera', names: new Map<string, string[]>() };
  const source = new RemoteSource(shown, { callTimeoutMs: 2_000, maxRetries: 0 }, 10);
  const [server] = await source.take();
  expect(server!.objects.map(({ objectId, members }) => [objectId, members?.map(({ name }) => name)])).toEqual([
    ['camera', ['take', 'gain']],
  ]);
  await source.close();
  await daemon.close();
});

it('a snapshot that came too late is told, and asked for again', async () => {
  const { source, daemon } = await sourceOf(
    () => new Promise(() => undefined),
    () => snapshot(3),
  );
  const [late] = await source.take();
  expect(late).toMatchObject({ error: expect.stringMatching(/ does not answer: .*callTimeoutMs/) as string, snapshot: null });
  const [server] = await source.take();
  expect(server).toMatchObject({ error: null, snapshot: { totals: { calls: 3 } } });
  await source.close();
  await daemon.close();
});

it('readers that come at the same time get the same snapshot, and the daemon is asked once', async () => {
  let asked = 0;
  const { source, daemon } = await sourceOf(() => snapshot(++asked));
  const [one, other] = await Promise.all([source.take(), source.take()]);
  expect(other).toBe(one);
  expect(asked).toBe(1);
  await source.take();
  expect(asked).toBe(2);
  await source.close();
  await daemon.close();
});

it('the inspector asks for a snapshot again when another daemon answers at the address', async () => {
  const bare = await PyroDaemon.listen({ host: '127.0.0.1', port: 0 });
  const shown = { location: bare.locationStr, objectId: 'Pyro.Daemon', names: new Map<string, string[]>() };
  const source = new RemoteSource(shown, { callTimeoutMs: 2_000 }, 10);
  expect((await source.take())[0]).toMatchObject({ error: null, snapshot: null });
  await bare.close();
  const port = Number(shown.location.split(':')[1]);
  const daemon = await PyroDaemon.listen({ host: '127.0.0.1', port, inspector: true });
  // a snapshot that meets the broken connection tells it as an error
  await expect.poll(async () => (await source.take())[0]!.snapshot?.state).toBe('listening');
  await source.close();
  await daemon.close();
});

it.each([false, true])(
  'the page does not ask again for an object whose guards refuse it, or that has gone; with the inspector: %s',
  async (inspector) => {
    const daemon = await PyroDaemon.listen({ host: '127.0.0.1', port: 0, inspector });
    const guards = (): never => {
      throw new Error('only for operators');
    };
    daemon.register(new Camera(), 'camera', { guards });
    const shown = { location: daemon.locationStr, objectId: 'camera', names: new Map<string, string[]>() };
    const source = new RemoteSource(shown, { callTimeoutMs: 2_000, maxRetries: 0 }, 100, 0);
    await source.take();
    const { failedCalls } = daemon.inspect().totals;
    await source.take();
    expect(daemon.inspect().totals.failedCalls).toBe(failedCalls);
    daemon.unregister('camera');
    await source.take();
    const afterwards = daemon.inspect().totals.failedCalls;
    await source.take();
    expect(daemon.inspect().totals.failedCalls).toBe(afterwards);
    daemon.register(new Camera(), 'camera');
    const [server] = await source.take();
    expect(server!.objects.find(({ objectId }) => objectId === 'camera')!.members).toHaveLength(3);
    await source.close();
    await daemon.close();
  },
);

it('members that came too late are asked for again', async () => {
  let answers = 0;
  class SlowDaemonObject extends DaemonObject {
    override get_metadata(objectId: string): Promise<ObjectMetadata> {
      if (objectId === 'camera' && ++answers === 1) return new Promise(() => undefined);
      return super.get_metadata(objectId);
    }
  }
  expose(SlowDaemonObject);
  const daemon = await PyroDaemon.listen({ host: '127.0.0.1', port: 0, daemonObject: SlowDaemonObject });
  daemon.register(new Camera(), 'camera');
  const shown = { location: daemon.locationStr, objectId: 'camera', names: new Map<string, string[]>() };
  const source = new RemoteSource(shown, { callTimeoutMs: 2_000, maxRetries: 0 }, 100);
  expect((await source.take())[0]!.error).toContain('callTimeoutMs');
  const [server] = await source.take();
  expect(server).toMatchObject({ error: null });
  expect(server!.objects.find(({ objectId }) => objectId === 'camera')!.members).toHaveLength(3);
  await source.close();
  await daemon.close();
});

it.each([true, false])(
  'a source lists at most maxListed objects, those that a page looks for first (inspector: %s)',
  async (inspector) => {
    await using daemon = await PyroDaemon.listen({ host: '127.0.0.1', port: 0, inspector });
    for (let index = 0; index < 30; index++) daemon.register(new Camera(), `camera-${index}`);
    const shown = { location: daemon.locationStr, objectId: 'Pyro.Daemon', names: new Map([['camera-25', ['lab.eye']]]) };
    const source = new RemoteSource(shown, { callTimeoutMs: 5_000 }, 4);
    const take = async (first: object): Promise<InspectedServer> => (await source.take(first))[0]!;
    const ids = (server: InspectedServer): string[] => server.objects.map(({ objectId }) => objectId);
    const all = await take({});
    expect([all.objects.length, all.objectCount]).toEqual([4, daemon.objectCount]);
    const found = await take({ filter: 'camera-2', objectId: 'camera-29' });
    expect(ids(found)).toEqual(['camera-2', 'camera-20', 'camera-21', 'camera-29']);
    expect(found.objects.every(({ members }) => members?.length === 3)).toBe(true);
    if (!inspector) expect(ids(await take({ filter: 'eye' }))).toContain('camera-25');
    await source.close();
  },
);

it('the inspector has no connection to the daemon while nobody looks at the page, and connects again for the next reader', async () => {
  const daemon = await PyroDaemon.listen({ host: '127.0.0.1', port: 0, inspector: true });
  const shown = { location: daemon.locationStr, objectId: 'Pyro.Daemon', names: new Map<string, string[]>() };
  const source = new RemoteSource(shown, { callTimeoutMs: 20_000 }, 100, 50);
  for (let reader = 0; reader < 2; reader++) {
    expect(await source.take()).toMatchObject([{ error: null }]);
    await expect.poll(() => daemon.connections, { timeout: 20_000 }).toEqual([]);
  }
  await source.close();
  await daemon.close();
});
