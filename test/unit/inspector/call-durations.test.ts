import { expect, it } from 'vitest';
import { expose, PyroProxy } from '../../../lib/core.js';
import { DurationRecorder } from '../../../lib/inspector/sources/call-durations.js';
import type { ObservedCall } from '../../../lib/daemon/contract/observer.js';
import { eventually, startDaemon } from '../daemon/fixtures.js';

class Camera {
  @expose
  *frames(): Generator<number> {
    yield 1;
    yield 2;
  }
}

it('a call that returns a stream is counted once, when the stream is open, and not for the life of the stream', async () => {
  const daemon = await startDaemon();
  daemon.register(new Camera(), 'camera');
  const recorder = new DurationRecorder();
  daemon.observe(recorder);
  await using camera = await PyroProxy.connect<{ frames(): Generator<number> }>(daemon.uriFor('camera'));
  const frames = await camera.frames();
  expect((await frames.next()).value).toBe(1);
  const opened = recorder.of(['camera', 'other']);
  expect(opened).toEqual({ camera: { calls: 1, totalMs: expect.any(Number) as number } });
  const { totalMs } = opened['camera']!;
  await frames.return?.();
  await eventually(() => daemon.inspect().totals.streamsOpen === 0);
  expect(recorder.of(['camera'])).toEqual({ camera: { calls: 1, totalMs } });
  expect(recorder.ofAll()).toEqual({ calls: 1, totalMs });
});

it('durations of new objects are kept also after 1,000 objects, and those of the object that was called longest ago are dropped', () => {
  const recorder = new DurationRecorder();
  const call = (objectId: string): void =>
    recorder.callStarted({ objectId, isKnown: true, startedAt: performance.now() } as ObservedCall, undefined)!.ended(false);
  for (let index = 0; index < 1_000; index++) call(`object ${index}`);
  call('object 0');
  call('new');
  const kept = recorder.of(['object 0', 'object 1', 'object 2', 'new']);
  expect(Object.entries(kept).map(([objectId, { calls }]) => [objectId, calls])).toEqual([
    ['object 0', 2],
    ['object 2', 1],
    ['new', 1],
  ]);
  expect(recorder.ofAll().calls).toBe(1_002);
});
