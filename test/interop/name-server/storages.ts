import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NameServerProgram, type NameServerProcess } from '../../name-server-process.js';
import { findRedis, type RedisPrograms, RedisServer } from '../../redis-server.js';
import { NodeRuntime } from '../../runtimes/node-runtime.js';

/** Name servers with one kind of storage, in processes of their own. Each has an empty storage unless it says which one. */
export class NameServers {
  private readonly started: NameServerProcess[] = [];
  private count = 0;

  private constructor(
    private readonly program: NameServerProgram,
    private readonly freshStorage: (count: number) => string,
    private readonly cleanup: () => Promise<void>,
  ) {}

  static async of(kind: string): Promise<NameServers> {
    const node = kind === 'sql' ? await nodeWithSqlite() : process.execPath;
    const program = await NameServerProgram.build(node);
    if (kind === 'redis') {
      const redis = await RedisServer.start((await findRedis())!);
      return new NameServers(
        program,
        (count) => `${redis.url}?prefix=names${count}:`,
        () => redis.stop(),
      );
    }
    const directory = await mkdtemp(join(tmpdir(), 'names-'));
    const storage = (count: number): string => (kind === 'memory' ? kind : `${kind}:${join(directory, String(count))}`);
    return new NameServers(program, storage, () => rm(directory, { recursive: true }));
  }

  /** @param options of `startNameServer`, as JSON can express them */
  async start(options: object = {}): Promise<NameServerProcess> {
    const server = await this.program.start({ storage: this.freshStorage(this.count++), ...options });
    this.started.push(server);
    return server;
  }

  async close(): Promise<void> {
    for (const server of this.started) await server.kill();
    await this.program.remove();
    await this.cleanup();
  }
}

/** Every kind of storage that can be tested on this machine. */
export const STORAGES: readonly string[] = ['memory', 'file', 'sql', ...redisOf(await findRedis())];

function redisOf(found: RedisPrograms | undefined): string[] {
  return found ? ['redis'] : [];
}

/** This Node, or a newer one, since the oldest supported Node has no SQLite. */
async function nodeWithSqlite(): Promise<string> {
  if (process.getBuiltinModule('node:sqlite') !== undefined) return process.execPath;
  return (await NodeRuntime.install('26')).binary;
}
