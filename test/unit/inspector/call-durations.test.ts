import { expect, it } from 'vitest';
import { expose, PyroProxy } from '../../../lib/core.js';
import { DurationRecorder } from '../../../lib/inspector/call-durations.js';
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
  const opened = recorder.all();
  expect(opened).toEqual({ camera: { calls: 1, totalMs: expect.any(Number) as number } });
  const { totalMs } = opened['camera']!;
  await frames.return?.();
  await eventually(() => daemon.inspect().totals.streamsOpen === 0);
  expect(recorder.all()).toEqual({ camera: { calls: 1, totalMs } });
});
