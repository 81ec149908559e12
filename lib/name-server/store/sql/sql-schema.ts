import { OVERHEAD_BYTES } from '../name-store.js';
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

/**
 * The memory of a text in V8: one byte for each character, or two when one is over U+00FF. LENGTH and GLOB end at a zero character, so a text
 * that has one counts twice its bytes in UTF-8.
 */
const textBytes = (text: string): string => `
  CASE
    WHEN INSTR(CAST(${text} AS BLOB), X'00') > 0 THEN 2 * LENGTH(CAST(${text} AS BLOB))
    WHEN ${text} GLOB '*[^' || CHAR(1) || '-' || CHAR(255) || ']*' THEN 2 * MAX(LENGTH(${text}), LENGTH(CAST(${text} AS BLOB)) / 2)
    ELSE LENGTH(${text})
  END`;
const nameBytes = (row: string): string => `(${OVERHEAD_BYTES.name} + ${textBytes(`${row}.name`)} + ${textBytes(`${row}.uri`)})`;
const tagBytes = (row: string): string => `(${OVERHEAD_BYTES.tag} + ${textBytes(`${row}.metadata`)})`;
const leaseBytes = (row: string): string => `(${OVERHEAD_BYTES.lease} + ${textBytes(`${row}.owner`)})`;
const add = (bytes: string): string => `UPDATE nestjs_pyro_totals SET bytes = bytes + ${bytes};`;
/** Gives a registration a number that no registration had before. */
const NUMBER = `
    UPDATE nestjs_pyro_totals SET changes = changes + 1;
    INSERT OR REPLACE INTO nestjs_pyro_changes(object, number) SELECT NEW.id, changes FROM nestjs_pyro_totals;`;

/**
 * The bytes of all registrations, and a number for each registration that tells it from earlier ones of the same name. SQLite keeps both
 * up to date by triggers, whichever program writes.
 */
const TOTALS = `
  CREATE TABLE IF NOT EXISTS nestjs_pyro_totals (id integer PRIMARY KEY CHECK (id = 1), bytes integer NOT NULL, changes integer NOT NULL);
  INSERT OR IGNORE INTO nestjs_pyro_totals VALUES (1, 0, 0);
  CREATE TABLE IF NOT EXISTS nestjs_pyro_changes (
    object integer PRIMARY KEY,
    number integer NOT NULL,
    FOREIGN KEY(object) REFERENCES pyro_names(id) ON DELETE CASCADE
  );
  INSERT OR IGNORE INTO nestjs_pyro_changes SELECT id, 0 FROM pyro_names;
  CREATE TRIGGER IF NOT EXISTS nestjs_pyro_name_added AFTER INSERT ON pyro_names BEGIN ${add(nameBytes('NEW'))} ${NUMBER} END;
  CREATE TRIGGER IF NOT EXISTS nestjs_pyro_name_changed AFTER UPDATE ON pyro_names BEGIN
    ${add(`${nameBytes('NEW')} - ${nameBytes('OLD')}`)} ${NUMBER}
  END;
  CREATE TRIGGER IF NOT EXISTS nestjs_pyro_name_deleted AFTER DELETE ON pyro_names BEGIN ${add(`-${nameBytes('OLD')}`)} END;
  CREATE TRIGGER IF NOT EXISTS nestjs_pyro_tag_added AFTER INSERT ON pyro_metadata BEGIN ${add(tagBytes('NEW'))} END;
  CREATE TRIGGER IF NOT EXISTS nestjs_pyro_tag_deleted AFTER DELETE ON pyro_metadata BEGIN ${add(`-${tagBytes('OLD')}`)} END;
  CREATE TRIGGER IF NOT EXISTS nestjs_pyro_lease_added AFTER INSERT ON nestjs_pyro_leases BEGIN ${add(leaseBytes('NEW'))} END;
  CREATE TRIGGER IF NOT EXISTS nestjs_pyro_lease_deleted AFTER DELETE ON nestjs_pyro_leases BEGIN ${add(`-${leaseBytes('OLD')}`)} END;
  UPDATE nestjs_pyro_totals SET bytes =
    (SELECT COALESCE(SUM(${nameBytes('pyro_names')}), 0) FROM pyro_names)
    + (SELECT COALESCE(SUM(${tagBytes('pyro_metadata')}), 0) FROM pyro_metadata)
    + (SELECT COALESCE(SUM(${leaseBytes('nestjs_pyro_leases')}), 0) FROM nestjs_pyro_leases);`;

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
    database.exec(TOTALS);
    database.exec('COMMIT');
  } catch (error) {
    database.exec('ROLLBACK');
    throw error;
  }
}
