import { join } from 'node:path';
import { packageRoot } from '../scripts/package-root.js';
import { Program } from '../scripts/program.js';
import { ensurePythonEnv } from '../test/interop/python-env.js';

/** Longer than any benchmark runs. */
const TIMEOUT_MS = 3_600_000;

const running = new Set<RunningServer>();
// an error, or the end of the parent, must not leave servers behind
process.once('exit', () => {
  for (const { pid } of running) process.kill(pid, 'SIGKILL');
});

/** A benchmarked program that listens. */
export class RunningServer {
  private reports = 0;

  private constructor(
    private readonly program: Program,
    /** `host:port` */
    readonly location: string,
  ) {}

  get pid(): number {
    return this.program.pid;
  }

  /** Starts a program of `bench/` in a separate Node. */
  static startNode(name: string, ...args: string[]): Promise<RunningServer> {
    return RunningServer.start(process.execPath, [join(import.meta.dirname, `${name}.js`), ...args]);
  }

  /** Starts a script of `bench/` with the Python that has Pyro5. */
  static async startPython(script: string, ...args: string[]): Promise<RunningServer> {
    return RunningServer.start(await ensurePythonEnv(), [join(packageRoot, 'bench', script), ...args]);
  }

  private static async start(command: string, args: string[]): Promise<RunningServer> {
    const program = new Program(command, args, { timeoutMs: TIMEOUT_MS, interactive: true });
    const server = new RunningServer(program, await program.line('ready: '));
    running.add(server);
    return server;
  }

  /** Bytes, after a garbage collection. Only of servers with `memory-reports.ts`. */
  async memory(): Promise<{ heapUsed: number; rss: number }> {
    this.program.type('memory\n');
    return JSON.parse(await this.program.line(`memory ${++this.reports}: `)) as { heapUsed: number; rss: number };
  }

  stop(): Promise<void> {
    running.delete(this);
    return this.program.stop();
  }
}

type ServerKind = readonly [
  program:
    | 'servers/cluster'
    | 'servers/core'
    | 'servers/nest'
    | 'servers/nest-other'
    | 'servers/pyro5.py'
    | 'servers/raw'
    | 'servers/telemetry',
  ...args: string[],
];

/** Every server by its name in the tables. */
export const SERVERS = {
  raw: ['servers/raw'],
  'raw, turns': ['servers/raw', 'turns'],
  core: ['servers/core'],
  'core, 10,000 objects': ['servers/core', '10000'],
  Nest: ['servers/nest', 'bare'],
  'Nest, async method': ['servers/nest', 'async'],
  'Nest, guard': ['servers/nest', 'guard'],
  'Nest, guard + interceptor': ['servers/nest', 'interceptor'],
  'Nest, DTO + async method': ['servers/nest', 'dto'],
  'Nest, session': ['servers/nest', 'session'],
  'Nest, percall': ['servers/nest', 'percall'],
  'Nest, request-scoped guard': ['servers/nest', 'scoped'],
  'Nest, 1 process': ['servers/cluster', '1'],
  'Nest, 2 processes': ['servers/cluster', '2'],
  'Nest TCP': ['servers/nest-other', 'tcp'],
  'Nest gRPC': ['servers/nest-other', 'grpc'],
  'SDK none, library': ['servers/telemetry', 'none', 'library'],
  'SDK metrics, library': ['servers/telemetry', 'metrics', 'library'],
  'SDK unsampled, library': ['servers/telemetry', 'unsampled', 'library'],
  'SDK metrics+unsampled, library': ['servers/telemetry', 'metrics+unsampled', 'library'],
  'SDK metrics+sampled, library': ['servers/telemetry', 'metrics+sampled', 'library'],
  'SDK none, sdk': ['servers/telemetry', 'none', 'sdk'],
  'SDK metrics, sdk': ['servers/telemetry', 'metrics', 'sdk'],
  'SDK unsampled, sdk': ['servers/telemetry', 'unsampled', 'sdk'],
  'SDK metrics+unsampled, sdk': ['servers/telemetry', 'metrics+unsampled', 'sdk'],
  'SDK metrics+sampled, sdk': ['servers/telemetry', 'metrics+sampled', 'sdk'],
  'Pyro5 thread': ['servers/pyro5.py', 'thread'],
  'Pyro5 multiplex': ['servers/pyro5.py', 'multiplex'],
  'Pyro5 with NumPy': ['servers/pyro5.py', 'thread', 'numpy'],
} satisfies Record<string, ServerKind>;

export type ServerName = keyof typeof SERVERS;

/** Servers that run together, each started when it is needed first. */
export class Servers {
  private readonly started = new Map<ServerName, Promise<RunningServer>>();

  get(name: ServerName): Promise<RunningServer> {
    let server = this.started.get(name);
    if (server === undefined) {
      const [program, ...args]: ServerKind = SERVERS[name];
      server = program.endsWith('.py') ? RunningServer.startPython(program, ...args) : RunningServer.startNode(program, ...args);
      this.started.set(name, server);
    }
    return server;
  }

  async stop(): Promise<void> {
    for (const server of this.started.values()) await (await server).stop();
  }
}
