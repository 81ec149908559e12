import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { stopProcess } from '../../stopped-process.js';
import { ensurePythonEnv } from '../python-env.js';

const SCRIPT = fileURLToPath(new URL('server.py', import.meta.url));

/** A Python daemon or name server in a separate process, which ends with this process. */
export class PythonServer {
  private constructor(
    private readonly child: ChildProcessByStdio<Writable, Readable, null>,
    /** `host:port` or `./u:path` */
    readonly location: string,
    /** Port of a name server's broadcast responder. */
    readonly broadcastPort: number | undefined,
  ) {}

  /** @param args see server.py */
  static async start(kind: 'thread' | 'multiplex' | 'nameserver', ...args: string[]): Promise<PythonServer> {
    const python = await ensurePythonEnv();
    const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1' };
    const child = spawn(python, [SCRIPT, kind, ...args], { env, stdio: ['pipe', 'pipe', 'inherit'] });
    let broadcastPort: number | undefined;
    for await (const line of createInterface(child.stdout)) {
      const [word, value] = line.split(' ');
      if (word === 'BROADCAST') broadcastPort = Number(value);
      if (word === 'READY') return new PythonServer(child, value!, broadcastPort);
    }
    throw new Error(`${kind} server did not start`);
  }

  get port(): number {
    return Number(this.location.slice(this.location.lastIndexOf(':') + 1));
  }

  /** Stops the process: as if its machine were too busy to answer. */
  pause(): Promise<void> {
    return stopProcess(this.child.pid!);
  }

  resume(): void {
    this.child.kill('SIGCONT');
  }

  uri(objectId: string): string {
    return `PYRO:${objectId}@${this.location}`;
  }

  /** Kills the process, as in a crash: all its sockets close. */
  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
  }
}
