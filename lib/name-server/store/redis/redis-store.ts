import { setTimeout as sleep } from 'node:timers/promises';
import { configError } from '../../../options/option-checks.js';
import { NamingError } from '../../../protocol/errors.js';
import type {
  NameChange,
  NameRecord,
  NameSelection,
  NameStore,
  NamePutOptions,
  NameRemoveOptions,
  NameSetMetadataAnswer,
  NameSetMetadataOptions,
} from '../name-store.js';
import { checkUtf8, hasUtf8 } from '../stored-text.js';
import { NamesInMemory } from './names-in-memory.js';
import { connectorOf, type RedisClient, type RedisConnector, replyCode } from './redis-connection.js';
import { OutOfDateError, RedisLink } from './redis-link.js';
import type { NamesToMend } from './redis-mend.js';
import { type RedisNameStoreOptions, redisOptions } from './redis-options.js';
import { recordOf, type StoredRecord } from './redis-record.js';
import { hasFoundLoss, type RedisScript, REDIS_SCRIPTS } from './redis-scripts.js';
import { RedisWarnings } from './redis-warnings.js';

const FIRST_RETRY_MS = 50;
const MAX_RETRY_MS = 2_000;
/** Names that one script removes or renews: Redis serves other clients between two scripts. */
const NAMES_PER_SCRIPT = 1_000;
/** Attempts of a call or a connection, if the names have to be read again meanwhile. */
const MAX_ATTEMPTS = 3;

/**
 * Keeps the registrations in Redis. All name servers that use the same Redis and the same prefix are one name space.
 *
 * Changes are scripts, which Redis runs one after the other. Each name server has all names in memory, and follows the changes. For a
 * lookup it asks Redis for the number of the last change, and answers from memory. So a change that one name server has acknowledged is
 * seen at all others.
 *
 * A removal or renewal of more than 1,000 names is done in several steps.
 */
export class RedisNameStore implements NameStore {
  private readonly names = new NamesInMemory();
  private link: RedisLink | undefined;
  private readonly closing = new AbortController();
  /** Time of Redis' last answer, in milliseconds of `performance.now()`. */
  private aliveAt = 0;
  private lastError = new Error('not connected yet');
  /** Id of the name space, and number of the last change in memory. */
  private last = { id: '', seq: 0 };
  /** Runs while the names are read again, because they are out of date although Redis answers. */
  private reload: Promise<void> | undefined;
  private readonly warnings: RedisWarnings;

  private constructor(
    private readonly connector: RedisConnector,
    private readonly options: Required<RedisNameStoreOptions>,
  ) {
    this.warnings = new RedisWarnings(connector.where);
  }

  /** @throws {PyroError} `CONFIG`, when an option is wrong, or Redis cannot be reached or used */
  static async open(client: RedisClient, given: RedisNameStoreOptions = {}): Promise<RedisNameStore> {
    const options = redisOptions(given);
    const connector = connectorOf(client);
    const store = new RedisNameStore(connector, options);
    try {
      await store.connect();
    } catch (error) {
      throw configError(`storage: cannot use Redis at ${connector.where}: ${(error as Error).message}`, error as Error);
    }
    return store;
  }

  /** The id of the name space in Redis; while Redis is away, the last known id. */
  get sharedId(): string {
    return this.last.id;
  }

  async get(name: string): Promise<NameRecord | undefined> {
    await this.fresh();
    return this.names.index.get(name);
  }

  async put(record: NameRecord, { safe, takeover }: NamePutOptions): Promise<NameRecord | undefined> {
    checkUtf8(record);
    const { name, uri, metadata, lease } = record;
    const leaseArgs = lease ? [lease.owner, String(lease.ttlMs)] : ['', ''];
    const obstacle = await this.run(REDIS_SCRIPTS.put, name, uri, tagsText(metadata), ...leaseArgs, flag(safe), flag(takeover));
    return obstacle === null ? undefined : recordOf(name, JSON.parse(obstacle as string) as StoredRecord);
  }

  async setMetadata(
    name: string,
    metadata: ReadonlySet<string> | undefined,
    { takeover }: NameSetMetadataOptions,
  ): Promise<NameSetMetadataAnswer> {
    if (!hasUtf8(name)) return 'unknown';
    checkUtf8({ name, uri: '', metadata, lease: undefined });
    return (await this.run(REDIS_SCRIPTS.setMetadata, name, tagsText(metadata), flag(takeover))) as NameSetMetadataAnswer;
  }

  async remove(names: readonly string[], { owner, takeover }: NameRemoveOptions): Promise<number> {
    const args = [flag(owner !== undefined), owner ?? '', flag(takeover)];
    let removed = 0;
    for (const some of parts(names.filter(hasUtf8))) removed += Number(await this.run(REDIS_SCRIPTS.remove, ...args, ...some));
    return removed;
  }

  async removeUnchanged(record: NameRecord): Promise<boolean> {
    const change = this.names.changeOf(record);
    if (change === undefined) return false;
    return (await this.run(REDIS_SCRIPTS.removeUnchanged, record.name, String(change))) === 1;
  }

  async renew(owner: string, names: readonly string[]): Promise<string[]> {
    const lost = names.filter((name) => !hasUtf8(name));
    for (const some of parts(names.filter(hasUtf8))) {
      lost.push(...((await this.run(REDIS_SCRIPTS.renew, owner, ...some)) as string[]));
    }
    return lost;
  }

