import type { ArgumentMetadata, PipeTransform } from '@nestjs/common';
import { isThenable } from '../../calls/thenable.js';
import { noteRefusedArgument } from '../errors/python-error.js';
import type { CallRecord } from './call-record.js';

/** An argument of a method. A rest parameter has any number of arguments. */
export interface Argument {
  readonly index: number;
  /** Name of the argument for error messages; undefined when the parameter takes no argument of the wire, or several. */
  readonly label: string | undefined;
  /** Gives the value before the pipes. */
  readonly extract: (record: CallRecord) => unknown;
  /** Pipes in the order of their run: of the application, the class, the method, the parameter. */
  readonly pipes: readonly PipeTransform[];
  /** The type that the compiler emitted. */
  readonly metatype: unknown;
  readonly type: 'body' | 'custom';
  readonly data: unknown;
  readonly schema: unknown;
}

/** A pipe of an argument that threw. */
interface Failure {
  readonly error: unknown;
  /** Number of pipes that Nest has awaited when it answers the error. One that throws as the first pipe is no sooner than one that rejects. */
  readonly awaited: number;
}

/**
 * The arguments of one call on their way through pipes.
 *
 * Pipes run in Nest's order: the first pipe of each argument, then the second of each, and so on. When a pipe fails, the pipes of the
 * other arguments run to their end. The error counts that Nest would see first; of two at the same time, that of the first argument.
 */
export class PipedArguments {
  private failures: Map<Argument, Failure> | undefined;
  /** Arguments whose value is a promise of a decorator's factory: no pipe has seen the value. */
  private unseen: Set<Argument> | undefined;

  /** @param values filled by {@link run} */
  constructor(
    private readonly all: readonly Argument[],
    private readonly values: unknown[],
    private readonly record: CallRecord,
  ) {}

  /** Returns the values; a promise when a pipe or a factory gives one. @throws the first error */
  run(): unknown[] | Promise<unknown[]> {
    const rounds = Math.max(1, ...this.all.map(({ pipes }) => pipes.length));
    for (let round = 0; round < rounds; round++) {
      let isPending = false;
      for (const argument of this.all) {
        if (this.failures?.has(argument)) continue;
        try {
          const value = round === 0 ? this.begin(argument) : transform(argument, round, this.values[argument.index]);
          this.values[argument.index] = value;
          isPending ||= isThenable(value);
        } catch (error) {
          (this.failures ??= new Map()).set(argument, { error: this.noted(error, argument), awaited: Math.max(round, 1) });
        }
      }
      if (isPending) return this.runOn(round + 1);
    }
    if (this.failures !== undefined) throw this.failures.get(this.inOrderOfErrors(Infinity)[0]!)!.error;
    return this.values;
  }

  /** The arguments in the order in which Nest answers their errors. @param others the number of awaited pipes of arguments without an error */
  private inOrderOfErrors(others: number): readonly Argument[] {
    const { all, failures } = this;
    if (failures === undefined) return all;
    const awaited = (argument: Argument): number => failures.get(argument)?.awaited ?? others;
    return all.toSorted((one, other) => awaited(one) - awaited(other));
  }

  /** Extracts an argument, and runs its first pipe. */
  private begin(argument: Argument): unknown {
    const value = argument.extract(this.record);
    if (!isThenable(value)) return transform(argument, 0, value);
    (this.unseen ??= new Set()).add(argument);
    return value;
  }

  /** Goes on when a value is a promise: each argument by itself, as in Nest. */
  private runOn(round: number): Promise<unknown[]> {
    const { all, values } = this;
    return all.length === 1
      ? this.runOneOn(all[0]!, round)
      : Promise.all(this.inOrderOfErrors(round).map((argument) => this.runOneOn(argument, round))).then(() => values);
  }

  private async runOneOn(argument: Argument, round: number): Promise<unknown[]> {
    const { failures, unseen, values } = this;
    const failure = failures?.get(argument);
    if (failure !== undefined) {
      // as late as a first pipe of another argument that rejects
      if (round === 1) await Promise.resolve();
      throw failure.error;
    }
    try {
      let value = await values[argument.index];
      for (let next = unseen?.has(argument) ? 0 : round; next < argument.pipes.length; next++)
        value = await transform(argument, next, value);
      values[argument.index] = value;
      return values;
    } catch (error) {
      throw this.noted(error, argument);
    }
  }

  /** The error of a pipe, with a note which argument it is about. */
  private noted(error: unknown, { label, extract }: Argument): unknown {
    if (label !== undefined) noteRefusedArgument(error, label, extract(this.record));
    return error;
  }
}

/** Runs one pipe of an argument. The value stays as it is when the argument has fewer pipes. */
function transform({ pipes, metatype, type, data, schema }: Argument, round: number, value: unknown): unknown {
  const pipe = pipes[round];
  return pipe === undefined ? value : pipe.transform(value, { metatype, type, data, schema } as ArgumentMetadata);
}
