import { inspect } from 'node:util';
import { recogniseInstances } from '../../copies/process-wide.js';

/**
 * `Ellipsis` or `StopIteration` of Python. JavaScript has no such value, and of the serializers marshal alone has it. It stands only in the
 * info of a received SerializedBlob, so that a gateway passes the info on unchanged.
 */
export class MarshalSingleton {
  static {
    recogniseInstances(this, 'MarshalSingleton');
  }

  /** @param typeLetter the type byte of marshal */
  constructor(
    private readonly name: string,
    readonly typeLetter: string,
  ) {}

  toString(): string {
    return this.name;
  }

  /** Called by serializers that cannot write the value. */
  toJSON(): never {
    throw new TypeError(`${this.name} of Python can be sent only in marshal`);
  }

  [inspect.custom](): string {
    return this.name;
  }
}

export const ELLIPSIS = new MarshalSingleton('Ellipsis', '.');
export const STOP_ITERATION = new MarshalSingleton('StopIteration', 'S');
