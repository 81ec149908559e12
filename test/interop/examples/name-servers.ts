import { join } from 'node:path';
import { Program } from '../../../scripts/program.js';
import { ensurePythonEnv } from '../python-env.js';

/** Starts a new Pyro5 name server for each run, so that examples may register any name. One Python process runs them all. */
export class NameServers {
  private seen = 0;
  private last: Promise<unknown> = Promise.resolve();

  private constructor(private readonly program: Program) {}

  static async start(): Promise<NameServers> {
    const env = { PYTHONDONTWRITEBYTECODE: '1' };
    const script = join(import.meta.dirname, 'name_servers.py');
    return new NameServers(new Program(await ensurePythonEnv(), [script], { env, interactive: true, timeoutMs: 3_600_000 }));
  }

  /** @returns port at 127.0.0.1 */
  open(): Promise<number> {
    const port = this.last.then(() => this.ask());
    this.last = port.catch(() => {});
    return port;
  }

  async close(): Promise<void> {
    this.program.endInput();
    await this.program.ended;
  }

  private async ask(): Promise<number> {
    this.program.type('\n');
    const { text, end } = await this.program.printed(/\d+\n/, this.seen);
    this.seen = end;
    return Number(text);
  }
}
