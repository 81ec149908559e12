import type { NameRecord, NameRemoveOptions } from '../name-store.js';
import { conditionOf, LISTED, type NameRange } from './sql-selection.js';
import { makeTables } from './sql-schema.js';
import { openSqlite, type SqliteDatabase, type SqliteStatement, type SqliteValue } from './sqlite.js';
import { hasUtf8 } from '../stored-text.js';

/** Longest wait of a statement while another process writes. Nothing else is served meanwhile; a registration takes a few milliseconds. */
export const BUSY_MS = 2_000;

/** A registration in a row. */
type NameRow = [name: string, uri: string, owner: string | null, ttlMs: number, number: number, tags: string[]];

/** A row with a value as JSON. */
interface Json {
  readonly json: string;
}

/** A name, and the number of its registration: no other registration has the number. */
type Numbered = [id: number, name: string, number: number];

/**
 * Rows as JSON: SQLite of some versions of Node gives a text only up to its first zero character, and a name would be read as another one.
 * A list is read three times as fast, too. Pyro5 keeps a tag that is not a text as a BLOB, which JSON cannot express.
 *
 * A name whose lease has ended counts until its row is deleted: nobody sees a name again that was gone.
 */
const SELECT = `
  SELECT json_array(n.name, n.uri, l.owner, l.ttl_ms, c.number,
    json((SELECT json_group_array(CAST(metadata AS TEXT)) FROM pyro_metadata WHERE object = n.id))) AS json
  FROM pyro_names n LEFT JOIN nestjs_pyro_leases l ON l.object = n.id LEFT JOIN nestjs_pyro_changes c ON c.object = n.id`;

/**
 * The clock of the leases: milliseconds since the machine was started, for all processes of the machine alike. It does not follow the
 * calendar, so no lease ends because the time of day is set. After a restart of the machine the clock begins anew, as the leases do when
 * the file is opened.
 */
export function leaseClockMs(): number {
  return Math.round(Number(process.hrtime.bigint()) / 1e6);
}

/** The statements on an SQLite file of names. Each throws the error of SQLite. */
export class SqlNames {
  /** The number of each registration that was read. */
  private readonly numbers = new WeakMap<NameRecord, number>();
  private readonly statements = new Map<string, SqliteStatement>();
  /** Number of names, for as long as the file has this version: to count 100,000 names takes SQLite 0.5 ms. */
  private counted: { readonly version: number; count: number } | undefined;

  private constructor(private readonly database: SqliteDatabase) {}

  static open(path: string): SqlNames {
    const database = openSqlite(path);
    try {
      database.exec(`${waitFor(BUSY_MS)}; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON`);
      makeTables(database);
      const names = new SqlNames(database);
      names.run('UPDATE nestjs_pyro_leases SET ends_at = ? + ttl_ms', leaseClockMs());
      return names;
    } catch (error) {
      database.close();
      throw error;
    }
  }

  /** Runs work whose statements fail at once while another process writes. */
  withoutWaiting<Result>(work: () => Result): Result {
    this.database.exec(waitFor(0));
    try {
      return work();
    } finally {
      this.database.exec(waitFor(BUSY_MS));
    }
  }

  /** Runs work in one transaction. When it throws, nothing has changed. */
  transact(work: () => void): void {
    this.database.exec('BEGIN IMMEDIATE');
    try {
      work();
      this.database.exec('COMMIT');
    } catch (error) {
      this.counted = undefined;
      // SQLite has ended the transaction already after some errors, of a full disk for example
      try {
        this.database.exec('ROLLBACK');
      } catch {
        // the first error is thrown, because it says more
      }
      throw error;
    }
  }

  get(name: string): NameRecord | undefined {
    if (!hasUtf8(name)) return undefined;
    const row = this.prepared(`${SELECT} WHERE n.name = ?`).get(name);
    return row === undefined ? undefined : this.recordOf(row as Json);
  }

  /** The ids of the selected names, in the order of their registration. 200,000 take some 40 ms. */
  ids(selection: NameRange): number[] {
    const [condition, values] = conditionOf(selection);
    const ids = `SELECT n.id FROM pyro_names n WHERE ${condition} ORDER BY n.id`;
    return this.json(`SELECT json_group_array(id) AS json FROM (${ids})`, ...values) as number[];
  }

  /** The ids of names with a tag, the first that are greater than this one, at most `count`. @param tag a text that UTF-8 can express */
  idsWith(tag: string, afterId: number, count: number): number[] {
    const ids = 'SELECT DISTINCT object FROM pyro_metadata WHERE metadata = ? AND object > ? ORDER BY object LIMIT ?';
    return this.json(`SELECT json_group_array(object) AS json FROM (${ids})`, tag, afterId, count) as number[];
  }

