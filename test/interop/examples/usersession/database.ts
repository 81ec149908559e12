import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { PyroException } from 'nestjs-pyro';

/** Slow, so that concurrent users overlap. */
const DELAY_MS = 30;

@Injectable()
export class Database {
  private readonly storage = new Map<string, unknown>();
  private readonly allowedUsers = new Set(['user123', 'admin']);

  connect(): DatabaseConnection {
    return new DatabaseConnection(this);
  }

  check(user: string): void {
    if (!this.allowedUsers.has(user)) throw new PyroException('builtins.AssertionError', ['access denied']);
  }

  async set(key: string, value: unknown): Promise<void> {
    await sleep(DELAY_MS);
    this.storage.set(key, value);
  }

  async get(key: string): Promise<unknown> {
    await sleep(DELAY_MS);
    return this.storage.get(key);
  }
}

/** Carries one statement at a time. */
export class DatabaseConnection {
  private inUse = false;

  constructor(private readonly database: Database) {}

  store(user: string, key: string, value: unknown): Promise<void> {
    return this.alone(user, 'write', () => this.database.set(key, value));
  }

  retrieve(user: string, key: string): Promise<unknown> {
    return this.alone(user, 'read', () => this.database.get(key));
  }

  private async alone<T>(user: string, kind: string, statement: () => Promise<T>): Promise<T> {
    this.database.check(user);
    if (this.inUse) {
      const text = `ERROR: concurrent connection access (${kind}) by multiple different threads`;
      throw new PyroException('builtins.RuntimeError', [text]);
    }
    this.inUse = true;
    try {
      return await statement();
    } finally {
      this.inUse = false;
    }
  }
}