  async list(selection: NameSelection): Promise<NameRecord[]> {
    await this.fresh();
    return this.names.index.list(selection);
  }

  async count(): Promise<number> {
    await this.fresh();
    return this.names.index.size;
  }

  async bytes(): Promise<number> {
    await this.fresh();
    return this.names.index.bytes;
  }

  watch(listener: (change: NameChange) => void): () => void {
    return this.names.listeners.add(listener);
  }

  close(): void {
    this.closing.abort();
    this.names.listeners.clear();
    this.link?.close();
  }

  /** Resolves when the names in memory are up to date, or may be used although they are not. */
  private async fresh(): Promise<void> {
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
      await this.reload;
      try {
        if (this.link) return await this.link.fresh();
      } catch (error) {
        this.lastError = error as Error;
      }
      if (this.reload === undefined) break;
    }
    if (this.reload || performance.now() - this.aliveAt >= this.options.lastKnownMs) throw this.unreachable();
  }

  private async run(script: RedisScript, ...args: string[]): Promise<unknown> {
    for (let attempt = 1; ; attempt++) {
      await this.reload;
      if (this.link === undefined) throw this.unreachable();
      try {
        return await this.link.run(script, ...args);
      } catch (error) {
        if (!hasFoundLoss(error) || attempt === MAX_ATTEMPTS) throw this.failure(error);
      }
    }
  }

  private failure(error: unknown): NamingError {
    const { message } = error as Error;
    const { where } = this.connector;
    if (replyCode(error) !== undefined) return new NamingError(`Redis at ${where} refuses: ${message}`, { cause: error });
    return new NamingError(`Redis at ${where} was lost: ${message}; the change may have been made, or not`, { cause: error });
  }

  private unreachable(): NamingError {
    const { connector, lastError } = this;
    return new NamingError(`Redis at ${connector.where} cannot be reached: ${lastError.message}; try again later`, {
      cause: lastError,
    });
  }

  /** Connects, and reads all names; once more when Redis loses names meanwhile. */
  private async connect(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.openLink();
      } catch (error) {
        if (!isOutOfDate(error) || attempt === MAX_ATTEMPTS) throw error;
      }
    }
  }

  private async openLink(): Promise<void> {
    const { prefix, timeoutMs } = this.options;
    const link = await RedisLink.open(this.connector, {
      prefix: this.connector.keyPrefix + prefix,
      timeoutMs,
      known: this.known(),
      warnings: this.warnings,
      onLoaded: (records) => {
        this.aliveAt = performance.now();
        this.names.replace(records);
      },
      onChanges: (changes) => this.names.apply(changes),
      onAlive: () => (this.aliveAt = performance.now()),
      onLost: (error) => this.noteLost(error),
    });
    this.last = { id: link.id, seq: link.seq };
    if (link.failure) throw link.failure;
    this.link = link;
    if (this.closing.signal.aborted) link.close();
  }

  private noteLost(error: Error): void {
    this.lastError = error;
    // a link that is not in use yet is replaced by the code that opens it
    if (this.link === undefined) return;
    this.last = { id: this.link.id, seq: this.link.seq };
    this.link = undefined;
    if (error instanceof OutOfDateError) this.reload = this.readAgain();
    else void this.reconnect();
  }

  private known(): NamesToMend | undefined {
    return this.last.id === '' ? undefined : { ...this.last, records: () => this.names.stored() };
  }

  /** Reads the names again at once. If Redis cannot be reached, the names in memory are the last known state from then on. */
  private async readAgain(): Promise<void> {
    const error = await this.tryToConnect();
    this.reload = undefined;
    if (error !== undefined) void this.reconnect();
  }

  private async reconnect(): Promise<void> {
    const { signal } = this.closing;
    for (let pauseMs = FIRST_RETRY_MS; !signal.aborted; pauseMs = Math.min(2 * pauseMs, MAX_RETRY_MS)) {
      if ((await this.tryToConnect()) === undefined) return;
      await sleep(pauseMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  /** @returns the error, when it fails */
  private async tryToConnect(): Promise<Error | undefined> {
    try {
      await this.connect();
      return undefined;
    } catch (error) {
      return (this.lastError = error as Error);
    }
  }
}

/**
 * Opens a store in Redis with the settings of a client: `createClient` of `@redis/client` or `redis`, or `new Redis` of `ioredis`,
 * Sentinels included. The store opens its own connections. The caller closes the store and the client.
 *
 * ```ts
 * const store = await redisNameStore(new Redis('redis://10.0.0.5'), { prefix: 'lab:' });
 * await using nameServer = await startNameServer({ storage: store });
 * ```
 *
 * @throws {PyroError} `CONFIG`, when an option is wrong, or Redis cannot be reached or used
 */
export function redisNameStore(client: RedisClient, options: RedisNameStoreOptions = {}): Promise<NameStore> {
  return RedisNameStore.open(client, options);
}

const isOutOfDate = (error: unknown): boolean => error instanceof OutOfDateError || hasFoundLoss(error);
const flag = (value: boolean): string => (value ? '1' : '');
const tagsText = (tags: ReadonlySet<string> | undefined): string => (tags === undefined ? '' : JSON.stringify([...tags]));

function* parts(names: readonly string[]): Generator<readonly string[]> {
  for (let start = 0; start < names.length; start += NAMES_PER_SCRIPT) yield names.slice(start, start + NAMES_PER_SCRIPT);
}
