import { createInterface } from 'node:readline';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Program } from './program.js';

/** Memory and handles of a process, after its garbage was collected. */
export interface Footprint {
  /** Number of sockets and other handles that keep the process alive, without timers. */
  handles: number;
  heapBytes: number;
  rssBytes: number;
}

/** The errors of a process that reach nobody: uncaught exceptions, unhandled rejections, and errors that `note` gets. */
export class Problems implements Disposable {
  readonly texts: string[] = [];
  readonly note = (error: unknown): void =>
    void this.texts.push(error instanceof Error ? (error.stack ?? error.message) : String(error));

  constructor() {
    process.on('uncaughtException', this.note);
    process.on('unhandledRejection', this.note);
  }

  [Symbol.dispose](): void {
    process.off('uncaughtException', this.note);
    process.off('unhandledRejection', this.note);
  }
}

let collectGarbage: (() => void) | undefined;

/** Collects the garbage of this process, and measures what is left. */
export function footprint(): Footprint {
  if (collectGarbage === undefined) {
    setFlagsFromString('--expose-gc');
    collectGarbage = runInNewContext('gc') as () => void;
  }
  collectGarbage();
  collectGarbage();
  const { heapUsed, rss } = process.memoryUsage();
  const handles = process.getActiveResourcesInfo().filter((name) => name !== 'Immediate' && name !== 'Timeout').length;
  return { handles, heapBytes: heapUsed, rssBytes: rss };
}

/** Tells a {@link ServerProcess}, which runs this process, where the server listens, and answers its questions. */
export function answerServerProcess(location: string, state: () => unknown): void {
  let asked = 0;
  createInterface(process.stdin).on('line', () => console.log(`state ${++asked}: ${JSON.stringify(state())}`));
  console.log(`ready: ${location}`);
}

export interface ServerProcessOptions {
  /** Compiled program, which calls {@link answerServerProcess}. */
  file: string;
  args: readonly string[];
  /** `--max-old-space-size`. Default: Node's. */
  heapMib?: number | undefined;
}

/** A server in a separate process, so that its end is noticed. The process ends with this process. */
export class ServerProcess<State> {
  private asked = 0;
  private readonly kill = (): void => void process.kill(this.program.pid, 'SIGKILL');

  private constructor(
    private readonly program: Program,
    /** `host:port` */
    readonly location: string,
  ) {
    process.once('exit', this.kill);
  }

  /** @throws {Error} with its output, when it ends before it listens */
  static async start<State>({ file, args, heapMib }: ServerProcessOptions): Promise<ServerProcess<State>> {
    const heap = heapMib === undefined ? [] : [`--max-old-space-size=${heapMib}`];
    const program = new Program(process.execPath, [...heap, file, ...args], { interactive: true, timeoutMs: 2 ** 31 - 1 });
    return new ServerProcess<State>(program, await program.line('ready: '));
  }

  /** Asks the server for its state. @throws {Error} with its output, when it has ended */
  async state(): Promise<State> {
    this.program.type('\n');
    return JSON.parse(await this.program.line(`state ${++this.asked}: `)) as State;
  }

  async close(): Promise<void> {
    process.off('exit', this.kill);
    await this.program.stop();
  }
}
