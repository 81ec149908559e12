import { UnreadableError } from '../contract/unreadable-error.js';
import { KeyCrowds } from '../../serpent/key-crowds.js';
import { PyFloat } from '../../serpent/index.js';
import type { SerializerOptions } from '../contract/serializer.js';
import { TextWindow } from '../../serpent/text-window.js';

/** The common part of the readers of binary formats: a cursor that never leaves the bytes. */
export abstract class BinaryReader {
  /** True when a dict has a `__class__` key. */
  sawClass = false;
  protected at = 0;
  protected depth = 0;
  protected readonly crowds = new KeyCrowds();
  protected readonly text: TextWindow;

  constructor(
    protected readonly bytes: Buffer,
    protected readonly options: Pick<SerializerOptions, 'values' | 'maxDepth' | 'maxIntDigits'>,
  ) {
    this.text = new TextWindow(bytes);
  }

  /** Name of the format in errors. */
  protected abstract readonly format: string;

  protected float(value: number): unknown {
    return this.options.values === 'faithful' ? new PyFloat(value) : value;
  }

  protected byte(): number {
    return this.bytes[this.take(1)]!;
  }

  protected sized(length: number): Buffer {
    const start = this.take(length);
    return this.bytes.subarray(start, this.at);
  }

  /** Moves the cursor. @returns the offset of the taken bytes */
  protected take(count: number): number {
    const start = this.at;
    if (start + count > this.bytes.length) this.fail('the data ends in the middle of a value');
    this.at = start + count;
    return start;
  }

  protected expectEnd(): void {
    if (this.at < this.bytes.length) this.fail(`${this.bytes.length - this.at} bytes are left over`);
  }

  protected fail(reason: string, builtin?: 'TypeError'): never {
    throw new UnreadableError(`bad ${this.format} data at byte ${this.at}: ${reason}`, { reason, builtin });
  }
}
