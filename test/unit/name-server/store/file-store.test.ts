import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import {
  appendFile,
  chmod,
  copyFile,
  type FileHandle,
  link,
  lstat,
  mkdtemp,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FileNameStore } from '../../../../lib/name-server/store/file-store.js';
import type { NameChange, NameRecord } from '../../../../lib/name-server/store/name-store.js';

const PUT = { safe: false, takeover: false };
const KILLS = Number(process.env.LONG_KILLS ?? 5);
/** Files that are written at the same time. */
const FILES = 8;

let directory: string;
let path: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'names-'));
  path = join(directory, 'names.journal');
});
afterEach(() => rm(directory, { recursive: true }));

const record = (name: string, uri = `PYRO:${name}@host:1`, tags?: string[]): NameRecord => ({
  name,
  uri,
  metadata: tags && new Set(tags),
  lease: undefined,
});

async function contents(file = path): Promise<NameRecord[]> {
  const store = await FileNameStore.open(file);
  const found = store.list({ by: 'all' });
  await store.close();
  return found;
}

describe('registrations in a file', () => {
  it('registrations in a file are there when the file is opened again, tags and leases included', async () => {
    const store = await FileNameStore.open(path);
    await store.put(record('one'), PUT);
    await store.put(record('two', 'PYRO:x@h:1', ['ü', 'b']), PUT);
    await store.put(record('gone'), PUT);
    await store.put({ ...record('leased'), lease: { owner: 'someone', ttlMs: 60_000 } }, PUT);
    await store.setMetadata('one', new Set(['new\nline']), { takeover: false });
    expect(await store.remove(['gone', 'unknown'], { takeover: false })).toBe(1);
    const before = store.list({ by: 'all' });
    await store.close();
    expect(await contents()).toEqual(before);
  });

  it('registrations in a cut file are those of a whole number of changes, wherever the file was cut', async () => {
    const store = await FileNameStore.open(path);
    const states: NameRecord[][] = [[]];
    for (const change of [record('one'), record('two', 'PYRO:€@h:1', ['€']), record('one', 'PYRO:other@h:1')]) {
      await store.put(change, PUT);
      states.push(await store.list({ by: 'all' }));
    }
    await store.remove(['two'], { takeover: false });
    states.push(await store.list({ by: 'all' }));
    await store.close();
    const bytes = await readFile(path);
    let reached = 0;
    for (let length = 0; length <= bytes.length; length++) {
      const cut = join(directory, 'cut');
      await writeFile(cut, bytes.subarray(0, length));
      const found = await contents(cut);
      if (reached + 1 < states.length && JSON.stringify(found) === JSON.stringify(states[reached + 1])) reached++;
      expect(found).toEqual(states[reached]);
      // and it can be written again
      const again = await FileNameStore.open(cut);
      await again.put(record('after'), PUT);
      await again.close();
      expect((await contents(cut)).map(({ name }) => name)).toContain('after');
    }
    expect(reached).toBe(states.length - 1);
  });

  it('registrations in a file are written anew when most lines of the file are old', async () => {
    const store = await FileNameStore.open(path);
    for (let round = 0; round < 1_100; round++) void store.put(record('same', `PYRO:x@h:${round + 1}`), PUT);
    await store.put(record('last'), PUT);
    await store.put(record('last'), PUT);
    await store.close();
    expect((await readFile(path, 'utf8')).split('\n').length).toBeLessThan(10);
    expect((await contents()).map(({ uri }) => uri)).toEqual(['PYRO:x@h:1100', 'PYRO:last@host:1']);
    expect(await readdir(directory)).toEqual(['names.journal']);
  });

  it('a file of registrations belongs to one process: a second process is refused, until the first has ended', async () => {
    const store = await FileNameStore.open(path);
    await expect(FileNameStore.open(path)).rejects.toThrow(`${path} is used by the name server in process ${process.pid}`);
    await store.close();
    await contents();
    expect(await readdir(directory)).toEqual(['names.journal']);
  });

  it('registrations in a file are read from a journal of the first version, which is written anew in the second one', async () => {
    const lines = [
      { format: 'nestjs-pyro names', version: 1 },
      { set: { name: 'one', uri: 'PYRO:one@host:1', metadata: ['tag'], lease: { owner: 'someone', ttlMs: 60_000 } } },
      { set: { name: 'two', uri: 'PYRO:two@host:1' } },
      { set: { name: 'three', uri: 'PYRO:three@host:1' } },
      { remove: ['two'] },
    ];
    await writeFile(path, `${lines.map((line) => JSON.stringify(line)).join('\n')}\n{"set":{"name":"cut`);
    const expected = [{ ...record('one', undefined, ['tag']), lease: { owner: 'someone', ttlMs: 60_000 } }, record('three')];
    expect(await contents()).toEqual(expected);
    expect(await readFile(path, 'utf8')).toContain('"version":2');
    expect(await contents()).toEqual(expected);
  });

  it('registrations in a file are read whatever their size is: lines are longer and shorter than what is read at a time', async () => {
    const store = await FileNameStore.open(path);
    const tags = Array.from({ length: 100 }, (_, index) => String(index).padEnd(1_000, '€'));
    await Promise.all(Array.from({ length: 30 }, (_, index) => store.put(record(`name${index}`, undefined, tags), PUT)));
    for (let index = 0; index < 30; index++) await store.put(record(`short${index}`), PUT);
    const before = store.list({ by: 'all' });
    await store.close();
    expect((await stat(path)).size).toBeGreaterThan(8_000_000);
    expect(await contents()).toEqual(before);
  });

  it('registrations in a file are those before the last batch, if this batch is damaged: its first bytes may be lost, and its last ones not', async () => {
    const store = await FileNameStore.open(path);
    await store.put(record('kept'), PUT);
    const { size } = await stat(path);
    await Promise.all(['first', 'second', 'third'].map((name) => store.put(record(name), PUT)));
    await store.close();
    const bytes = await readFile(path);
    const batch = bytes.lastIndexOf('\n', -2) + 1;
    expect(batch).toBeGreaterThan(size);
    await writeFile(
      path,
      Buffer.concat([
        bytes.subarray(0, size),
        Buffer.alloc(64),
        Buffer.from('\n'),
        bytes.subarray(size + 65, batch - 2),
        Buffer.alloc(2),
        Buffer.from('\n'),
      ]),
    );
    expect((await contents()).map(({ name }) => name)).toEqual(['kept']);
    // a line that is damaged before others was acknowledged
    const whole = await readFile(path);
    await writeFile(path, Buffer.concat([whole, Buffer.from('damaged\n'), whole.subarray(whole.indexOf('\n') + 1)]));
    await expect(FileNameStore.open(path)).rejects.toThrow(`line 3 of ${path} is damaged, and later lines are not`);
    expect((await readFile(path)).length).toBeGreaterThan(whole.length);
  });

  it('registrations in a file are all there when only the newline of the last line is lost: its checksum is right', async () => {
    const store = await FileNameStore.open(path);
    await store.put(record('one'), PUT);
    await store.put(record('last', undefined, ['tag']), PUT);
    const before = store.list({ by: 'all' });
    await store.close();
    const bytes = await readFile(path);
    await truncate(path, bytes.length - 1);
    expect(await contents()).toEqual(before);
    expect(await readFile(path)).toEqual(bytes);
  });

  it.each<[string, (file: string) => Promise<void>]>([
    ['removed', (file) => rm(file)],
    ['replaced by a copy', (file) => copyFile(file, `${file}.copy`).then(() => rename(`${file}.copy`, file))],
    ['emptied', (file) => truncate(file, 0)],
    ['cut', (file) => truncate(file, 100)],
    ['extended', (file) => appendFile(file, 'a diary\n')],
  ])(
    'registrations in a file are all written again before the next change is acknowledged, when the file was %s meanwhile',
    async (_, change) => {
      const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
      try {
        const store = await FileNameStore.open(path);
        await store.put(record('before', undefined, ['tag']), PUT);
        await store.put(record('gone'), PUT);
        await change(path);
        expect(await store.remove(['gone'], { takeover: false })).toBe(1);
        await store.put(record('after'), PUT);
        const kept = await store.list({ by: 'all' });
        await store.close();
        expect(kept.map(({ name }) => name)).toEqual(['before', 'after']);
        expect(await contents()).toEqual(kept);
        const text = `${path} was removed, replaced or changed by another program; the name server has written all its names again`;
        expect(warned.mock.calls).toEqual([[text, { code: 'PYRO_NAMES_FILE_CHANGED' }]]);
      } finally {
        warned.mockRestore();
      }
    },
  );

  it('registrations in a file with hard links are refused: a second name server would not see the lock', async () => {
    const other = join(directory, 'other');
    const store = await FileNameStore.open(path);
    await store.put(record('one'), PUT);
    await link(path, other);
    const refusal = { code: 'CONFIG', message: expect.stringContaining(`${other} has 2 names (hard links)`) as string };
    await expect(FileNameStore.open(other)).rejects.toMatchObject(refusal);
    await store.put(record('two'), PUT);
    await store.close();
    await rm(path);
    expect((await contents(other)).map(({ name }) => name)).toEqual(['one', 'two']);
  });

  it('registrations stay in the file that a symbolic link leads to, with its mode, when they are written anew', async () => {
    const target = join(directory, 'target');
    await (await FileNameStore.open(target)).close();
    await chmod(target, 0o600);
    await symlink(target, path);
    const store = await FileNameStore.open(path);
    await Promise.all(Array.from({ length: 1_200 }, (_, index) => store.put(record('same', `PYRO:x@h:${index + 1}`), PUT)));
    await store.close();
    expect((await lstat(path)).isSymbolicLink()).toBe(true);
    expect((await readFile(target, 'utf8')).split('\n')).toHaveLength(3);
    if (process.platform !== 'win32') expect((await stat(target)).mode & 0o777).toBe(0o600);
  });

  it.each([
    ['a directory', () => directory],
    ['a file in a file', () => join(path, 'names')],
  ])('registrations cannot be in %s: this is told as an error of the option', async (_, place) => {
    await writeFile(path, '');
    await expect(FileNameStore.open(place())).rejects.toMatchObject({
      code: 'CONFIG',
      message: expect.stringContaining(`storage: cannot use file:${place()}: `) as string,
    });
  });

  it('registrations in a file are not mixed up with other files', async () => {
    await writeFile(path, 'a diary\n');
    await expect(FileNameStore.open(path)).rejects.toThrow('is no file of registrations');
    expect(await readFile(path, 'utf8')).toBe('a diary\n');
  });
});

