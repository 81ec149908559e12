import { execFileSync, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ChangeLog } from '../../../../lib/name-server/watches/change-log.js';
import { nameFeed } from '../../../../lib/name-server/watches/name-feed.js';
import { NameLists } from '../../../../lib/name-server/names/name-lists.js';
import { DEFAULT_NAME_LIMITS } from '../../../../lib/name-server/names/name-rules.js';
import { openNameStore } from '../../../../lib/name-server/open-name-store.js';
import type { NameChange, NameRecord } from '../../../../lib/name-server/store/name-store.js';
import { openSqlite, type SqliteDatabase } from '../../../../lib/name-server/store/sql/sqlite.js';
import { leaseClockMs, SqlNames } from '../../../../lib/name-server/store/sql/sql-names.js';
import { SqlNameStore } from '../../../../lib/name-server/store/sql/sql-store.js';
import { WatchRoom } from '../../../../lib/name-server/watches/watch-room.js';
import { blockEventLoop } from '../../../event-loop.js';
import { HAS_SQLITE } from './stores.js';

const PUT = { safe: false, takeover: false };

let directory: string;
let path: string;
const cleanups: (() => unknown)[] = [];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'names-'));
  path = join(directory, 'names.sqlite');
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  await rm(directory, { recursive: true });
});

const record = (name: string, uri = `PYRO:${name}@host:1`, tags: string[] = []): NameRecord => ({
  name,
  uri,
  metadata: new Set(tags),
  lease: undefined,
});

/** @param sliceMs 0: others are served between any two steps */
function open(sliceMs?: number): SqlNameStore {
  const store = SqlNameStore.open(path, sliceMs);
  cleanups.push(() => store.close());
  return store;
}

/** Another connection to the file. */
function openOther(): SqliteDatabase {
  const database = openSqlite(path);
  cleanups.push(() => database.close());
  return database;
}

/** Registers the names x.1, x.2 and so on, with these numbers as ids. */
function fill(database: SqliteDatabase, count: number): void {
  database.exec(`
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})
    INSERT INTO pyro_names(name, uri) SELECT 'x.' || i, 'PYRO:a@h:1' FROM n`);
}

/** Runs a function after each call of a method. */
function after<Method extends 'numbered' | 'records' | 'extendLeases'>(
  method: Method,
  run: (result: ReturnType<SqlNames[Method]>) => void,
): void {
  const original = SqlNames.prototype[method] as (...args: unknown[]) => ReturnType<SqlNames[Method]>;
  const changed = function (this: SqlNames, ...args: unknown[]): unknown {
    const result = original.apply(this, args);
    run(result);
    return result;
  };
  const spy = vi.spyOn(SqlNames.prototype, method).mockImplementation(changed as never);
  cleanups.push(() => spy.mockRestore());
}

/** @returns moves the clock of the leases forward, as it moves while the process stands still */
function movableClock(): (ms: number) => void {
  const original = process.hrtime.bigint;
  let moved = 0n;
  const spy = vi.spyOn(process.hrtime, 'bigint').mockImplementation(() => original() + moved);
  cleanups.push(() => spy.mockRestore());
  return (ms) => void (moved += BigInt(ms) * 1_000_000n);
}

if (HAS_SQLITE) defineTests();
else defineRefusal();

