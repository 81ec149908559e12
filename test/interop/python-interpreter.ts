import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { ensurePythonEnv } from './python-env.js';

const SCRIPT = fileURLToPath(new URL('python-interpreter.py', import.meta.url));

interface Answer {
  result?: unknown;
  error?: string;
}

/** A Python process with Pyro5 that runs pieces of code one after the other, so that one test can hold both sides. */
export class PythonInterpreter {
  private readonly waiting: ((answer: Answer) => void)[] = [];

  private constructor(private readonly child: ChildProcessByStdio<Writable, Readable, null>) {
    createInterface(child.stdout).on('line', (line) => this.waiting.shift()!(JSON.parse(line) as Answer));
    child.on('close', () => {
      for (const answer of this.waiting.splice(0)) answer({ error: 'the interpreter has ended' });
    });
  }

  static async start(): Promise<PythonInterpreter> {
    const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1' };
    return new PythonInterpreter(spawn(await ensurePythonEnv(), [SCRIPT], { env, stdio: ['pipe', 'pipe', 'inherit'] }));
  }

  /**
   * Runs the body of a function, with any indentation. python-interpreter.py lists the names that need no import.
   *
   * @param given its variables, as JSON
   * @returns what it returns, as JSON
   * @throws {Error} `Type: text`, followed by the traceback
   */
  async run<T = unknown>(body: string, given: Record<string, unknown> = {}): Promise<T> {
    const answer = await new Promise<Answer>((resolve) => {
      this.waiting.push(resolve);
      this.child.stdin.write(`${JSON.stringify({ body, given })}\n`);
    });
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer.result as T;
  }

  stop(): void {
    this.child.stdin.end();
  }
}
