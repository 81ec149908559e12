import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { ensurePythonEnv } from '../python-env.js';

const [script, contract] = ['contract.py', 'contract.json'].map((name) =>
  fileURLToPath(new URL(`../../wire/${name}`, import.meta.url)),
);

it('Pyro5 writes the messages and values of the wire contract as test/wire/contract.json has them', async () => {
  const { stdout } = await promisify(execFile)(await ensurePythonEnv(), [script!, '--check', contract!]);
  expect(JSON.parse(stdout)).toEqual([]);
});
