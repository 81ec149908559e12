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
