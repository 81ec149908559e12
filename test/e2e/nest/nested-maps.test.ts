import { ValidationPipe } from '@nestjs/common';
import { APP_PIPE } from '@nestjs/core';
import { Transform, Type } from 'class-transformer';
import { IsArray, IsInt, IsOptional, ValidateNested } from 'class-validator';
import { expect, it } from 'vitest';
import { PyroController, PyroMethod, type PyroServerOptions } from '../../../lib/index.js';
import type { ScriptedPeer } from '../../../lib/testing/index.js';
import { serve } from './fixtures.js';

class Sample {
  @IsInt() id!: number;
}
class Tray {
  @IsOptional() @IsArray() @ValidateNested({ each: true }) @Type(() => Sample) samples?: Sample[];
  @IsOptional() @ValidateNested() @Type(() => Sample) best?: Sample;
  @IsOptional() @ValidateNested({ each: true }) @Type(() => Sample) byRow?: Map<string, Sample>;
  @IsOptional() settings?: unknown;
  @IsOptional() @Transform(({ obj }) => [...(obj as { byLevel: Map<number, string> }).byLevel]) byLevel?: [number, string][];
}

@PyroController({ objectId: 'lab', instanceMode: 'single' })
class Lab {
  @PyroMethod() store(tray: Tray): string {
    if (tray.byLevel) return tray.byLevel.flat().join(' ');
    const samples = [...(tray.samples ?? []), tray.best];
    return samples.flatMap((sample) => (sample ? `${sample.constructor.name} ${sample.id}` : [])).join(', ');
  }
  @PyroMethod() one(sample: Sample): string {
    return `${sample.constructor.name} ${sample.id}`;
  }
}

async function start(options: PyroServerOptions = {}): Promise<ScriptedPeer> {
  const useValue = new ValidationPipe({ whitelist: true, transform: true });
  const { join } = await serve({ providers: [Lab, { provide: APP_PIPE, useValue }] }, options);
  return join('lab');
}

const mapOf = (...entries: [unknown, unknown][]): Map<unknown, unknown> => new Map(entries);
/** Dicts that are read as Maps: with a key that is no text, and with a text too long for the name of a member. */
const MAPS = [mapOf(['id', 'no number'], [5, 1]), mapOf(['id', 7], [5, 1]), mapOf(['id', 'no number'], ['x'.repeat(20_000), 1])];

it.each([
  ['an argument', 'one', (map: unknown) => map, 'a dict has the key'],
  ['a member', 'store', (map: unknown) => ({ best: map }), 'best of Tray'],
  ['an item of a list', 'store', (map: unknown) => ({ samples: [{ id: 1 }, map] }), 'samples of Tray'],
])('a dict that becomes no instance of its class is refused: as %s', async (_place, method, argumentOf, named) => {
  const peer = await start();
  for (const map of MAPS) {
    const failure = await peer.fail('lab', method, argumentOf(map));
    expect([failure.pythonType, String(failure.args)]).toEqual(['builtins.ValueError', expect.stringContaining(named)]);
  }
});

it.each([
  ['of a member without a type', { settings: mapOf([5, 'x']) }],
  ['deep inside', { settings: { list: [mapOf(['a', 1], [2, 2])] } }],
  ['of a member with a class', { byRow: mapOf([5, { id: 1 }]) }],
])('a dict whose values class-transformer would lose is refused: %s', async (_place, tray) => {
  const peer = await start();
  const failure = await peer.fail('lab', 'store', tray);
  expect(failure.pythonType).toBe('builtins.ValueError');
  expect(String(failure.args)).toMatch(
    /(settings|byRow).*a dict has the key [52], and class-transformer would lose its values; use texts of at most 16383 characters/,
  );
});

it('@Transform reads a dict with keys that are no texts', async () => {
  const peer = await start();
  expect(await peer.call('lab', 'store', { byLevel: mapOf([5, 'x']) })).toBe('5 x');
});

it('dicts become instances with faithful values, too', async () => {
  const peer = await start({ values: 'faithful' });
  expect(await peer.call('lab', 'store', { best: { id: 1 }, samples: [{ id: 2 }] })).toBe('Sample 2, Sample 1');
  expect(await peer.call('lab', 'one', { id: 3 })).toBe('Sample 3');
  expect(String((await peer.fail('lab', 'one', { id: 'no number' })).args)).toContain('id must be an integer number');
});