  /** How many names have a tag. @param most counts no further @param tag a text that UTF-8 can express */
  countWith(tag: string, most: number): number {
    const some = 'SELECT 1 FROM pyro_metadata WHERE metadata = ? LIMIT ?';
    return (this.prepared(`SELECT COUNT(*) AS count FROM (${some})`).get(tag, most) as { count: number }).count;
  }

  /** The records with these ids, in the order of their registration. */
  records(ids: readonly number[]): NameRecord[] {
    const rows = this.prepared(`${SELECT} WHERE n.id IN ${LISTED} ORDER BY n.id`).all(JSON.stringify(ids));
    return (rows as Json[]).map((row) => this.recordOf(row));
  }

  /** The selected registrations that were made after the one with this number, at most `count`, in the order of their numbers. */
  recordsSince(number: number, selection: NameRange, count: number): NameRecord[] {
    const [condition, values] = conditionOf(selection);
    const rows = this.prepared(`${SELECT} WHERE ${condition} AND c.number > ? ORDER BY c.number LIMIT ?`).all(
      ...values,
      number,
      count,
    );
    return (rows as Json[]).map((row) => this.recordOf(row));
  }

  /** The first names whose ids are greater than this one, at most `count`. */
  numbered(afterId: number, count: number): Numbered[] {
    const rows = `
      SELECT n.id, n.name, c.number FROM pyro_names n LEFT JOIN nestjs_pyro_changes c ON c.object = n.id
      WHERE n.id > ? ORDER BY n.id LIMIT ?`;
    const all = `SELECT json_group_array(json_array(id, name, number)) AS json FROM (${rows})`;
    return this.json(all, afterId, count) as Numbered[];
  }

  count(): number {
    const version = this.version();
    if (this.counted?.version !== version) {
      const { count } = this.prepared('SELECT COUNT(*) AS count FROM pyro_names').get() as { count: number };
      this.counted = { version, count };
    }
    return this.counted.count;
  }

  /** Bytes of all registrations together. */
  bytes(): number {
    return (this.prepared('SELECT bytes FROM nestjs_pyro_totals').get() as { bytes: number }).bytes;
  }

  /** True when a registration that was read is the present one of its name. */
  isUnchanged(record: NameRecord): boolean {
    const number = this.numbers.get(record);
    const current = number === undefined ? undefined : this.get(record.name);
    return current !== undefined && this.numbers.get(current) === number;
  }

  /** The number of the last registration. */
  lastNumber(): number {
    return (this.prepared('SELECT changes FROM nestjs_pyro_totals').get() as { changes: number }).changes;
  }

  /** The number of a registration that was read. */
  numberOf(record: NameRecord): number | undefined {
    return this.numbers.get(record);
  }

  /** Registers a name, even if another registration is in the way. A registered name keeps its position. */
  set(record: NameRecord): void {
    const { name, uri, lease } = record;
    if (this.run('UPDATE pyro_names SET uri = ? WHERE name = ?', uri, name) === 0) {
      this.run('INSERT INTO pyro_names(name, uri) VALUES (?, ?)', name, uri);
      if (this.counted) this.counted.count++;
    }
    this.setTags(record);
    const object = 'SELECT id FROM pyro_names WHERE name = ?';
    this.run(`DELETE FROM nestjs_pyro_leases WHERE object = (${object})`, name);
    if (lease === undefined) return;
    const insert = `INSERT INTO nestjs_pyro_leases(object, owner, ttl_ms, ends_at) VALUES ((${object}), ?, ?, ?)`;
    this.run(insert, name, lease.owner, lease.ttlMs, leaseClockMs() + lease.ttlMs);
  }

  /** Replaces the tags of a name. */
  changeTags(record: NameRecord): void {
    // the registration gets a new number
    this.run('UPDATE pyro_names SET uri = uri WHERE name = ?', record.name);
    this.setTags(record);
  }

  /** Deletes names that may be removed. @param names texts that UTF-8 can express @returns the names that were deleted */
  delete(names: readonly string[], { owner, takeover }: NameRemoveOptions): string[] {
    const removable = `
      SELECT json_group_array(json_array(n.id, n.name)) AS json
      FROM pyro_names n LEFT JOIN nestjs_pyro_leases l ON l.object = n.id
      WHERE n.name IN ${LISTED} AND (l.object IS NULL OR ? OR l.owner = ?)`;
    const found = this.json(removable, JSON.stringify(names), takeover ? 1 : 0, owner ?? null) as [id: number, name: string][];
    this.deleteRows(found.map(([id]) => id));
    const deleted = new Set(found.map(([, name]) => name));
    // each once, in the order that was given
    return names.filter((name) => deleted.delete(name));
  }

