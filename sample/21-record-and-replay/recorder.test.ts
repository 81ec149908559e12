import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expose, PyroDaemon, pyFloat, pyTuple } from 'nestjs-pyro/core';
import { connectInMemory } from 'nestjs-pyro/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { PyroException, type RemoteObject } from 'nestjs-pyro';
import { recordInstrument } from './recorder.js';
import { readRecording, RecordingFile } from './recording.js';
import { Replay } from './replay.js';

/** An instrument with answers that are hard to write down. */
class Instrument {
  *samples(count: number): Generator<unknown> {
    for (let i = 0; i < count; i++) yield pyFloat(i / 2);
    throw new PyroException('lab.DetectorError', ['saturated', 2n ** 64n], { attributes: { at: pyTuple(1, 2) } });
  }
  settings(changes: Record<string, unknown>): unknown {
    return new Map<unknown, unknown>([
      [1, changes],
      ['bytes', Buffer.from([0, 255])],
      ['numbers', [NaN, -Infinity, -0, 2n ** 64n]],
    ]);
  }
}
expose(Instrument);

let directory: string;
let path: string;
let daemon: PyroDaemon;
let file: RecordingFile;
let recorded: RemoteObject<Instrument>;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'recorder-'));
  path = join(directory, 'instrument.jsonl');
  daemon = await PyroDaemon.listen({ host: '127.0.0.1', port: 0 });
  daemon.register(new Instrument(), 'lab.instrument');
  file = new RecordingFile(path);
  recorded = recordInstrument(await connectInMemory<Instrument>(daemon, 'lab.instrument', { values: 'faithful' }), file);
});
afterEach(async () => {
  await recorded.$release();
  file[Symbol.dispose]();
  await daemon.close();
  await rm(directory, { recursive: true });
});

async function readSamples(instrument: RemoteObject<Instrument>): Promise<{ samples: unknown[]; error: unknown }> {
  const samples: unknown[] = [];
  try {
    for await (const sample of await instrument.samples(3)) samples.push(sample);
  } catch (error) {
    return { samples, error };
  }
  return { samples, error: undefined };
}

it('the recorder gives the program the same values, items and exceptions as the replay', async () => {
  const settings = await recorded.settings({ gain: 2, mode: 'fast' });
  const { samples, error } = await readSamples(recorded);
  expect(samples).toEqual([0, 0.5, 1]);
  expect(error).toMatchObject({ pythonType: 'lab.DetectorError', args: ['saturated', 2n ** 64n], attributes: { at: [1, 2] } });

  const replay = new Replay<Instrument>(path);
  expect(await replay.instrument.settings({ gain: 2, mode: 'fast' })).toEqual(settings);
  const replayed = await readSamples(replay.instrument);
  expect(replayed.samples).toEqual(samples);
  expect(replayed.error).toMatchObject({
    pythonType: 'lab.DetectorError',
    args: ['saturated', 2n ** 64n],
    attributes: { at: [1, 2] },
  });
  replay.assertComplete();
});

it('the recorder closes a stream that the program leaves before its first item, and records that the program left', async () => {
  const stream = (await recorded.samples(3)) as unknown as AsyncIterator<unknown>;
  expect(daemon.streamCount).toBe(1);
  await stream.return!();
  await expect.poll(() => daemon.streamCount).toBe(0);
  expect(readRecording(path).at(-1)).toMatchObject({ end: 'left' });
});

it('a recording distinguishes tuples from lists, and floats from ints', async () => {
  await readSamples(recorded);
  const literals = readRecording(path).map((line) => ('item' in line ? line.item : undefined));
  expect(literals.filter(Boolean)).toEqual(['0.0', '0.5', '1.0']);
});

it('the recorder refuses a value that the replay would change', async () => {
  await expect(recorded.settings({ since: new Date() })).rejects.toThrow('cannot be recorded: it is of the class Date');
  expect(readRecording(path)).toEqual([]);
});

it('the recorder does not write over a recording', () => {
  expect(() => new RecordingFile(path)).toThrow('EEXIST');
});
