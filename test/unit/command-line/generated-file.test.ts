import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, type MockInstance, onTestFinished, vi } from 'vitest';
import { differences, writeGenerated } from '../../../lib/command-line/terminal/generated-file.js';

describe('the differences of a generated file', () => {
  it('the differences of a generated file are the lines that only one of the texts has', () => {
    expect(differences('a\nb\nc\n', 'a\nx\nc\n')).toEqual(['- b', '+ x']);
    expect(differences('a\nb\n', 'a\nnew\nb\n')).toEqual(['+ new']);
    expect(differences('a\nold\nb\n', 'a\nb\n')).toEqual(['- old']);
    expect(differences('a\nb\nc\nd\n', 'a\nc\nd\ne\n')).toEqual(['- b', '+ e']);
  });

  it('the differences of a generated file are cut after ten lines', () => {
    const found = differences('', Array.from({ length: 50 }, (_, index) => `line ${index}`).join('\n'));
    expect(found).toHaveLength(11);
    expect(found.at(-1)).toBe('…');
  });
});

describe('a generated file', () => {
  const writer = { command: 'nestjs-pyro types', head: '// Written by us' };
  const text = '// Written by us: again\nnew\n';
  let printed: MockInstance<typeof process.stderr.write>;
  beforeAll(() => {
    printed = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  });
  afterAll(() => {
    printed.mockRestore();
  });
  const fileWith = async (content?: string): Promise<string> => {
    const directory = await mkdtemp(join(tmpdir(), 'generated-'));
    onTestFinished(() => rm(directory, { recursive: true }));
    const file = join(directory, 'file.ts');
    if (content !== undefined) await writeFile(file, content);
    return file;
  };

  it.each([[undefined], [''], ['// Written by us, long ago\r\nold\r\n']])(
    'a generated file is written where there was %j',
    async (before) => {
      const output = await fileWith(before);
      writeGenerated(text, { output }, writer);
      expect(await readFile(output, 'utf8')).toBe(text);
      expect(printed).toHaveBeenLastCalledWith(`wrote ${output}\n`);
    },
  );

  it('a generated file is not written over a file that begins otherwise, unless force is given', async () => {
    const output = await fileWith('export const mine = 1;\n');
    expect(() => writeGenerated(text, { output }, writer)).toThrow(
      `${output} was not written by nestjs-pyro types, and is left as it is; name another file, or give --force`,
    );
    expect(await readFile(output, 'utf8')).toBe('export const mine = 1;\n');
    writeGenerated(text, { output, force: true }, writer);
    expect(await readFile(output, 'utf8')).toBe(text);
  });

  it('a generated file is told by name when it cannot be written', () => {
    expect(() => writeGenerated(text, { output: '/nowhere/at/all.ts' }, writer)).toThrow(/^cannot write \/nowhere\/at\/all.ts: /);
  });
});
