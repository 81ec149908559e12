import { type ChildProcess, spawn } from 'node:child_process';
import { packageRoot } from './package-root.js';

export interface ProgramOptions {
  /** Working directory; default the package root. */
  cwd?: string;
  /** Added to this process' own environment. */
  env?: Record<string, string>;
  /** A program that runs longer is killed and has failed. Default 120 s. */
  timeoutMs?: number;
  /** Shows the program's output while it runs. Default false. */
  echo?: boolean;
}

export interface Outcome {
  /** Undefined when it was ended by a signal or could not be started. */
  exitCode: number | undefined;
  stdout: string;
  /** Both streams as they came. */
  output: string;
}

const DEFAULT_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 10_000;

/** A child process whose output is kept. It has no standard input. */
export class Program {
  /** Resolves when the program has ended and its output is complete; never rejects. */
  readonly ended: Promise<Outcome>;
  private readonly child: ChildProcess;
  private readonly name: string;
  private stdout = '';
  private output = '';

  constructor(command: string, args: readonly string[], options: ProgramOptions = {}) {
    const { cwd = packageRoot, env, timeoutMs = DEFAULT_TIMEOUT_MS, echo = false } = options;
    this.name = [command, ...args].join(' ');
    this.child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    const keep = (text: string): void => {
      this.output += text;
      if (echo) process.stdout.write(text);
    };
    this.child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
      keep(text);
    });
    this.child.stderr!.setEncoding('utf8').on('data', keep);
    const timer = setTimeout(() => {
      keep(`\n(killed after ${timeoutMs} ms)\n`);
      this.child.kill('SIGKILL');
    }, timeoutMs);
    this.ended = new Promise((resolve) => {
      const end = (exitCode: number | null): void => {
        clearTimeout(timer);
        resolve({ exitCode: exitCode ?? undefined, stdout: this.stdout, output: this.output });
      };
      this.child.on('error', (error) => {
        keep(`${error.message}\n`);
        end(null);
      });
      this.child.on('close', end);
    });
  }

  /**
   * Waits for a line of its standard output.
   *
   * @returns what follows `prefix` in that line
   * @throws {Error} with its output when the program ends first
   */
  line(prefix: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const complete = this.stdout.split('\n').slice(0, -1);
        const line = complete.find((text) => text.startsWith(prefix));
        if (line !== undefined) resolve(line.slice(prefix.length).trim());
      };
      this.child.stdout!.on('data', look);
      look();
      void this.ended.then(() => reject(new Error(`${this.name} ended before it printed "${prefix}"\n${this.output}`)));
    });
  }

  /**
   * Ends it as a supervisor would, with SIGTERM.
   *
   * @throws {Error} with its output when it has to be killed
   */
  async stop(): Promise<void> {
    let killed = false;
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => (killed = this.child.kill('SIGKILL')), STOP_TIMEOUT_MS);
    await this.ended;
    clearTimeout(timer);
    if (killed) throw new Error(`${this.name} did not end on SIGTERM within ${STOP_TIMEOUT_MS} ms\n${this.output}`);
  }
}

/**
 * Runs a program to its end.
 *
 * @throws {Error} with its output when it does not end with exit code 0
 */
export async function run(command: string, args: readonly string[], options: ProgramOptions = {}): Promise<Outcome> {
  const outcome = await new Program(command, args, options).ended;
  if (outcome.exitCode !== 0) {
    throw new Error(`${[command, ...args].join(' ')} failed (${outcome.exitCode ?? 'killed'})\n${outcome.output}`.trimEnd());
  }
  return outcome;
}