  /** Begins leases anew. @param names texts that UTF-8 can express @returns the names that the owner holds no lease of */
  renew(owner: string, names: readonly string[]): string[] {
    const given = JSON.stringify(names);
    const held = `
      SELECT json_group_array(n.name) AS json FROM pyro_names n JOIN nestjs_pyro_leases l ON l.object = n.id
      WHERE n.name IN ${LISTED} AND l.owner = ?`;
    const update = `
      UPDATE nestjs_pyro_leases SET ends_at = ? + ttl_ms
      WHERE object IN (SELECT id FROM pyro_names WHERE name IN ${LISTED}) AND owner = ?`;
    const renewed = new Set(this.json(held, given, owner) as string[]);
    if (renewed.size > 0) this.run(update, leaseClockMs(), given, owner);
    return names.filter((name) => !renewed.has(name));
  }

  /** True when half of the lease of a name, or more, is over. */
  isOverdue(name: string): boolean {
    const overdue = `
      SELECT 1 FROM nestjs_pyro_leases
      WHERE object = (SELECT id FROM pyro_names WHERE name = ?) AND ends_at - ? <= ttl_ms / 2`;
    return this.prepared(overdue).get(name, leaseClockMs()) !== undefined;
  }

  /**
   * Makes leases longer, the first whose names have ids greater than this one. No lease gets more than its full time.
   *
   * @param before leases that began later stay as they are, by the clock of the leases
   * @returns the last id; undefined when there are no more
   */
  extendLeases(byMs: number, before: number, afterId: number, count: number): number | undefined {
    const ids = 'SELECT object FROM nestjs_pyro_leases WHERE object > ? ORDER BY object LIMIT ?';
    const { last } = this.prepared(`SELECT MAX(object) AS last FROM (${ids})`).get(afterId, count) as { last: number | null };
    if (last === null) return undefined;
    const update = `
      UPDATE nestjs_pyro_leases SET ends_at = MIN(ends_at + ?, ? + ttl_ms)
      WHERE object > ? AND object <= ? AND ends_at < ? + ttl_ms`;
    this.run(update, byMs, before, afterId, last, before);
    return last;
  }

  hasEndedLeases(): boolean {
    return this.prepared('SELECT 1 FROM nestjs_pyro_leases WHERE ends_at <= ? LIMIT 1').get(leaseClockMs()) !== undefined;
  }

  /**
   * Deletes leases that have ended, at most `count`, with their names.
   *
   * @returns the name of each lease; null when another program had deleted the name and left the lease
   */
  deleteEnded(count: number): (string | null)[] {
    const ended = `
      SELECT l.object, n.name FROM nestjs_pyro_leases l LEFT JOIN pyro_names n ON n.id = l.object WHERE l.ends_at <= ? LIMIT ?`;
    const all = `SELECT json_group_array(json_array(object, name)) AS json FROM (${ended})`;
    const found = this.json(all, leaseClockMs(), count) as [id: number, name: string | null][];
    const ids = found.map(([id]) => id);
    this.run(`DELETE FROM nestjs_pyro_leases WHERE object IN ${LISTED}`, JSON.stringify(ids));
    this.deleteRows(ids);
    return found.map(([, name]) => name);
  }

  /** A number that changes when another process has changed the file. */
  version(): number {
    return (this.prepared('PRAGMA data_version').get() as { data_version: number }).data_version;
  }

  close(): void {
    this.database.close();
  }

  private setTags({ name, metadata }: NameRecord): void {
    const object = 'SELECT id FROM pyro_names WHERE name = ?';
    this.run(`DELETE FROM pyro_metadata WHERE object = (${object})`, name);
    const insert = `INSERT INTO pyro_metadata(object, metadata) VALUES ((${object}), ?)`;
    for (const tag of metadata ?? []) this.run(insert, name, tag);
  }

  private deleteRows(ids: readonly number[]): void {
    const given = JSON.stringify(ids);
    this.run(`DELETE FROM pyro_metadata WHERE object IN ${LISTED}`, given);
    const deleted = this.run(`DELETE FROM pyro_names WHERE id IN ${LISTED}`, given);
    if (this.counted) this.counted.count -= deleted;
  }

  private recordOf({ json }: Json): NameRecord {
    const [name, uri, owner, ttlMs, number, tags] = JSON.parse(json) as NameRow;
    const lease = owner === null ? undefined : { owner, ttlMs };
    const record = { name, uri, metadata: new Set(tags), lease };
    this.numbers.set(record, number);
    return record;
  }

  private json(sql: string, ...values: SqliteValue[]): unknown {
    return JSON.parse((this.prepared(sql).get(...values) as Json).json);
  }

  private run(sql: string, ...values: SqliteValue[]): number {
    return Number(this.prepared(sql).run(...values).changes);
  }

  private prepared(sql: string): SqliteStatement {
    let statement = this.statements.get(sql);
    if (statement === undefined) this.statements.set(sql, (statement = this.database.prepare(sql)));
    return statement;
  }
}

const waitFor = (busyMs: number): string => `PRAGMA busy_timeout = ${busyMs}`;
