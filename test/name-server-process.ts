import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';
import { packageRoot } from '../scripts/package-root.js';

const PROGRAM = `
  import { startNameServer } from './lib/core.ts';
  const server = await startNameServer(JSON.parse(process.argv[2]));
  console.log('ready: ' + server.uri + ' ' + server.broadcastLocation);
  process.once('SIGTERM', () => void server.close());
`;

/** A program that runs one of our name servers, made of the sources once for all that a test starts. */
export class NameServerProgram {
  private constructor(
    private readonly file: string,
    private readonly node: string,
  ) {}

  /** @param node the Node that runs it. Default: this one */
  static async build(node = process.execPath): Promise<NameServerProgram> {
    const { build } = await import('esbuild');
    const directory = join(packageRoot, 'build', 'test');
    await mkdir(directory, { recursive: true });
    const file = join(directory, `name-server-${randomUUID()}.mjs`);
    await build({
      stdin: { contents: PROGRAM, resolveDir: packageRoot, loader: 'ts' },
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      packages: 'external',
      outfile: file,
    });
    return new NameServerProgram(file, node);
  }

  /**
   * @param options of `startNameServer`, as JSON can express them
   * @param env more variables of the environment
   */
  async start(options: object, env: NodeJS.ProcessEnv = {}): Promise<NameServerProcess> {
    const args = ['--no-warnings', this.file, JSON.stringify({ host: '127.0.0.1', port: 0, ...options })];
    const child = spawn(this.node, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
    for await (const line of createInterface(child.stdout)) {
      const [, uri, broadcastLocation] = /^ready: (\S+) (\S+)/.exec(line) ?? [];
      if (uri !== undefined) return new NameServerProcess(child, uri, broadcastLocation!);
    }
    throw new Error(`the name server ended\n${errors}`);
  }

  async remove(): Promise<void> {
    await rm(this.file);
  }
}

/** A name server in a separate process. */
export class NameServerProcess {
  constructor(
    private readonly child: ChildProcess,
    readonly uri: string,
    /** `host:port` that answers broadcasts, if it does. */
    readonly broadcastLocation: string,
  ) {
    // after the first line it prints nothing
    child.stdout?.resume();
  }

  get port(): number {
    return Number(this.uri.slice(this.uri.lastIndexOf(':') + 1));
  }

  /** Ends it as a crash does. */
  kill(): Promise<void> {
    return this.end('SIGKILL');
  }

  stop(): Promise<void> {
    return this.end('SIGTERM');
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, 'exit');
    this.child.kill(signal);
    await exited;
  }
}
