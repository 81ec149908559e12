import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { run } from '../scripts/program.js';
import { cached } from './cache-directory.js';
import type { IssuedCertificate } from './certificates.js';
import { stopProcess } from './stopped-process.js';

/** Debian's packages of Redis, and of the libraries that Redis needs and a small system lacks. */
const PACKAGES = ['redis-server', 'redis-tools', 'liblzf1', 'libjemalloc2', 'libatomic1'];
const APT_TIMEOUT_MS = 120_000;

/** The programs of Redis, and the environment in which they run. */
export interface RedisPrograms {
  /** `redis-server` */
  readonly command: string;
  readonly env: Record<string, string>;
}

let found: Promise<RedisPrograms | undefined> | undefined;

/**
 * Finds `redis-server`, or brings it from Debian's packages into the user's cache, without root rights.
 *
 * @returns undefined, after a warning, when this machine has neither; in CI it throws instead
 */
export function findRedis(): Promise<RedisPrograms | undefined> {
  return (found ??= find());
}

async function find(): Promise<RedisPrograms | undefined> {
  try {
    const command = process.env.REDIS_SERVER || 'redis-server';
    await run(command, ['--version'], { timeoutMs: APT_TIMEOUT_MS });
    return { command, env: {} };
  } catch {
    // not installed
  }
  try {
    return await fromDebian();
  } catch (error) {
    const text = `the tests of the Redis store need redis-server: install it (Debian and Ubuntu: apt install redis-server), or name it in REDIS_SERVER`;
    if (process.env.CI) throw new Error(text, { cause: error });
    console.warn(`\nSKIPPED: ${text}\n${(error as Error).message}\n`);
    return undefined;
  }
}

async function fromDebian(): Promise<RedisPrograms> {
  const binary = join('usr', 'bin', 'redis-server');
  const directory = await cached(`redis-debian-${process.arch}`, binary, async (workspace) => {
    const download = ['download', ...PACKAGES];
    await run('apt-get', download, { cwd: workspace, timeoutMs: APT_TIMEOUT_MS }).catch(async () => {
      await run('apt-get', ['update'], { timeoutMs: APT_TIMEOUT_MS });
      await run('apt-get', download, { cwd: workspace, timeoutMs: APT_TIMEOUT_MS });
    });
    for (const name of await readdir(workspace)) {
      if (name.endsWith('.deb')) await run('dpkg', ['-x', name, join(workspace, 'root')], { cwd: workspace });
    }
    return join(workspace, 'root');
  });
  const libraries = await readdir(join(directory, 'usr', 'lib'));
  const paths = libraries.map((name) => join(directory, 'usr', 'lib', name));
  const env = { LD_LIBRARY_PATH: [...paths, process.env.LD_LIBRARY_PATH].filter(Boolean).join(delimiter) };
  const command = join(directory, binary);
  await run(command, ['--version'], { env });
  return { command, env };
}

/** A new Redis, in a new directory. An acknowledged change is on the disk (AOF, `appendfsync always`). */
export class RedisServer {
  private process: ChildProcess | undefined;
  private output: string[] = [];
  private lines: Interface | undefined;

  private constructor(
    private readonly programs: RedisPrograms,
    readonly port: number,
    private readonly directory: string,
    private readonly args: readonly string[],
    /** The line that Redis prints when it is ready. */
    private readonly ready: RegExp,
    private readonly scheme: 'redis' | 'rediss' = 'redis',
  ) {}

  /** @param args more arguments for `redis-server` */
  static start(programs: RedisPrograms, ...args: string[]): Promise<RedisServer> {
    return RedisServer.make(programs, 'redis', (port) => ['--port', String(port), ...args]);
  }

  /** A Redis that is reached by TLS only. */
  static startTls(programs: RedisPrograms, { certFile, keyFile }: IssuedCertificate): Promise<RedisServer> {
    const certificate = ['--tls-cert-file', certFile, '--tls-key-file', keyFile, '--tls-auth-clients', 'no'];
    return RedisServer.make(programs, 'rediss', (port) => ['--port', '0', '--tls-port', String(port), ...certificate]);
  }

  /** A copy of a Redis, which Sentinels may make the master. Resolves when the master knows it. */
  static async startReplica(programs: RedisPrograms, master: RedisServer): Promise<RedisServer> {
    const replica = await RedisServer.start(programs, '--replicaof', '127.0.0.1', String(master.port));
    await replica.printed(/sync: Finished with success/);
    return replica;
  }

  private static async make(
    programs: RedisPrograms,
    scheme: 'redis' | 'rediss',
    argsFor: (port: number) => string[],
  ): Promise<RedisServer> {
    const directory = await mkdtemp(join(tmpdir(), 'redis-'));
    const port = await freePort();
    const fixed = ['--bind', '127.0.0.1', '--dir', directory, '--save', '', '--appendonly', 'yes', '--appendfsync', 'always'];
    const server = new RedisServer(
      programs,
      port,
      directory,
      [...fixed, ...argsFor(port)],
      /Ready to accept connections/,
      scheme,
    );
    await server.launch();
    return server;
  }

  /** A Sentinel that watches a Redis, and its replicas, by the name `names`. It acts when the Redis is away for half a second. */
  static async startSentinel(programs: RedisPrograms, master: RedisServer): Promise<RedisServer> {
    const directory = await mkdtemp(join(tmpdir(), 'redis-'));
    const port = await freePort();
    const file = join(directory, 'sentinel.conf');
    const lines = [
      `port ${port}`,
      'bind 127.0.0.1',
      `sentinel monitor names 127.0.0.1 ${master.port} 1`,
      'sentinel down-after-milliseconds names 500',
      'sentinel failover-timeout names 5000',
    ];
    await writeFile(file, `${lines.join('\n')}\n`);
    const server = new RedisServer(programs, port, directory, [file, '--sentinel'], /Sentinel ID is/);
    await server.launch();
    return server;
  }

  get url(): string {
    return `${this.scheme}://127.0.0.1:${this.port}`;
  }

  /** Starts it again, with the data that it had. Resolves when it takes connections. */
  async launch(): Promise<void> {
    const { command, env } = this.programs;
    const child = spawn(command, [...this.args], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.process = child;
    this.output = [];
    this.lines = createInterface(child.stdout!).on('line', (line) => this.output.push(line));
    await this.printed(this.ready);
  }

  /** Resolves when it has printed a line that fits, since it was launched. @throws when it ends before */
  async printed(pattern: RegExp): Promise<void> {
    const lines = this.lines!;
    const ended = once(lines, 'close').then(() => 'ended');
    while (!this.output.some((line) => pattern.test(line))) {
      if ((await Promise.race([once(lines, 'line'), ended])) !== 'ended') continue;
      throw new Error(`redis-server ended\n${this.output.join('\n')}`);
    }
  }

  /** Ends it as a crash does. */
  kill(): Promise<void> {
    return this.signal('SIGKILL');
  }

  /** Stops it without closing its connections, or lets it go on. */
  pause(): Promise<void> {
    return stopProcess(this.process!.pid!);
  }

  resume(): void {
    this.process?.kill('SIGCONT');
  }

  /** Removes the data of a Redis that was ended. */
  async forget(): Promise<void> {
    for (const name of await readdir(this.directory)) await rm(join(this.directory, name), { recursive: true });
  }

  /** Ends it and removes its data. */
  async stop(): Promise<void> {
    await this.kill();
    await rm(this.directory, { recursive: true, force: true });
  }

  private async signal(signal: NodeJS.Signals): Promise<void> {
    const child = this.process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
