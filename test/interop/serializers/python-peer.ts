import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { SerializerName } from '../../../lib/serializers/contract/serializer.js';
import { ensurePythonEnv } from '../python-env.js';
import type { PythonValue } from './python-value.js';

const SCRIPT = fileURLToPath(new URL('./values.py', import.meta.url));

interface Reply {
  given?: PythonValue;
  data?: string;
  typed?: PythonValue;
  /** For many values at once. */
  values?: Reply[];
  error?: string;
}

/** The data that Python wrote. */
export interface WrittenValue {
  given: PythonValue;
  data: Buffer;
  /** The value that Python reads from its own data. */
  typed: PythonValue;
}

/** A running values.py. It answers requests in order; several requests may wait. */
export class PythonPeer {
  private readonly waiting: { resolve: (reply: Reply) => void; reject: (error: Error) => void }[] = [];
  private complaints = '';

  private constructor(private readonly child: ChildProcessWithoutNullStreams) {
    createInterface(child.stdout).on('line', (line) => this.waiting.shift()!.resolve(JSON.parse(line) as Reply));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.complaints += text));
    child.on('close', () => {
      for (const { reject } of this.waiting) reject(new Error(`values.py ended: ${this.complaints}`));
    });
  }

  static async start(): Promise<PythonPeer> {
    return new PythonPeer(spawn(await ensurePythonEnv(), [SCRIPT], { env: { ...process.env, TZ: 'UTC' } }));
  }

  stop(): void {
    this.child.stdin.end();
  }

  /** Lets Pyro5 write a value, and read its own data again. @throws {Error} with Python's own text */
  async write(serializer: SerializerName, typed: PythonValue): Promise<{ data: Buffer; typed: PythonValue }> {
    return written(await this.ask({ op: 'write', serializer, typed, plain: false }));
  }

  /**
   * Like {@link write}, for many plain values. Also returns each value as Python has it, with equal keys and set members merged.
   *
   * @throws {Error} with Python's own text, when one cannot be written
   */
  async writeAll(serializer: SerializerName, values: readonly PythonValue[]): Promise<WrittenValue[]> {
    const replies = (await this.ask({ op: 'writeAll', serializer, values })).values!;
    return replies.map((reply) => ({ given: checked(reply).given!, ...written(reply) }));
  }

  /** Like {@link read}, for many values. */
  async readAll(serializer: SerializerName, data: readonly Uint8Array[]): Promise<PythonValue[]> {
    const values = data.map((bytes) => Buffer.from(bytes).toString('base64'));
    return (await this.ask({ op: 'readAll', serializer, values })).values!.map((reply) => checked(reply).typed!);
  }

  async read(serializer: SerializerName, data: Uint8Array): Promise<PythonValue> {
    return (await this.ask({ op: 'read', serializer, data: Buffer.from(data).toString('base64') })).typed!;
  }

  async writeCall(serializer: SerializerName, typed: PythonValue): Promise<{ data: Buffer; typed: PythonValue }> {
    return written(await this.ask({ op: 'writeCall', serializer, typed }));
  }

  async readCall(serializer: SerializerName, data: Uint8Array): Promise<PythonValue> {
    return (await this.ask({ op: 'readCall', serializer, data: Buffer.from(data).toString('base64') })).typed!;
  }

  async marshal(version: number, typed: PythonValue): Promise<Buffer> {
    return written(await this.ask({ op: 'marshal', version, typed })).data;
  }

  private async ask(question: object): Promise<Reply> {
    const reply = await new Promise<Reply>((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      this.child.stdin.write(`${JSON.stringify(question)}\n`);
    });
    return checked(reply);
  }
}

function checked(reply: Reply): Reply {
  if (reply.error !== undefined) throw new Error(reply.error);
  return reply;
}

function written({ data, typed }: Reply): { data: Buffer; typed: PythonValue } {
  return { data: Buffer.from(data!, 'base64'), typed: typed! };
}
