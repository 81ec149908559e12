import { createParamDecorator } from '@nestjs/common';
import { remainingKeywords } from '../metadata/parameter-metadata.js';

/**
 * A parameter that takes the keyword arguments that no other parameter took, as a plain object: Python's `**kwargs`.
 * It takes no positional argument. Pipes may be given; a ValidationPipe sees the type of the parameter.
 */
export const PyroKwargs = createParamDecorator(remainingKeywords);
