import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../scripts/package-root.js';
import { ensurePythonEnv } from './python-env.js';

interface Row {
  /** The texts of the first cell. */
  texts: string[];
  says: string;
}

/** The sources of who says a text. */
const sources: Record<string, string[]> = {};
let rows: Row[];

beforeAll(async () => {
  const python = await ensurePythonEnv();
  sources['ours'] = await filesOf(join(packageRoot, 'lib'), '.ts');
  sources['Pyro5'] = await filesOf(join(python, '..', '..', 'lib'), '.py', '/Pyro5/');
  sources['Nest'] = await filesOf(join(packageRoot, 'node_modules/@nestjs/core'), '.js');
  // OpenSSL's texts stand in the program of Node, and its names in a module of Python
  sources['Node'] = [(await readFile(process.execPath)).toString('latin1')];
  sources['Python'] = [(await promisify(execFile)(python, ['-c', 'import _ssl; print(*_ssl.err_names_to_codes)'])).stdout];
  const page = await readFile(join(packageRoot, 'docs/troubleshooting.md'), 'utf8');
  rows = page
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => {
      const [, first = '', says = ''] = /^\| (.*?) \| (\w+) \|/.exec(line) ?? [];
      return { texts: [...first.matchAll(/`([^`]+)`/g)].map(([, text]) => text!), says };
    });
});

async function filesOf(directory: string, ending: string, part = ''): Promise<string[]> {
  const names = await readdir(directory, { recursive: true });
  const wanted = names.map((name) => join(directory, name)).filter((file) => file.endsWith(ending) && file.includes(part));
  return Promise.all(wanted.map((file) => readFile(file, 'utf8')));
}

/** True when one file has all the parts of a text that do not change. */
function isIn(files: readonly string[], text: string): boolean {
  const parts = text.split('…').filter((part) => part.trim().length > 2);
  return parts.length > 0 && files.some((file) => parts.every((part) => file.includes(part)));
}

describe('docs/troubleshooting.md', () => {
  it('docs/troubleshooting.md quotes texts that the library, Pyro5 and Nest have', () => {
    expect(rows.length).toBeGreaterThan(50);
    const missing = rows.flatMap(({ texts, says }) => {
      const speakers = says === 'both' ? ['ours', 'Pyro5'] : [says];
      return texts.flatMap((text) => speakers.filter((speaker) => !isIn(sources[speaker] ?? [], text)).map((who) => [who, text]));
    });
    expect(missing).toEqual([]);
    expect(rows.filter(({ texts }) => texts.length === 0)).toEqual([]);
  });
});
