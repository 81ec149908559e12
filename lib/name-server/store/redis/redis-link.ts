import { AnswerTimer } from './answer-timer.js';
import { replyCode, type RedisConnection, type RedisConnector } from './redis-connection.js';
import { type NamesToMend, MEND_TIMEOUT_MS, mendNames } from './redis-mend.js';
import type { ChangeMessage, StoredRecord } from './redis-record.js';
import { hasFoundLoss, REDIS_SCRIPTS, type RedisScript, runScript } from './redis-scripts.js';
import type { RedisWarnings } from './redis-warnings.js';

/** Names that one HSCAN reads: Redis serves other clients between two scans. */
const SCAN_COUNT = 1_000;
const TICK_MS = 1_000;

/** Redis answers, but this name server does not have the last state of the names: it reads all names again. */
export class OutOfDateError extends Error {}

/** The options and callbacks of a link. */
export interface RedisLinkOptions {
  /** Prefix of the keys in Redis. */
  readonly prefix: string;
  readonly timeoutMs: number;
  /** The names that were seen last over another link. */
  readonly known: NamesToMend | undefined;
  readonly warnings: RedisWarnings;
  /** Called once, with all names that are registered. */
  readonly onLoaded: (records: ReadonlyMap<string, StoredRecord>) => void;
  /** Called with each later change. */
  readonly onChanges: (changes: ChangeMessage['changes']) => void;
  /** Called when Redis has answered, after the names were read. */
  readonly onAlive: () => void;
  /** Called once, when the link has failed. */
  readonly onLost: (error: Error) => void;
}

/**
 * Follows the names in Redis: reads all names, then each change. It has a connection for commands, and a connection that is subscribed to
 * the changes. When either connection fails, or a change does not arrive, both are closed: a new link reads all names again.
 */
export class RedisLink {
  /** Number of the last change that has arrived. */
  seq = 0;
  /** The names while they are read; undefined afterwards. */
  private loading: Map<string, StoredRecord> | undefined = new Map();
  private early: ChangeMessage[] | undefined = [];
  private readonly waiting = new Set<{ seq: number; resolve: () => void; reject: (error: Error) => void }>();
  private sharedFresh: Promise<void> | undefined;
  /** The reason why the link has failed. */
  failure: Error | undefined;
  private ticker: NodeJS.Timeout | undefined;
  private readonly keys: readonly string[];
  /** Random id of the name space in Redis. */
  id = '';

  private constructor(
    private readonly commands: RedisConnection,
    private readonly changes: RedisConnection,
    private readonly options: RedisLinkOptions,
  ) {
    this.keys = ['state', 'names', 'leases'].map((key) => options.prefix + key);
    for (const connection of [commands, changes]) connection.onLost((error) => this.fail(error));
  }

  /** Resolves when all names are read. @throws when Redis cannot be reached or refuses */
  static async open(connector: RedisConnector, options: RedisLinkOptions): Promise<RedisLink> {
    const connecting = [connector.connect(options.timeoutMs), connector.connect(options.timeoutMs)] as const;
    let link: RedisLink | undefined;
    try {
      const [commands, changes] = await Promise.all(connecting);
      link = new RedisLink(commands, changes, options);
      await link.load();
      return link;
    } catch (error) {
      link?.close();
      for (const connection of connecting) void connection.then((made) => made.close()).catch(() => undefined);
      throw error;
    }
  }

  /** Runs a script with its arguments. Resolves with its result, when its change has arrived as well. */
  async run(script: RedisScript, ...args: string[]): Promise<unknown> {
    const [seq, result] = await this.evaluate(script, ...args);
    // the change was made even if it does not arrive
    if (this.loading === undefined) await this.reached(seq).catch(() => undefined);
    return result;
  }

  /**
   * Resolves when every change has arrived that was acknowledged to anybody before this call. All calls of one turn of the event loop ask
   * Redis once, so the number of lookups makes no difference to Redis.
   */
  fresh(): Promise<void> {
    return (this.sharedFresh ??= new Promise((resolve, reject) => {
      setImmediate(() => {
        this.sharedFresh = undefined;
        this.lastSeq()
          .then((seq) => this.reached(seq))
          .then(resolve, reject);
      });
    }));
  }

  close(): void {
    this.fail(new Error('the store was closed'));
  }

  private get channel(): string {
    return `${this.options.prefix}changes:${this.id}`;
  }

  private async load(): Promise<void> {
    await this.checkServers();
    const { known, warnings } = this.options;
    warnings.tellPolicy(await this.findEvictionPolicy());
    const { id, outcome } = await mendNames((...args) => this.timed(this.commands.send(args), MEND_TIMEOUT_MS), this.keys, known);
    this.id = id;
    warnings.tellOutcome(outcome);
    await this.timed(this.changes.subscribe(this.channel, (text) => this.take(JSON.parse(text) as ChangeMessage)));
    await this.endLeases();
    // the names that are read have all changes up to this number; later changes arrive by the channel
    this.seq = await this.lastSeq();
    let cursor = '0';
    do {
      const page = (await this.send('HSCAN', this.keys[1]!, cursor, 'COUNT', String(SCAN_COUNT))) as [string, string[]];
      cursor = page[0];
      for (let index = 0; index < page[1].length; index += 2) {
        this.loading!.set(page[1][index]!, JSON.parse(page[1][index + 1]!) as StoredRecord);
      }
    } while (cursor !== '0');
    const { early = [] } = this;
    this.early = undefined;
    for (const message of early) this.take(message);
    // names may have been read in states of different times, and Redis may have lost names meanwhile
    await this.reached(await this.endLeases());
    if (this.failure) throw this.failure;
    const loaded = this.loading!;
    this.loading = undefined;
    this.options.onLoaded(loaded);
    this.ticker = setInterval(() => void this.tick().catch(() => undefined), TICK_MS).unref();
  }

