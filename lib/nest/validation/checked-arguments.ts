import { type ArgumentMetadata, ParseArrayPipe, type PipeTransform, ValidationPipe } from '@nestjs/common';
import { bytesOfDeepCopies, objectsIn } from '../../classes/checked-objects.js';
import { servedCall } from '../../daemon/call/call.js';
import { checksObjects } from '../nest-internals.js';
import { refusedArgument } from './refused-argument.js';
import { SparingPipe } from './sparing-pipe.js';
import { withItemPipe } from './validation-pipes.js';

/** Counts the objects of an argument under `maxCheckedObjects`, and the memory of their copies, before a pipe of Nest checks them by rules. */
class CountedArgument implements PipeTransform {
  constructor(
    /** Name of the argument. */
    private readonly label: string,
  ) {}

  /** @throws {PyroException} a ValueError that names the argument, over the limit */
  transform(value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value;
    const { request } = servedCall();
    const { budget } = request;
    try {
      budget?.spendChecks(objectsIn(value, budget.leftChecks));
      const bytes = bytesOfDeepCopies(value);
      if (bytes > 0) request.spend(bytes);
    } catch (error) {
      throw refusedArgument(error, this.label);
    }
    return value;
  }
}

/**
 * The pipes of an argument, each of Nest's validating pipes behind a count of the objects that the pipe checks. ValidationPipes see no
 * values that class-transformer cannot copy. Arguments that Nest's pipes let pass, such as numbers and texts, have no count.
 *
 * @param metadata as the pipes get it
 * @param label name of the argument
 */
export function withCounts(pipes: readonly PipeTransform[], metadata: ArgumentMetadata, label: string): readonly PipeTransform[] {
  return pipes.flatMap((pipe) => (checksObjects(pipe, metadata) ? [new CountedArgument(label), sparing(pipe, label)] : [pipe]));
}

function sparing(pipe: PipeTransform, label: string): PipeTransform {
  if (pipe instanceof ValidationPipe) return new SparingPipe(pipe, label);
  return pipe instanceof ParseArrayPipe ? withItemPipe(pipe, (items) => new SparingPipe(items, label)) : pipe;
}
