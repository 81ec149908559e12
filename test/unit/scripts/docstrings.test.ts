import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Application } from 'typedoc';
import { beforeAll, expect, it } from 'vitest';
import { withoutDocstring } from '../../../scripts/site/docstrings.js';

const SOURCE = `
  export const BARE = 1;
  export interface BareInterface { isOn: boolean }
  /** Told. */
  export class BareMembers {
    size = 0;
    get free(): number { return 1; }
    close(): void {}
    /** Told. */
    open(): void {}
  }
  /** Told. */
  export type BareKinds = { kind: 'on' } | { kind: 'off' };

  /** Told. */
  export type FunctionType = (error: Error | undefined) => void;
  /** Told. */
  export type FunctionInUnion = 'all' | ((name: string) => boolean);
  /** Told. */
  export interface OnlySignature { (name: string): void }
  /** Told. */
  export const TABLE = { size: { least: 1 } } as const;
  /** Told. */
  export interface TypeInPlace {
    /** Told. */
    stream?: { id: string };
  }
  /** Told. */
  export class OfAnotherPackage extends Error {}
`;

let found: string[];

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'docstrings-'));
  try {
    const compilerOptions = {
      target: 'es2022',
      lib: ['es2022'],
      module: 'nodenext',
      strict: true,
      skipLibCheck: true,
      types: [],
    };
    await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'example', version: '1.0.0' }));
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
    await writeFile(join(folder, 'index.ts'), SOURCE);
    const application = await Application.bootstrap({
      entryPoints: [join(folder, 'index.ts')],
      tsconfig: join(folder, 'tsconfig.json'),
      basePath: folder,
      disableSources: true,
      logLevel: 'None',
    });
    found = withoutDocstring((await application.convert())!);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

it('public names without a docstring are told, with the class or type that they belong to', () => {
  const members = ['BareMembers.size', 'BareMembers.free', 'BareMembers.close'];
  expect(found).toEqual(expect.arrayContaining(['BARE', 'BareInterface', 'BareInterface.isOn', 'BareKinds.kind', ...members]));
});

it('a docstring also tells a function type, an only signature and an object type in place; names of other packages need none', () => {
  expect(found.filter((name) => !name.startsWith('B'))).toEqual([]);
});

it('names with a docstring are not told', () => {
  expect(found).toHaveLength(7);
});
