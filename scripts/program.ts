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
  /** Gives it a standard input, for {@link Program.type}. Default false: it reads the end of its input at once. */
  interactive?: boolean;
}

export interface Outcome {
  /** Undefined when it was ended by a signal or could not be started. */
  exitCode: number | undefined;
  stdout: string;
  /** The text of both streams, in the order of arrival. */
  output: string;
}

/** A match of a pattern in the output of a program. */
export interface Found {
  text: string;
  /** Offset of the end of the match in the output. */
  end: number;
}

const DEFAULT_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 10_000;

/** A child process whose output is kept. */
export class Program {
  /** Resolves when the program has ended and its output is complete; never rejects. */
  readonly ended: Promise<Outcome>;
  private readonly child: ChildProcess;
  private readonly name: string;
  private stdout = '';
  private output = '';
  private readonly watchers = new Set<() => void>();

  constructor(command: string, args: readonly string[], options: ProgramOptions = {}) {
    const { cwd = packageRoot, env, timeoutMs = DEFAULT_TIMEOUT_MS, echo = false, interactive = false } = options;
    this.name = [command, ...args].join(' ');
    const stdio = [interactive ? 'pipe' : 'ignore', 'pipe', 'pipe'] as const;
    this.child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: [...stdio] });
    // a program may end before it has read its input
    this.child.stdin?.on('error', () => {});
    const keep = (text: string): void => {
      this.output += text;
      if (echo) process.stdout.write(text);
      for (const look of this.watchers) look();
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
    return this.watch(`"${prefix}"`, () => {
      const complete = this.stdout.split('\n').slice(0, -1);
      return complete
        .find((text) => text.startsWith(prefix))
        ?.slice(prefix.length)
        .trim();
    });
  }

  /**
   * Waits for a text on either stream; the text need not be a complete line.
   *
   * @param from offset in the output at which the search begins
   * @throws {Error} with its output when the program ends first
   */
  printed(pattern: string | RegExp, from = 0): Promise<Found> {
    return this.watch(`${pattern}`, () => findIn(pattern, this.output, from));
  }

  /** Its process id. */
  get pid(): number {
    return this.child.pid!;
  }

  /** Its output so far. */
  get soFar(): string {
    return this.output;
  }

  /** Writes to its standard input; it has to be `interactive`. */
  type(text: string): void {
    this.child.stdin!.write(text);
  }

  endInput(): void {
    this.child.stdin!.end();
  }

  /**
   * Ends the program as a supervisor would, with SIGTERM.
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

  /** Ends the program as a crash does, with SIGKILL. Does nothing if the program has ended. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
  }

  private watch<T>(what: string, find: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const found = find();
        if (found === undefined) return;
        this.watchers.delete(look);
        resolve(found);
      };
      this.watchers.add(look);
      look();
      void this.ended.then(() => reject(new Error(`${this.name} ended before it printed ${what}\n${this.output}`)));
    });
  }
}

/** The first match after `from`. */
export function findIn(pattern: string | RegExp, output: string, from = 0): Found | undefined {
  const rest = output.slice(from);
  const [start, text] = typeof pattern === 'string' ? [rest.indexOf(pattern), pattern] : matchOf(pattern, rest);
  return start < 0 ? undefined : { text, end: from + start + text.length };
}

function matchOf(pattern: RegExp, text: string): [start: number, text: string] {
  const match = pattern.exec(text);
  return match === null ? [-1, ''] : [match.index, match[0]];
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
