import { kwargs, type PyComplex, type RemoteObject } from 'nestjs-pyro';
import type { Camera, Frame, Gas, Value } from './camera.js';

/** Calls that the generated interface accepts, and calls that it refuses: `npm run typecheck` looks. */
export async function callCamera(camera: RemoteObject<Camera>, complex: PyComplex): Promise<unknown[]> {
  const frame: Frame = await camera.expose(0.5, 1, null, kwargs({ level: 5 }));
  await camera.expose(0.5, kwargs({ level: 5, gas: 'argon' }));
  await camera.expose(0.5, 2, [[1, 2], 3], kwargs({ level: 0 }));
  const gas: Gas = 'air';
  const frames: Frame[] = [];
  for await (const item of await camera.frames(3)) frames.push(item);
  for await (const item of await camera.numbers(kwargs({ start: 2 }))) void item;
  for await (const item of await camera.frames(2n)) void item;
  await camera.lines(kwargs({ wrapped: true }));
  await camera.lines('one', kwargs({ wrapped: true }));
  await camera.expose(0.5, kwargs(new Map([['level', 5]])));
  await camera.expose(0.5, kwargs({ level: 5, roi: null }));
  const bytes: Buffer = frame.data;
  const seconds: number | undefined = frame.meta.seconds;
  const lines: Record<string, number | null>[] = await camera.lines('one', 'two');
  const modes: Map<number, Set<string>> = await camera.mode("man'ual", 'anything', [complex]);
  await camera.$set('gain', 4);
  const gain: number = await camera.$get('gain');
  const version: number[] = await camera.version();
  await camera.note('text');
  const value: Value = await camera.configure({ gain: 4, filters: ['red', { width: 2, of: [null] }] });

  // @ts-expect-error: a keyword that must be given is missing
  await camera.expose(0.5);
  // @ts-expect-error: a keyword that must be given is missing
  await camera.expose(0.5, kwargs({ gas: 'air' }));
  // @ts-expect-error: no such keyword
  await camera.expose(0.5, kwargs({ level: 5, zzz: 1 }));
  // @ts-expect-error: no such level
  await camera.expose(0.5, kwargs({ level: 4 }));
  // @ts-expect-error: no such keyword
  await camera.numbers(kwargs({ stop: 2 }));
  // @ts-expect-error: a text is no number
  await camera.numbers(kwargs({ start: '2' }));
  // @ts-expect-error: a text is no number
  await camera.expose('0.5', kwargs({ level: 5 }));
  // @ts-expect-error: no such method
  await camera.focus();
  // @ts-expect-error: no such mode
  await camera.mode('fast', 1, []);
  // @ts-expect-error: bytes are no list
  const list: number[] = frame.data;
  // @ts-expect-error: a stream is no list
  const all: Frame[] = await camera.frames();
  // @ts-expect-error: a text is no number
  await camera.$set('gain', 'much');
  // @ts-expect-error: the method gives nothing
  const noted: string = await camera.note('text');
  // @ts-expect-error: an attribute is no method
  await camera.gain();
  // @ts-expect-error: an undefined value, deep within
  await camera.configure({ filters: [{ width: undefined }] });
  // @ts-expect-error: a missing argument
  await camera.mode('auto');
  return [frame, gas, frames, bytes, seconds, lines, modes, gain, version, value, list, all, noted];
}
