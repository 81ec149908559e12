import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { CallRecord } from '../context/call-record.js';

/** Gives the keywords that no parameter took. Known by its identity to what plans the parameters. */
export function remainingKeywords(_data: unknown, context: ExecutionContext): unknown {
  return context.getArgByIndex<CallRecord>(2).keywords;
}

/**
 * A parameter that takes the keyword arguments no other parameter took, as Python's `**kwargs`: a plain object.
 * It takes no positional argument. Pipes may be given; a ValidationPipe sees its type.
 */
export const PyroKwargs = createParamDecorator(remainingKeywords);
