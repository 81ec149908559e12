import { fileURLToPath } from 'node:url';
import { Program } from '../../../scripts/program.js';
import { ensurePythonEnv } from '../../interop/python-env.js';
import type { CallRecord, LedgerHistory } from './ledger-history.js';

const SCRIPT = fileURLToPath(new URL('client.py', import.meta.url));
const THREADS = 4;

/** A Python program that calls a ledger without end. */
export class PythonClient {
  private constructor(
    private readonly program: Program,
    private readonly history: LedgerHistory,
    private read = 0,
  ) {}

  static async start(uri: string, name: string, history: LedgerHistory): Promise<PythonClient> {
    const args = [SCRIPT, uri, name, String(THREADS)];
    const program = new Program(await ensurePythonEnv(), args, { interactive: true, timeoutMs: 2 ** 31 - 1 });
    return new PythonClient(program, history);
  }

  /** Takes over the calls that were printed since. */
  collect(): void {
    const end = this.program.soFar.lastIndexOf('\n') + 1;
    for (const line of this.program.soFar.slice(this.read, end).split('\n').slice(0, -1)) {
      if (!line.startsWith('{')) throw new Error(`the client printed ${line}\n${this.program.soFar.slice(-2_000)}`);
      this.history.add(JSON.parse(line) as CallRecord);
    }
    this.read = end;
  }

  async kill(): Promise<void> {
    await this.program.kill();
    this.collect();
  }
}
