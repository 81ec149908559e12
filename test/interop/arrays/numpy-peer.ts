import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { NUMPY_FILE } from '../../../lib/command-line/python-numpy-file.js';
import type { SerializerName } from '../../../lib/serializers/contract/serializer.js';
import { ensurePythonEnv } from '../python-env.js';

const SCRIPT = fileURLToPath(new URL('./arrays.py', import.meta.url));

/** An array that Python has written, and what it is. */
export interface MadeArray {
  data: string;
  /** In the byte order of the machine. */
  dtype: string;
  shape: number[];
  /** SHA-256 of the elements in C order, in the byte order of the machine. */
  sha: string;
  /** The form in which Python has written the array. */
  form: string;
}

interface Answer {
  values?: unknown[];
  error?: string;
}

/** A directory with `pyro_numpy.py`, as `nestjs-pyro python numpy` prints it. */
export async function numpyFileDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'pyro-numpy-'));
  await writeFile(join(directory, 'pyro_numpy.py'), NUMPY_FILE);
  return directory;
}

/** A running arrays.py. It answers questions in order. */
export class NumpyPeer {
  private readonly waiting: ((answer: Answer) => void)[] = [];
  private complaints = '';

  private constructor(
    private readonly child: ChildProcessWithoutNullStreams,
    private readonly directory: string,
  ) {
    createInterface(child.stdout).on('line', (line) => this.waiting.shift()!(JSON.parse(line) as Answer));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.complaints += text));
    child.on('close', () => {
      for (const answer of this.waiting.splice(0)) answer({ error: `arrays.py ended: ${this.complaints}` });
    });
  }

  static async start(): Promise<NumpyPeer> {
    const [python, directory] = await Promise.all([ensurePythonEnv(), numpyFileDirectory()]);
    const env = { ...process.env, TZ: 'UTC', PYTHONDONTWRITEBYTECODE: '1' };
    return new NumpyPeer(spawn(python, [SCRIPT, directory], { env }), directory);
  }

  async stop(): Promise<void> {
    this.child.stdin.end();
    await rm(this.directory, { recursive: true, force: true });
  }

  /** Random arrays, in the forms in which Python programs send them. */
  async make(serializer: SerializerName, seed: number, count: number): Promise<MadeArray[]> {
    return (await this.ask({ op: 'make', serializer, seed, count })) as MadeArray[];
  }

  /** Lets Python read the arrays of a seed. @returns for each what is wrong; empty when nothing is */
  async check(serializer: SerializerName, seed: number, values: { data: string; written: string }[]): Promise<string[]> {
    return (await this.ask({ op: 'check', serializer, seed, values })) as string[];
  }

  private async ask(question: object): Promise<unknown[]> {
    const answer = await new Promise<Answer>((resolve) => {
      this.waiting.push(resolve);
      this.child.stdin.write(`${JSON.stringify(question)}\n`);
    });
    if (answer.values === undefined) throw new Error(answer.error);
    return answer.values;
  }
}