/** Bundles the store, so that programs of tests can use it. */
async function bundleOfStore(): Promise<string> {
  const { build } = await import('esbuild');
  const bundle = join(directory, 'store.mjs');
  await build({
    entryPoints: ['lib/name-server/store/file-store.ts'],
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: bundle,
  });
  return bundle;
}

describe('a disk that fails', () => {
  const failure = (): Error => Object.assign(new Error('EIO: i/o error'), { code: 'EIO' });
  let file: FileHandle;
  beforeEach(async () => {
    const handle = await open(join(directory, 'other'), 'w');
    file = Object.getPrototypeOf(handle) as FileHandle;
    await handle.close();
  });
  afterEach(() => void vi.restoreAllMocks());

  it('a store on a disk that fails shows and tells nothing that it has not kept yet, and nothing that it does not keep', async () => {
    const store = await FileNameStore.open(path);
    await store.put(record('before'), PUT);
    const changes: NameChange[] = [];
    store.watch((change) => void changes.push(change));
    const disk = new EventEmitter();
    const begun = once(disk, 'begun');
    vi.spyOn(file, 'datasync').mockImplementationOnce(async () => {
      disk.emit('begun');
      await once(disk, 'end');
      throw failure();
    });
    const failed = store.put(record('after'), PUT);
    await begun;
    const kept = store.remove(['before'], { takeover: false });
    expect((await store.list({ by: 'all' })).map(({ name }) => name)).toEqual(['before']);
    disk.emit('end');
    await expect(failed).rejects.toThrow(`cannot write ${path}: EIO`);
    expect(await kept).toBe(1);
    expect(changes).toEqual([{ kind: 'removed', name: 'before' }]);
    await store.close();
    expect(await contents()).toEqual([]);
  });

  it('a store on a disk that fails leaves a file that can be opened, when what it wrote in part cannot be cut off either', async () => {
    const store = await FileNameStore.open(path);
    await store.put(record('one'), PUT);
    const write = file.write as (...args: unknown[]) => Promise<unknown>;
    vi.spyOn(file, 'write').mockImplementationOnce(async function (this: FileHandle, ...[bytes, , , position]: unknown[]) {
      await write.call(this, bytes, 0, 30, position);
      throw failure();
    } as never);
    vi.spyOn(file, 'truncate').mockRejectedValueOnce(failure()).mockRejectedValueOnce(failure());
    await expect(store.put(record('two'), PUT)).rejects.toThrow('EIO');
    await expect(store.put(record('three'), PUT)).rejects.toThrow('EIO');
    await store.put(record('four'), PUT);
    await store.close();
    expect((await contents()).map(({ name }) => name)).toEqual(['one', 'four']);
  });

  it.skipIf(process.platform === 'win32')(
    'a new file has its name on the disk before the first registration is acknowledged',
    async () => {
      const sync = vi.spyOn(file, 'sync');
      const store = await FileNameStore.open(path);
      expect(sync).toHaveBeenCalledTimes(1);
      await store.close();
    },
  );
});

