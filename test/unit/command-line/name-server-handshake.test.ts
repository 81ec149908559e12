import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { listCommand } from '../../../lib/command-line/list-command.js';
import { namesCommand } from '../../../lib/command-line/names-command.js';
import { type PyroNameServer, startNameServer } from '../../../lib/core.js';

let names: PyroNameServer;
let directory: string;
/** The handshake data that the name server got. */
const told: unknown[] = [];
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'name-server-handshake-'));
  names = await startNameServer({ host: '127.0.0.1', port: 0, validateHandshake: ({ data }) => void told.push(data) });
});
afterAll(async () => {
  await names.close();
  rmSync(directory, { recursive: true });
});
beforeEach(() => {
  told.length = 0;
  vi.spyOn(process.stdout, 'write').mockReturnValue(true);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

async function ls(...options: string[]): Promise<void> {
  await listCommand().parseAsync(['--ns', `127.0.0.1:${names.uri.port}`, ...options], { from: 'user' });
}

async function nsc(...options: string[]): Promise<void> {
  await namesCommand().parseAsync(['-n', '127.0.0.1', '-p', String(names.uri.port), ...options], { from: 'user' });
}

function fileWith(content: string): string {
  const file = join(directory, Buffer.from(content).toString('hex'));
  writeFileSync(file, content);
  return file;
}

it('ls: the options win over the variable, and those for name servers over those for objects', async () => {
  vi.stubEnv('NESTJS_PYRO_NS_HANDSHAKE', 'stale');
  vi.stubEnv('NESTJS_PYRO_HANDSHAKE', 'for objects');
  await ls();
  await ls('--handshake', 'good');
  await ls('--handshake-file', fileWith('good'));
  await ls('--handshake', 'for objects', '--ns-handshake', 'better');
  await ls('--handshake-file', fileWith('for objects'), '--ns-handshake-file', fileWith('better'));
  await ls('--handshake', 'for objects', '--ns-handshake-file', fileWith('better'));
  expect(told).toEqual(['stale', 'good', 'good', 'better', 'better', 'better']);
});

it.each([
  ['12345', 12_345],
  ['"12345"', '12345'],
  ['{"user":"me"}', { user: 'me' }],
  ['hunter2', 'hunter2'],
])('handshake data has one meaning for ls and nsc, in an option, a file and a variable: %s', async (text, value) => {
  const file = fileWith(text);
  await ls('--ns-handshake', text);
  await ls('--ns-handshake-file', file);
  await nsc('--handshake', text, 'ping');
  await nsc('--handshake-file', file, 'ping');
  vi.stubEnv('NESTJS_PYRO_NS_HANDSHAKE', text);
  await ls();
  await nsc('ping');
  expect(told).toEqual(Array(6).fill(value));
});

it.each(['-', '/dev/stdin', '/dev/fd/0'])(
  'nsc removematching does not take the answer to its question as handshake data: %s',
  async (file) => {
    await expect(nsc('--handshake-file', file, 'removematching', 'a')).rejects.toThrow(
      `--handshake-file ${file} takes the whole standard input; give --yes to remove without a question`,
    );
    expect(told).toEqual([]);
  },
);

it('nsc removematching with --yes may have its handshake data from any file', async () => {
  await nsc('--handshake-file', fileWith('hunter2'), '--yes', 'removematching', 'nothing');
  expect(told).toEqual(['hunter2']);
});
