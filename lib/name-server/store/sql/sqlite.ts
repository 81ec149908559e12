import { configError } from '../../../options/option-checks.js';

/** Node's SQLite, as far as it is used here. @see https://nodejs.org/api/sqlite.html */
export interface SqliteDatabase {
  exec(sql: string): void;
  prepare(sql: string): SqliteStatement;
  close(): void;
}

export interface SqliteStatement {
  get(...values: SqliteValue[]): unknown;
  all(...values: SqliteValue[]): unknown[];
  run(...values: SqliteValue[]): { readonly changes: number | bigint };
}

export type SqliteValue = string | number | null;

const SQLITE_BUSY = 5;

interface SqliteModule {
  readonly DatabaseSync: new (path: string) => SqliteDatabase;
}

/** @throws {PyroError} `CONFIG`, on a Node without SQLite, or when the file cannot be opened */
export function openSqlite(path: string): SqliteDatabase {
  const sqlite = process.getBuiltinModule('node:sqlite') as SqliteModule | undefined;
  if (sqlite === undefined) {
    throw configError(
      `storage: sql:${path} needs Node 22.13 or later, which has node:sqlite, and this is Node ${process.version}; ` +
        'file:PATH keeps names in a file with every Node',
    );
  }
  if (path === ':memory:') throw configError('storage: sql: keeps names in a file, not in :memory:; memory is a storage as well');
  return new sqlite.DatabaseSync(path);
}

/** True when a statement has failed because another process writes. */
export function isBusy(error: unknown): boolean {
  // the lowest byte of the code is the kind of the error
  return ((error as { errcode?: number }).errcode ?? 0) % 256 === SQLITE_BUSY;
}