describe.skipIf(process.platform === 'win32')('a disk that is full', () => {
  /** Registers names until one cannot be written. Then more changes, and after them the file gets shorter: there is room again. */
  const PROGRAM = `
    const { FileNameStore } = await import(process.argv[1]);
    process.on('SIGXFSZ', () => undefined);
    const store = await FileNameStore.open(process.argv[2]);
    const OPTIONS = { safe: false, takeover: false };
    const record = (name, uri = 'PYRO:x@h:1') => ({ name, uri, metadata: undefined, lease: undefined });
    const failures = [];
    const attempt = (work) => work.then(() => true, (error) => void failures.push(error.message));
    let count = 0;
    while (await attempt(store.put(record('name' + count + '-'.repeat(500)), OPTIONS))) count++;
    const first = store.list({ by: 'all' })[0].name;
    const long = '-'.repeat(5_000);
    await Promise.all([
      attempt(store.put(record('lost' + long), OPTIONS)),
      attempt(store.put(record(first, 'PYRO:changed' + long + '@h:1'), OPTIONS)),
      attempt(store.remove([first], { takeover: false })),
    ]);
    const kept = await store.list({ by: 'all' });
    const isNextKept = await attempt(store.put(record('n'), OPTIONS));
    await store.close();
    console.log(JSON.stringify({ count, failures, kept, isNextKept }));`;

  it('a full disk takes no registration that it cannot keep: such a registration is taken back, and a shorter one is written', async () => {
    const bundle = await bundleOfStore();
    // the largest size that a file of the process may have, in blocks: writing beyond it fails as on a full disk
    const shell = 'ulimit -f 100; exec "$@"';
    const args = ['-c', shell, 'sh', process.execPath, '--input-type=module', '-e', PROGRAM, bundle, path];
    const child = spawn('/bin/sh', args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    for await (const chunk of child.stdout) output += String(chunk);
    const { count, failures, kept, isNextKept } = JSON.parse(output) as {
      count: number;
      failures: string[];
      kept: NameRecord[];
      isNextKept: boolean | undefined;
    };
    expect(count).toBeGreaterThan(10);
    const registered = Array.from({ length: count }, (_, number) => `name${number}${'-'.repeat(500)}`);
    // a name whose removal was taken back is in its old position, too
    expect(kept.map(({ name }) => name)).toEqual(registered);
    expect(new Set(kept.map(({ uri }) => uri))).toEqual(new Set(['PYRO:x@h:1']));
    expect(failures.slice(0, 4)).toHaveLength(4);
    for (const failure of failures) expect(failure).toMatch(/cannot write .*names.journal: EFBIG/);
    const names = (await contents()).map(({ name }) => name);
    expect(names.toSorted()).toEqual([...(isNextKept ? ['n'] : []), ...registered].toSorted());
    // with room again, the same file takes more
    const store = await FileNameStore.open(path);
    await store.put(record('next'), PUT);
    await store.close();
    expect((await contents()).map(({ name }) => name)).toEqual([...names, 'next']);
  });
});

describe('a process that is killed while it writes', () => {
  /**
   * Registers names one after the other, and prints each name that was acknowledged. One name changes so often that the file is written
   * anew again and again.
   */
  const PROGRAM = `
    const { FileNameStore } = await import(process.argv[1]);
    const store = await FileNameStore.open(process.argv[2]);
    let number = store.count();
    for (;;) {
      const names = Array.from({ length: 3 }, () => 'name' + number++);
      const changing = Array.from({ length: 300 }, () => store.put({ name: 'changes', uri: 'PYRO:x@h:' + number }, { safe: false, takeover: false }));
      await Promise.all([
        ...names.map((name) => store.put({ name, uri: 'PYRO:x@h:1', metadata: new Set([name]) }, { safe: true, takeover: false })),
        ...changing,
      ]);
      process.stdout.write(names.join('\\n') + '\\n');
    }`;

  it(
    `a process that is killed while it writes leaves every name that was acknowledged, ${KILLS} times`,
    async () => {
      const bundle = await bundleOfStore();
      let kills = 0;
      const killAgainAndAgain = async (_: unknown, number: number): Promise<void> => {
        const file = `${path}${number}`;
        const acknowledged = new Set<string>();
        while (kills++ < KILLS) {
          for (const name of await writeUntilKilled(bundle, file)) acknowledged.add(name);
          const found = new Set((await contents(file)).map(({ name }) => name));
          expect([...acknowledged].filter((name) => !found.has(name))).toEqual([]);
        }
        expect(acknowledged.size).toBeGreaterThan(0);
      };
      await Promise.all(Array.from({ length: Math.min(KILLS, FILES) }, killAgainAndAgain));
    },
    KILLS * 60_000,
  );

  /** Kills the program after some of the lines that it prints. @returns the names that it printed */
  async function writeUntilKilled(bundle: string, file: string): Promise<string[]> {
    const child = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM, bundle, file], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines = Math.ceil(Math.random() * 60);
    const names: string[] = [];
    for await (const name of createInterface(child.stdout)) {
      if (names.push(name) === lines) child.kill('SIGKILL');
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    return names;
  }
});
