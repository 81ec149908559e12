import type { ArgumentMetadata, ParseArrayPipe, PipeTransform, ValidationPipe } from '@nestjs/common';
import type { ArrayPipe, ValidatingPipe } from '../nest-internals.js';

/** The type by which a ValidationPipe validates an argument. */
export function validatedType(pipe: ValidationPipe, { metatype }: ArgumentMetadata): unknown {
  return (pipe as unknown as ValidatingPipe).expectedType ?? metatype;
}

/** True when the types that TypeScript emitted for members count in the class-transformer of a pipe. */
export function convertsImplicitly(pipe: ValidationPipe): boolean {
  return (pipe as unknown as ValidatingPipe).transformOptions?.enableImplicitConversion === true;
}

/**
 * The pipe with something done before the rules of class-validator run, and undone after them: between the two runs of class-transformer.
 *
 * @param prepare gets the object that is validated, and gives the function that undoes
 */
export function withPreparedObjects(pipe: ValidationPipe, prepare: (object: object) => () => void): ValidationPipe {
  const given = pipe as unknown as ValidatingPipe;
  const validate = async (object: object, options?: object): Promise<unknown> => {
    const undo = prepare(object);
    try {
      return await given.validate(object, options);
    } finally {
      undo();
    }
  };
  return Object.create(pipe, { validate: { value: validate } }) as ValidationPipe;
}

/** The pipe with another pipe in place of its own ValidationPipe, which validates the items. */
export function withItemPipe(pipe: ParseArrayPipe, wrap: (pipe: ValidationPipe) => PipeTransform): ParseArrayPipe {
  const { validationPipe } = pipe as unknown as ArrayPipe;
  return Object.create(pipe, { validationPipe: { value: wrap(validationPipe) } }) as ParseArrayPipe;
}
