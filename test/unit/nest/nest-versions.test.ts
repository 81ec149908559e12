import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../../scripts/package-root.js';

const NEST = ['@nestjs/common', '@nestjs/core', '@nestjs/microservices'] as const;

describe('the Nest that tests load', () => {
  it.each(NEST)('the Nest under test is in the range of package.json: %s', async (name) => {
    const { peerDependencies } = await readManifest(join(packageRoot, 'package.json'));
    const range = peerDependencies[name]!;
    expect(range).toMatch(/^\^\d+\.\d+\.\d+$/);
    const [oldest, loaded] = [range.slice(1), await loadedVersion(name)];
    expect(loaded.split('.')[0]).toBe(oldest.split('.')[0]);
    expect(loaded.localeCompare(oldest, 'en', { numeric: true })).toBeGreaterThanOrEqual(0);
  });

  it('the Nest under test is the version that was asked for', async () => {
    // `npm run test:long` asks for the oldest and the newest version; otherwise package-lock.json decides
    const asked = JSON.parse(process.env['NEST_VERSIONS'] ?? '{}') as Record<string, string>;
    for (const name of NEST) expect(await loadedVersion(name)).toBe(asked[name] ?? (await lockedVersion(name)));
  });
});

interface Manifest {
  version: string;
  peerDependencies: Record<string, string>;
}

async function readManifest(path: string): Promise<Manifest> {
  return JSON.parse(await readFile(path, 'utf8')) as Manifest;
}

async function loadedVersion(name: string): Promise<string> {
  return (await readManifest(fileURLToPath(new URL('package.json', import.meta.resolve(name))))).version;
}

async function lockedVersion(name: string): Promise<string> {
  const lock = JSON.parse(await readFile(join(packageRoot, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { version: string }>;
  };
  return lock.packages[`node_modules/${name}`]!.version;
}
