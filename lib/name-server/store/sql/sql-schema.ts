import type { SqliteDatabase } from './sqlite.js';

/** @see Pyro5/nameserver.py, `SqlStorage._create_schema` */
const PYRO5_TABLES = `
  CREATE TABLE pyro_names (
    id integer PRIMARY KEY,
    name nvarchar NOT NULL UNIQUE,
    uri nvarchar NOT NULL
  );
  CREATE TABLE pyro_metadata (
    object integer NOT NULL,
    metadata nvarchar NOT NULL,
    FOREIGN KEY(object) REFERENCES pyro_names(id)
  );`;

/**
 * Tables that Pyro5's name server does not know. When it registers a name again, it deletes the row of the name, and the lease with the
 * row. So its registrations have no lease.
 *
 * Without the indexes, each lookup reads the tags of all names.
 */
const OWN_TABLES = `
  CREATE INDEX IF NOT EXISTS nestjs_pyro_metadata_object ON pyro_metadata(object);
  CREATE INDEX IF NOT EXISTS nestjs_pyro_metadata_tag ON pyro_metadata(metadata, object);
  CREATE TABLE IF NOT EXISTS nestjs_pyro_leases (
    object integer PRIMARY KEY,
    owner text NOT NULL,
    ttl_ms integer NOT NULL,
    ends_at integer NOT NULL,
    FOREIGN KEY(object) REFERENCES pyro_names(id) ON DELETE CASCADE
  );
  CREATE INDEX IF NOT EXISTS nestjs_pyro_lease_ends ON nestjs_pyro_leases(ends_at);`;

/** Makes the missing tables. A file of an old Pyro, which kept no tags, is changed as Pyro5 changes it. */
export function makeTables(database: SqliteDatabase): void {
  const has = (table: string): boolean =>
    database.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?").get(table) !== undefined;
  database.exec('BEGIN IMMEDIATE');
  try {
    if (!has('pyro_names')) {
      database.exec(PYRO5_TABLES);
    } else if (!has('pyro_metadata')) {
      database.exec(`
        ALTER TABLE pyro_names RENAME TO pyro_names_old;
        ${PYRO5_TABLES}
        INSERT INTO pyro_names(name, uri) SELECT name, uri FROM pyro_names_old;
        DROP TABLE pyro_names_old;`);
    }
    database.exec(OWN_TABLES);
    database.exec('COMMIT');
  } catch (error) {
    database.exec('ROLLBACK');
    throw error;
  }
}
