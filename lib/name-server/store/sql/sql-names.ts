import type { NameRecord, NameSelection } from '../name-store.js';
import { makeTables } from './sql-schema.js';
import { openSqlite, type SqliteDatabase, type SqliteStatement } from './sqlite.js';
import { hasUtf8 } from '../stored-text.js';

/** Longest wait of a statement while another process writes. Nothing else is served meanwhile; a registration takes a few milliseconds. */
const BUSY_MS = 2_000;

/** A registration with its lease, and its tags as a JSON list. */
interface Row {
  readonly name: string;
  readonly uri: string;
  readonly tags: string;
  readonly owner: string | null;
  readonly ttlMs: number;
  /** Number of the registration: no other one has it. */
  readonly number: number;
}

/** A name whose lease has ended counts until its row is deleted: nobody sees a name again that was gone. */
const SELECT = `
  SELECT n.name, n.uri, l.owner, l.ttl_ms AS ttlMs, c.number,
    (SELECT json_group_array(metadata) FROM pyro_metadata WHERE object = n.id) AS tags
  FROM pyro_names n LEFT JOIN nestjs_pyro_leases l ON l.object = n.id LEFT JOIN nestjs_pyro_changes c ON c.object = n.id`;
const HAS_ANY = 'SELECT object FROM pyro_metadata WHERE metadata IN (SELECT value FROM json_each(?))';
const HAS_ALL = `${HAS_ANY} GROUP BY object HAVING COUNT(DISTINCT metadata) = (SELECT COUNT(DISTINCT value) FROM json_each(?))`;

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
    return row === undefined ? undefined : this.recordOf(row as Row);
  }

  list(selection: NameSelection): NameRecord[] {
    const [condition, values] = conditionOf(selection);
    const rows = this.prepared(`${SELECT} WHERE ${condition} ORDER BY n.id`).all(...values);
    return (rows as Row[]).map((row) => this.recordOf(row));
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

  delete(name: string): void {
    this.run('DELETE FROM pyro_metadata WHERE object = (SELECT id FROM pyro_names WHERE name = ?)', name);
    const deleted = this.run('DELETE FROM pyro_names WHERE name = ?', name);
    if (this.counted) this.counted.count -= deleted;
  }

  /** @returns false when the owner holds no lease of the name */
  renew(owner: string, name: string): boolean {
    const update = `
      UPDATE nestjs_pyro_leases SET ends_at = ? + ttl_ms
      WHERE object = (SELECT id FROM pyro_names WHERE name = ?) AND owner = ?`;
    return hasUtf8(name) && this.run(update, leaseClockMs(), name, owner) > 0;
  }

  /** True when half of the lease of a name, or more, is over. */
  isOverdue(name: string): boolean {
    const overdue = `
      SELECT 1 FROM nestjs_pyro_leases
      WHERE object = (SELECT id FROM pyro_names WHERE name = ?) AND ends_at - ? <= ttl_ms / 2`;
    return this.prepared(overdue).get(name, leaseClockMs()) !== undefined;
  }

  /** Makes all leases longer. */
  extendLeases(byMs: number): void {
    this.run('UPDATE nestjs_pyro_leases SET ends_at = ends_at + ?', byMs);
  }

  hasEndedLeases(): boolean {
    return this.prepared('SELECT 1 FROM nestjs_pyro_leases WHERE ends_at <= ? LIMIT 1').get(leaseClockMs()) !== undefined;
  }

  /** @returns the names that were deleted, because their leases have ended */
  deleteEnded(): string[] {
    const ended = `
      SELECT n.name FROM nestjs_pyro_leases l JOIN pyro_names n ON n.id = l.object WHERE l.ends_at <= ?`;
    const names = (this.prepared(ended).all(leaseClockMs()) as { name: string }[]).map(({ name }) => name);
    for (const name of names) this.delete(name);
    return names;
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

  private recordOf({ name, uri, tags, owner, ttlMs, number }: Row): NameRecord {
    const lease = owner === null ? undefined : { owner, ttlMs };
    const record = { name, uri, metadata: new Set(JSON.parse(tags) as string[]), lease };
    this.numbers.set(record, number);
    return record;
  }

  private run(sql: string, ...values: (string | number)[]): number {
    return Number(this.prepared(sql).run(...values).changes);
  }

  private prepared(sql: string): SqliteStatement {
    let statement = this.statements.get(sql);
    if (statement === undefined) this.statements.set(sql, (statement = this.database.prepare(sql)));
    return statement;
  }
}

const waitFor = (busyMs: number): string => `PRAGMA busy_timeout = ${busyMs}`;

function conditionOf(selection: NameSelection): [condition: string, values: string[]] {
  if (selection.by === 'all') return ['TRUE', []];
  if (selection.by === 'tags') {
    const tags = JSON.stringify(selection.tags);
    if (selection.match === 'any') return [`n.id IN (${HAS_ANY})`, [tags]];
    return [`n.id IN (${HAS_ALL})`, [tags, tags]];
  }
  const end = endOfPrefix(selection.prefix);
  return end === undefined ? ['n.name >= ?', [selection.prefix]] : ['n.name >= ? AND n.name < ?', [selection.prefix, end]];
}

/**
 * The first text after all texts with a prefix, in the order of code points, which is SQLite's order; undefined when there is none. A
 * condition with this text uses the index of the names, and is case-sensitive.
 */
function endOfPrefix(prefix: string): string | undefined {
  const characters = Array.from(prefix);
  while (characters.at(-1) === '\u{10ffff}') characters.pop();
  const last = characters.pop()?.codePointAt(0);
  // no text has the code points from D800 to DFFF
  return last === undefined ? undefined : characters.join('') + String.fromCodePoint(last === 0xd7ff ? 0xe000 : last + 1);
}