function defineTests(): void {
  it('the clock of leases is the same for all processes of a machine', () => {
    const before = leaseClockMs();
    const program = 'process.stdout.write(String(Number(process.hrtime.bigint()) / 1e6))';
    const there = Number(execFileSync(process.execPath, ['-e', program], { encoding: 'utf8' }));
    expect(there).toBeGreaterThanOrEqual(before - 1);
    expect(there).toBeLessThanOrEqual(leaseClockMs() + 1);
  });

  it('a watch of an SQLite file counts the records of its list, which are copies', async () => {
    const store = open();
    for (let i = 0; i < 19; i++) await store.put(record(`name ${i}`), PUT);
    const follow = (maxWatchBytes: number): AsyncGenerator<unknown> => {
      const room = new WatchRoom({ maxWatches: 1, maxWatchBytes });
      const log = new ChangeLog(store, room);
      return nameFeed(
        new NameLists(store, DEFAULT_NAME_LIMITS),
        log,
        { prefix: '', tags: [] },
        new AbortController().signal,
        room.open(undefined),
      );
    };
    await expect(follow(4_000).next()).rejects.toThrow('limits.maxWatchBytes');
    const feed = follow(6_000);
    expect(await feed.next()).toMatchObject({ value: { change: 'registered' } });
    await feed.return(undefined);
  });

  it('a search by tags reads the names with the rarest tag alone, or each name with any tag once, in steps between which others are served', async () => {
    const store = open();
    const put = (name: string, tags: string[]): Promise<unknown> => store.put(record(name, 'PYRO:a@h:1', tags), PUT);
    const tags = ['a', 'b', 'c', 'd', 'e'];
    await Promise.all(Array.from({ length: 1_500 }, (_, index) => put(`name ${index}`, tags)));
    for (const name of ['x', 'y']) await put(name, [...tags, 'rare', name]);
    let now = 0;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => (now += 6));
    cleanups.push(() => clock.mockRestore());
    const reads = vi.spyOn(SqlNames.prototype, 'records');
    cleanups.push(() => reads.mockRestore());
    let turns = 0;
    const serve = (): void => void (turns++, setImmediate(serve).unref());
    setImmediate(serve).unref();
    const search = async (match: 'all' | 'any', asked: string[]): Promise<{ names: string[]; read: number }> => {
      reads.mockClear();
      const found = await store.list({ by: 'tags', tags: asked, match });
      return { names: found.map(({ name }) => name), read: reads.mock.calls.reduce((sum, [ids]) => sum + ids.length, 0) };
    };
    const names = [...Array.from({ length: 1_500 }, (_, index) => `name ${index}`), 'x', 'y'];
    expect(await search('any', [...tags, 'rare'])).toEqual({ names, read: 1_502 });
    expect(Math.max(...reads.mock.calls.map(([ids]) => ids.length))).toBe(100);
    expect(turns).toBeGreaterThanOrEqual(15 + 6);
    expect(await search('all', tags)).toEqual({ names, read: 1_502 });
    expect(await search('all', [...tags, 'rare'])).toEqual({ names: ['x', 'y'], read: 2 });
    expect(await search('all', [...tags, 'rare', 'y'])).toEqual({ names: ['y'], read: 1 });
    expect(await search('any', ['y', 'x', 'none', '\ud800'])).toEqual({ names: ['x', 'y'], read: 2 });
    expect(await search('all', ['rare', 'none'])).toEqual({ names: [], read: 0 });
    expect(await search('all', ['rare', '\ud800'])).toEqual({ names: [], read: 0 });
  });

  describe('registrations in an SQLite file', () => {
    it('a registration that another program makes again in an SQLite file is another one, and its bytes count', async () => {
      const store = open();
      await store.put({ ...record('name', 'PYRO:a@h:1', ['tag', 'ü']), lease: { owner: 'one', ttlMs: 60_000 } }, PUT);
      await store.put(record('name', 'PYRO:a@h:1', ['tag', 'ü']), { safe: false, takeover: true });
      const checked = store.get('name')!;
      const bytes = store.bytes();
      expect(bytes).toBe(200 + 4 + 10 + 85 + 3 + 85 + 1);
      // as Pyro5 registers a name again, see its SqlStorage.__setitem__
      const database = openSqlite(path);
      cleanups.push(() => database.close());
      database.exec(`
        PRAGMA foreign_keys = ON;
        DELETE FROM pyro_metadata; DELETE FROM pyro_names;
        INSERT INTO pyro_names(id, name, uri) VALUES (1, 'name', 'PYRO:a@h:1');
        INSERT INTO pyro_metadata(object, metadata) VALUES (1, 'tag'), (1, 'ü');`);
      expect(store.bytes()).toBe(bytes);
      expect(await store.removeUnchanged(checked)).toBe(false);
      const again = store.get('name')!;
      expect(again).toEqual(checked);
      expect(await open().removeUnchanged(again)).toBe(false);
      expect(await store.removeUnchanged(again)).toBe(true);
      expect(store.bytes()).toBe(0);
    });

    it('the bytes of registrations of an SQLite file that Pyro5 has made are counted when the file is opened', async () => {
      await SqlNameStore.open(path).close();
      const database = openSqlite(path);
      database.exec(`
        DROP TABLE nestjs_pyro_totals; DROP TABLE nestjs_pyro_changes; DROP TABLE nestjs_pyro_leases;
        DROP TRIGGER nestjs_pyro_name_added; DROP TRIGGER nestjs_pyro_name_changed; DROP TRIGGER nestjs_pyro_name_deleted;
        DROP TRIGGER nestjs_pyro_tag_added; DROP TRIGGER nestjs_pyro_tag_deleted;
        INSERT INTO pyro_names(id, name, uri) VALUES (1, 'a', 'PYRO:a@h:1'), (2, 'b', 'PYRO:b@h:1');
        INSERT INTO pyro_metadata(object, metadata) VALUES (2, 'tag');`);
      database.close();
      const store = open();
      expect(store.bytes()).toBe(2 * 211 + 88);
      expect(await store.removeUnchanged(store.get('a')!)).toBe(true);
      expect(store.bytes()).toBe(211 + 88);
    });

    it('a store in an SQLite file says by its id which name servers share its names', () => {
      const [one, two] = [open(), open()];
      const other = SqlNameStore.open(`${path}-other`);
      cleanups.push(() => other.close());
      expect(one.sharedId).toMatch(/^[0-9a-f]{64}$/);
      expect(two.sharedId).toBe(one.sharedId);
      expect(other.sharedId).not.toBe(one.sharedId);
    });

    it('registrations in an SQLite file are there when the file is opened again, tags and leases included', async () => {
      const store = SqlNameStore.open(path);
      await store.put(record('one', undefined, ['ü', 'b']), PUT);
      await store.put({ ...record('leased'), lease: { owner: 'someone', ttlMs: 60_000 } }, PUT);
      const before = await store.list({ by: 'all' });
      await store.close();
      expect(await open().list({ by: 'all' })).toEqual(before);
    });

    it('an SQLite file is safe from a second process: one of two gets a name, and each sees what the other does', async () => {
      const [one, other] = [open(), open()];
      const [taken, refused] = await Promise.all(
        [one, other].map((store, index) => store.put(record('name', `PYRO:a@h:${index + 1}`), { safe: true, takeover: false })),
      );
      expect([taken, refused].filter((answer) => answer === undefined)).toHaveLength(1);
      expect(one.get('name')).toEqual(other.get('name'));
      const changes: NameChange[] = [];
      other.watch((change) => void changes.push(change));
      await one.put(record('new', undefined, ['tag']), PUT);
      await one.setMetadata('name', new Set(['other']), { takeover: false });
      await expect
        .poll(() => changes)
        .toEqual([
          expect.objectContaining({
            kind: 'registered',
            record: expect.objectContaining({ name: 'name', metadata: new Set(['other']) }) as NameRecord,
          }),
          { kind: 'registered', record: record('new', undefined, ['tag']) },
        ]);
      await one.remove(['new'], { takeover: false });
      await expect.poll(() => changes.at(-1)).toEqual({ kind: 'removed', name: 'new' });
    });

    it('registrations in an SQLite file do not come back when they were gone because their lease has ended, and another process opens the file', async () => {
      const one = open();
      await one.put({ ...record('short'), lease: { owner: 'someone', ttlMs: 1_000 } }, PUT);
      await expect.poll(() => one.get('short'), { interval: 5, timeout: 60_000 }).toBeUndefined();
      expect(open().get('short')).toBeUndefined();
      expect(one.get('short')).toBeUndefined();
    });

    it('registrations in an SQLite file begin their leases anew when the file is opened: nobody could renew them before', async () => {
      const store = SqlNameStore.open(path);
      await store.put({ ...record('leased'), lease: { owner: 'someone', ttlMs: 60_000 } }, PUT);
      await store.close();
      const database = openSqlite(path);
      database.exec('UPDATE nestjs_pyro_leases SET ends_at = 1');
      database.close();
      expect(open().get('leased')).toMatchObject({ name: 'leased' });
    });

    it('registrations in an SQLite file fail with a NamingError while another process holds the file, and work again afterwards', async () => {
      const store = open();
      const database = openSqlite(path);
      cleanups.push(() => database.close());
      database.exec('BEGIN EXCLUSIVE');
      await expect(store.put(record('one'), PUT)).rejects.toMatchObject({
        code: 'NAMING',
        message: `the name server cannot use ${path}: database is locked`,
      });
      expect(() => store.get('one')).toThrow('database is locked');
      database.exec('ROLLBACK');
      expect(await store.put(record('one'), PUT)).toBeUndefined();
    });

    it('calls wait for another process that holds the file, and the checks of leases and changes do not: they are repeated', async () => {
      const waits: Record<string, number[]> = { hasEndedLeases: [], version: [], get: [] };
      for (const name of ['hasEndedLeases', 'version', 'get'] as const) {
        const original = SqlNames.prototype[name] as (...args: unknown[]) => unknown;
        const spy = vi.spyOn(SqlNames.prototype, name).mockImplementation(function (this: SqlNames, ...args: unknown[]) {
          const { timeout } = this['database'].prepare('PRAGMA busy_timeout').get() as { timeout: number };
          waits[name]!.push(timeout);
          return original.apply(this, args) as never;
        });
        cleanups.push(() => spy.mockRestore());
      }
      const store = open();
      const changes: NameChange[] = [];
      store.watch((change) => void changes.push(change));
      await store.list({ by: 'all' });
      const database = openSqlite(path);
      cleanups.push(() => database.close());
      database.exec('BEGIN EXCLUSIVE');
      waits.version = [];
      // twice: the first time has failed, since the file is busy
      await expect.poll(() => Math.min(waits.version!.length, waits.hasEndedLeases!.length), { timeout: 60_000 }).toBe(2);
      database.exec("INSERT INTO pyro_names(name, uri) VALUES ('name', 'PYRO:a@h:1'); COMMIT");
      await expect.poll(() => changes).toHaveLength(1);
      expect(store.get('name')).toMatchObject({ name: 'name' });
      expect(new Set([...waits.version!, ...waits.hasEndedLeases!])).toEqual(new Set([0]));
      expect(waits.get).toEqual([0, 2_000]);
    }, 90_000);

    it('a watch of many names begins and goes on while another process holds the file again and again', async () => {
      const store = open(0);
      const database = openSqlite(path);
      fill(database, 1_000);
      let after200 = true;
      let isHeld = false;
      let release: NodeJS.Timeout | undefined;
      cleanups.push(() => {
        isHeld = true;
        clearTimeout(release);
        database.close();
      });
      const hold = (): void => {
        if (isHeld) return;
        isHeld = true;
        database.exec('BEGIN EXCLUSIVE');
        release = setTimeout(() => {
          database.exec('COMMIT');
          isHeld = false;
        }, 20);
      };
      after('numbered', (page) => {
        // the list at the end of the pages would hold up the release
        if (page.length === 200 || !after200) setImmediate(hold);
      });
      const changes: NameChange[] = [];
      store.watch((change) => void changes.push(change));
      expect(await store.list({ by: 'all' })).toHaveLength(1_000);
      after200 = false;
      database.exec("INSERT INTO pyro_names(name, uri) VALUES ('new', 'PYRO:a@h:1'); DELETE FROM pyro_names WHERE id = 1");
      await expect
        .poll(() => changes)
        .toEqual([
          { kind: 'registered', record: record('new', 'PYRO:a@h:1') },
          { kind: 'removed', name: 'x.1' },
        ]);
    });

    it('a list waits for the beginning of a watch for as long as other calls wait, when another process holds the file', async () => {
      const store = open();
      const database = openOther();
      fill(database, 1);
      const changes: NameChange[] = [];
      store.watch((change) => void changes.push(change));
      database.exec('BEGIN EXCLUSIVE');
      await expect(store.list({ by: 'all' })).rejects.toMatchObject({
        code: 'NAMING',
        message: `the name server cannot use ${path}: database is locked`,
      });
      database.exec('ROLLBACK');
      expect(await store.list({ by: 'all' })).toHaveLength(1);
      database.exec('DELETE FROM pyro_names');
      await expect.poll(() => changes).toEqual([{ kind: 'removed', name: 'x.1' }]);
    });

    it('a watch that begins when another one has just ended misses no change', async () => {
      const store = open(0);
      const database = openOther();
      fill(database, 2_000);
      store.watch(() => undefined)();
      const changes: NameChange[] = [];
      store.watch((change) => void changes.push(change));
      // half of the names are read
      for (let turn = 0; turn < 5; turn++) await nextTurn();
      const list = store.list({ by: 'all' });
      while (!store['feed']['isKnown']) await nextTurn();
      database.exec("UPDATE pyro_names SET uri = 'PYRO:b@h:1' WHERE id = 2000");
      await list;
      await expect.poll(() => changes).toEqual([{ kind: 'registered', record: record('x.2000', 'PYRO:b@h:1') }]);
    });

    it('a list of many names has those that pyro5-ns registers again meanwhile, whichever ids they get', async () => {
      const store = open();
      const database = openOther();
      fill(database, 1_001);
      const steps: string[] = [];
      after('records', () => database.exec(`BEGIN; ${steps.shift() ?? ''}; COMMIT`));
      const again = (name: string): string =>
        `DELETE FROM pyro_names WHERE name = '${name}'; INSERT INTO pyro_names(name, uri) VALUES ('${name}', 'PYRO:b@h:1');`;
      const listed = async (): Promise<string[]> => (await store.list({ by: 'prefix', prefix: 'x.' })).map(({ name }) => name);
      const names = Array.from({ length: 1_001 }, (_, index) => `x.${index + 1}`);
      // the last name gets the id of one that was read already
      steps.push(...Array<string>(9).fill(''), `DELETE FROM pyro_names WHERE name = 'x.1000'; ${again('x.1001')}`);
      expect(await listed()).toEqual(names);
      names.splice(999, 1);
      // all names after the first 500, which are more than a step reads of those that were registered again
      steps.push(`${names.slice(500).map(again).join('')} INSERT INTO pyro_names(name, uri) VALUES ('y', 'PYRO:a@h:1')`);
      expect(await listed()).toEqual(names);
      steps.push(again('x.1001') + names.slice(400, 999).map(again).join(''));
      expect(new Set(await listed())).toEqual(new Set(names));
    });

    it('registrations of an old Pyro, without tags, are taken over', async () => {
      const database = openSqlite(path);
      database.exec(
        "CREATE TABLE pyro_names (name nvarchar PRIMARY KEY NOT NULL, uri nvarchar NOT NULL); INSERT INTO pyro_names VALUES ('old', 'PYRO:a@h:1')",
      );
      database.close();
      expect(await open().list({ by: 'all' })).toEqual([record('old', 'PYRO:a@h:1')]);
    });

    it('names with half of a surrogate pair are refused in an SQLite file', async () => {
      const store = open();
      await expect(store.put(record('\uD800'), PUT)).rejects.toThrow('has half of a surrogate pair');
      await store.put(record('\uFFFD'), PUT);
      expect(store.get('\uD800')).toBeUndefined();
    });

    it('a name with a zero character is another name than its beginning, and its texts are read in full', async () => {
      const store = open();
      const seen: string[] = [];
      open().watch((change) => void (change.kind === 'registered' && seen.push(change.record.name)));
      const own = { ...record('lab.camera', 'PYRO:good@h:1', ['camera']), lease: { owner: 'one', ttlMs: 60_000 } };
      const other = { ...record('lab.camera\0x', 'PYRO:ev\0il@h:1', ['camera', 'a\0b']), lease: { owner: '\0', ttlMs: 60_000 } };
      for (const one of [own, other]) await store.put(one, PUT);
      expect(await store.list({ by: 'all' })).toEqual([own, other]);
      expect(await store.list({ by: 'tags', tags: ['camera'], match: 'all' })).toEqual([own, other]);
      expect(await store.list({ by: 'prefix', prefix: 'lab.camera\0' })).toEqual([other]);
      expect([store.get(own.name), store.get(other.name)]).toEqual([own, other]);
      await expect.poll(() => seen).toEqual([own.name, other.name]);
      const database = openSqlite(path);
      cleanups.push(() => database.close());
      database.exec('UPDATE nestjs_pyro_leases SET ends_at = 1 WHERE object = 2');
      await expect.poll(() => store.get(other.name)).toBeUndefined();
      expect(store.get(own.name)).toEqual(own);
    });

    it('names with tags that pyro5-ns keeps as bytes are listed', async () => {
      const store = open();
      await store.put(record('name'), PUT);
      const database = openSqlite(path);
      database.exec("INSERT INTO pyro_metadata(object, metadata) VALUES (1, X'616263')");
      database.close();
      expect(await store.list({ by: 'all' })).toEqual([record('name', undefined, ['abc'])]);
    });

    it('many names are listed, renewed, removed and watched in steps between which others are served', async () => {
      const [store, other] = [open(), open()];
      const database = openSqlite(path);
      database.exec(`
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
        INSERT INTO pyro_names(name, uri) SELECT 'x.' || i, 'PYRO:a@h:1' FROM n;
        INSERT INTO nestjs_pyro_leases SELECT id, 'one', 60000, 1 FROM pyro_names WHERE id <= 1200;
        UPDATE nestjs_pyro_leases SET ends_at = 1e15`);
      database.close();
      const removed = new Set<string>();
      other.watch((change) => void (change.kind === 'removed' && removed.add(change.name)));
      const names = Array.from({ length: 2_000 }, (_, index) => `x.${index + 1}`);
      const uris = async (): Promise<string[]> => ((await other.list({ by: 'all' })) as NameRecord[]).map(({ name }) => name);
      expect(await uris()).toEqual(names);
      expect(await store.renew('one', [...names, 'none'])).toEqual([...names.slice(1_200), 'none']);
      const removal = store.remove([...names, 'x.1'], { takeover: false });
      expect(await store.put(record('between'), PUT)).toBeUndefined();
      expect(store.count()).toBeGreaterThan(1_201);
      expect(await removal).toBe(800);
      expect(await uris()).toEqual([...names.slice(0, 1_200), 'between']);
      await expect.poll(() => removed.size).toBe(800);
      const two = openSqlite(path);
      cleanups.push(() => two.close());
      two.exec('UPDATE nestjs_pyro_leases SET ends_at = 1');
      await expect.poll(() => store.count()).toBe(1);
      await expect.poll(() => removed.size).toBe(2_000);
    });

    it('time for which the process stood still makes no lease longer that begins later, nor any longer than its full time', async () => {
      const store = open();
      await store.put({ ...record('old'), lease: { owner: 'one', ttlMs: 3_600_000 } }, PUT);
      const ends = (): number[] => {
        const database = openSqlite(path);
        const rows = database.prepare('SELECT ends_at - ttl_ms AS begun FROM nestjs_pyro_leases ORDER BY object').all();
        database.close();
        return (rows as { begun: number }[]).map(({ begun }) => begun);
      };
      blockEventLoop(3_000);
      // timers come first: the store looks at its leases, and none has ended
      await new Promise((resolve) => setTimeout(resolve));
      await expect.poll(() => store['stoodStillMs']).toBe(0);
      await store.put({ ...record('later'), lease: { owner: 'one', ttlMs: 3_600_000 } }, PUT);
      await store.put({ ...record('ends'), lease: { owner: 'one', ttlMs: 1 } }, PUT);
      await expect.poll(() => store.get('ends'), { interval: 5 }).toBeUndefined();
      expect(Math.max(...ends())).toBeLessThanOrEqual(leaseClockMs());
    });

    it('leases whose names another program has deleted are deleted when they end, once', async () => {
      const store = open();
      for (const name of ['deleted', 'other', 'stays']) {
        await store.put({ ...record(name), lease: { owner: 'one', ttlMs: 3_600_000 } }, PUT);
      }
      const changes: NameChange[] = [];
      store.watch((change) => void changes.push(change));
      await store.list({ by: 'all' });
      const transact = vi.spyOn(SqlNames.prototype, 'transact');
      cleanups.push(() => transact.mockRestore());
      const database = openOther();
      database.exec(`
        PRAGMA foreign_keys = OFF;
        BEGIN;
        DELETE FROM pyro_names WHERE name = 'deleted';
        UPDATE nestjs_pyro_leases SET ends_at = 1 WHERE object <= 2;
        COMMIT`);
      const leases = 'SELECT object FROM nestjs_pyro_leases';
      await expect.poll(() => database.prepare(leases).all().length).toBe(1);
      await expect
        .poll(() => changes.map((change) => change.kind === 'removed' && change.name).sort((a, b) => (a < b ? -1 : 1)))
        .toEqual(['deleted', 'other']);
      await store['sweep']();
      expect(transact).toHaveBeenCalledTimes(1);
      expect(await store.remove(['stays'], { takeover: true })).toBe(1);
      expect(store.bytes()).toBe(0);
    });

    it('leases get time for which the process stood still once each, when the file is busy meanwhile', async () => {
      const store = open();
      const database = openOther();
      fill(database, 1_200);
      const move = movableClock();
      database.exec("INSERT INTO nestjs_pyro_leases SELECT id, 'one', 3600000, 0 FROM pyro_names");
      database.prepare('UPDATE nestjs_pyro_leases SET ends_at = ?').run(leaseClockMs() + 100_000);
      const ends = (): unknown[] =>
        database.prepare('SELECT ends_at, COUNT(*) AS count FROM nestjs_pyro_leases GROUP BY 1').all();
      const [before] = ends() as { ends_at: number }[];
      let isHeld = false;
      after('extendLeases', (last) => {
        if (last === undefined) return;
        database.exec('BEGIN EXCLUSIVE');
        isHeld = true;
      });
      clearInterval(store['sweeper']);
      move(10_000);
      let sweeps = 0;
      do {
        await store['sweep']();
        if (isHeld) database.exec('ROLLBACK');
        isHeld = false;
      } while (store['stoodStillMs'] > 0 && ++sweeps < 20);
      expect(ends()).toEqual([{ ends_at: expect.any(Number) as number, count: 1_200 }]);
      expect((ends() as { ends_at: number }[])[0]!.ends_at).toBeGreaterThanOrEqual(before!.ends_at + 8_500);
      expect(store['stoodStillMs']).toBe(0);
    });

    it('no lease ends because the process stood still while it looked at the leases', async () => {
      const store = open();
      clearInterval(store['sweeper']);
      const move = movableClock();
      await store.put({ ...record('name'), lease: { owner: 'one', ttlMs: 5_000 } }, PUT);
      const pauses = [10_000];
      after('extendLeases', () => move(pauses.shift() ?? 0));
      move(3_000);
      await store['sweep']();
      expect(store.get('name')).toBeDefined();
      await store['sweep']();
      expect(store.get('name')).toBeDefined();
      let sweeps = 0;
      for (; store.get('name') && sweeps < 100; sweeps++) {
        move(1_000);
        await store['sweep']();
      }
      expect(sweeps).toBeLessThan(100);
    });

    it('registrations in an SQLite file are found by an index, whether a prefix or a tag selects them', () => {
      open();
      const database = openSqlite(path);
      cleanups.push(() => database.close());
      const plan = (sql: string): string => JSON.stringify(database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all());
      expect(plan("SELECT * FROM pyro_names WHERE name >= 'a' AND name < 'b'")).toContain('SEARCH');
      expect(plan("SELECT object FROM pyro_metadata WHERE metadata = 'a'")).toContain('nestjs_pyro_metadata_tag');
    });

    it('registrations are not looked for in other SQLite files, nor in memory', async () => {
      await writeFile(path, 'a diary, and a long one: '.repeat(100));
      await expect(openNameStore(`sql:${path}`)).rejects.toThrow(`storage: cannot open sql:${path}: file is not a database`);
      await expect(openNameStore('sql::memory:')).rejects.toThrow('not in :memory:');
      await expect(openNameStore(`sql:${directory}/none/x`)).rejects.toThrow('unable to open database file');
    });
  });

  it('a process that is killed while it writes leaves every name that was acknowledged', async () => {
    const { build } = await import('esbuild');
    const bundle = join(directory, 'store.mjs');
    await build({
      entryPoints: ['lib/name-server/store/sql/sql-store.ts'],
      bundle: true,
      platform: 'node',
      format: 'esm',
      outfile: bundle,
    });
    const program = `
      const { SqlNameStore } = await import(process.argv[1]);
      const store = SqlNameStore.open(process.argv[2]);
      for (let number = store.count(); ; number++) {
        await store.put({ name: 'name' + number, uri: 'PYRO:x@h:1', metadata: new Set(['tag']), lease: undefined }, { safe: true, takeover: false });
        process.stdout.write('name' + number + ' ');
      }`;
    const acknowledged = new Set<string>();
    for (let kill = 0; kill < Number(process.env.LONG_KILLS ?? 3); kill++) {
      const child = spawn(process.execPath, ['--no-warnings', '--input-type=module', '-e', program, bundle, path], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let output = '';
      const wanted = Math.ceil(Math.random() * 300);
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        if (output.length > wanted) child.kill('SIGKILL');
      });
      await once(child, 'close');
      for (const name of output.split(' ').slice(0, -1)) acknowledged.add(name);
      const store = SqlNameStore.open(path);
      const found = new Set((await store.list({ by: 'all' })).map(({ name, metadata }) => `${name}${metadata!.size}`));
      await store.close();
      expect([...acknowledged].filter((name) => !found.has(`${name}1`))).toEqual([]);
    }
    expect(acknowledged.size).toBeGreaterThan(0);
  }, 600_000);
}

function defineRefusal(): void {
  it('a Node without SQLite is told so, with the version that has it and what works with every Node', async () => {
    await expect(openNameStore('sql:names.sqlite')).rejects.toMatchObject({
      code: 'CONFIG',
      message: `storage: sql:names.sqlite needs Node 22.13 or later, which has node:sqlite, and this is Node ${process.version}; file:PATH keeps names in a file with every Node`,
    });
  });
}