  /** @throws when the two connections reach different servers, or a server that cannot keep names */
  private async checkServers(): Promise<void> {
    const infos = await Promise.all(
      [this.commands, this.changes].map(async (connection) => String(await this.timed(connection.send(['INFO', 'server'])))),
    );
    const [runId, otherRunId] = infos.map((info) => /run_id:(\w+)/.exec(info)?.[1]);
    if (runId !== otherRunId) throw new Error('two connections have reached different servers');
    const mode = /redis_mode:(\w+)/.exec(infos[0]!)?.[1];
    if (mode === 'cluster' || mode === 'sentinel') {
      const remedy =
        mode === 'sentinel' ? 'redisNameStore(new Redis({ sentinels, name })) of ioredis' : 'a Redis that is no cluster';
      throw new Error(`it runs in ${mode} mode; use ${remedy}`);
    }
    const version = Number(/redis_version:(\d+)/.exec(infos[0]!)?.[1]);
    if (version < 5) throw new Error(`it has version ${version}; names need Redis 5 or later`);
  }

  /**
   * The policy by which Redis may evict the names. Undefined when it evicts none, or only keys with a time limit, or when its user may not
   * read the policy.
   */
  private async findEvictionPolicy(): Promise<string | undefined> {
    const info = await this.send('INFO', 'memory').catch((error: unknown) => {
      if (replyCode(error) === undefined) throw error;
      return '';
    });
    const [maxMemory, policy] = ['maxmemory', 'maxmemory_policy'].map(
      (name) => new RegExp(`^${name}:(\\S+)`, 'm').exec(String(info))?.[1],
    );
    return policy?.startsWith('allkeys-') && Number(maxMemory) > 0 ? policy : undefined;
  }

  /** Ends the leases whose time is over. A connection that has fallen silent is found out: the changes up to the last one must arrive. */
  private async tick(): Promise<void> {
    await this.reached(await this.endLeases());
  }

  /** @returns the number of the last change */
  private async endLeases(): Promise<number> {
    for (;;) {
      const [seq, ended] = await this.evaluate(REDIS_SCRIPTS.tick);
      // a full page of ended leases: there may be more
      if (Number(ended) < 1_000) return seq;
    }
  }

  private async evaluate(script: RedisScript, ...args: string[]): Promise<[seq: number, result: unknown]> {
    const all = [...this.keys, this.id, this.channel, ...args];
    try {
      return (await runScript((...command) => this.send(...command), script, this.keys.length, all)) as [number, unknown];
    } catch (error) {
      const { message } = error as Error;
      if (hasFoundLoss(error)) this.fail(new OutOfDateError(message, { cause: error }));
      else if (replyCode(error) === 'READONLY')
        this.fail(new Error(`it takes no changes any more: ${message}`, { cause: error }));
      throw error;
    }
  }

  private async lastSeq(): Promise<number> {
    const [id, seq] = (await this.send('HMGET', this.keys[0]!, 'id', 'seq')) as [string | null, string | null];
    if (id === this.id) return Number(seq ?? 0);
    const error = new OutOfDateError('the names were deleted, or Redis has lost them');
    this.fail(error);
    throw error;
  }

  /** Resolves when the change with this number has arrived. */
  private reached(seq: number): Promise<void> {
    if (this.failure) return Promise.reject(this.failure);
    if (this.seq >= seq) return Promise.resolve();
    const arrival = new Promise<void>((resolve, reject) => this.waiting.add({ seq, resolve, reject }));
    const { timeoutMs } = this.options;
    return this.timed(arrival, timeoutMs, () => new OutOfDateError(`change ${seq} has not arrived within ${timeoutMs} ms`));
  }

  private take(message: ChangeMessage): void {
    if (this.failure) return;
    if (this.early) {
      this.early.push(message);
      return;
    }
    if (message.seq <= this.seq) return;
    if (message.seq !== this.seq + 1) {
      this.fail(new OutOfDateError(`change ${message.seq} came after ${this.seq}`));
      return;
    }
    if (this.loading) for (const [name, record] of message.changes) set(this.loading, name, record);
    else this.options.onChanges(message.changes);
    this.seq = message.seq;
    for (const waiter of this.waiting) {
      if (waiter.seq > this.seq) continue;
      this.waiting.delete(waiter);
      waiter.resolve();
    }
  }

  private send(...args: string[]): Promise<unknown> {
    return this.timed(this.commands.send(args));
  }

  /** Closes the link when an answer takes too long. */
  private async timed<Result>(
    answer: Promise<Result>,
    timeoutMs = this.options.timeoutMs,
    makeError = (): Error => new Error(`no answer within ${timeoutMs} ms`),
  ): Promise<Result> {
    const { onAlive } = this.options;
    const limit = new AnswerTimer(timeoutMs, () => {
      const error = makeError();
      this.fail(error);
      return error;
    });
    try {
      const result = await Promise.race([answer, limit.late]);
      if (this.loading === undefined) onAlive();
      return result;
    } catch (error) {
      // the link closes both connections when it fails: the reason says more than the end of the other connection
      throw this.failure !== undefined && replyCode(error) === undefined ? this.failure : error;
    } finally {
      limit.clear();
    }
  }

  private fail(error: Error): void {
    if (this.failure) return;
    this.failure = error;
    clearInterval(this.ticker);
    this.commands.close();
    this.changes.close();
    for (const { reject } of this.waiting) reject(error);
    this.waiting.clear();
    this.options.onLost(error);
  }
}

function set(records: Map<string, StoredRecord>, name: string, record: StoredRecord | null): void {
  if (record === null) records.delete(name);
  else records.set(name, record);
}
