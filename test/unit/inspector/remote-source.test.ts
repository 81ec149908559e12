import { expect, it } from 'vitest';
import { expose, INSPECTOR_OBJECT_ID, PyroDaemon } from '../../../lib/core.js';
import { RemoteSource } from '../../../lib/inspector/remote-source.js';

/** Stands where a daemon has its inspector: the peer may be any program. */
class Answers {
  constructor(private readonly answers: (() => unknown)[]) {}

  inspect(_maxListed: number): unknown {
    return (this.answers.length > 1 ? this.answers.shift()! : this.answers[0]!)();
  }
}
expose(Answers, 'inspect');

const snapshot = (calls: unknown): object => ({ objects: [], names: [], totals: { calls } });

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
      attributes: { gain: { type: 'float', doc: 'In dB.', readable: true, writable: false } },
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

it('a snapshot with ints that JSON has not is shown, with texts in their place', async () => {
  const { source, daemon } = await sourceOf(() => snapshot(2n ** 70n));
  const [server] = await source.take();
  expect(JSON.parse(JSON.stringify(server))).toMatchObject({ snapshot: { totals: { calls: String(2n ** 70n) } } });
  await source.close();
  await daemon.close();
});

it('a snapshot that came too late is told, and asked for again', async () => {
  const { source, daemon } = await sourceOf(
    () => new Promise(() => undefined),
    () => snapshot(3),
  );
  const [late] = await source.take();
  expect(late).toMatchObject({ error: expect.stringContaining('callTimeoutMs') as string, snapshot: null });
  const [server] = await source.take();
  expect(server).toMatchObject({ error: null, snapshot: { totals: { calls: 3 } } });
  await source.close();
  await daemon.close();
});
