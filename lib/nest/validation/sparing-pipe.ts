import type { ArgumentMetadata, PipeTransform, Type, ValidationPipe } from '@nestjs/common';
import { HiddenValues } from './hidden-values.js';
import { MemberTypes } from './member-types.js';
import { refusedArgument } from './refused-argument.js';
import { staysWhole } from './typed-argument.js';
import { convertsImplicitly, validatedType, withPreparedObjects } from './validation-pipes.js';

/**
 * Runs a ValidationPipe on an argument in which class-transformer finds no values that it cannot copy. The rules of class-validator, and
 * the method, get these values.
 */
export class SparingPipe implements PipeTransform {
  private readonly types: MemberTypes;

  constructor(
    private readonly pipe: ValidationPipe,
    /** Name of the argument. */
    private readonly label: string,
  ) {
    this.types = new MemberTypes(convertsImplicitly(pipe));
  }

  transform(value: unknown, metadata: ArgumentMetadata): unknown {
    const { pipe } = this;
    if (typeof value !== 'object' || value === null) return pipe.transform(value, metadata);
    const type = validatedType(pipe, metadata);
    // the type of the pipe itself, or of the items of a ParseArrayPipe
    if (staysWhole(type) && value instanceof (type as Type)) return value;
    const hidden = new HiddenValues(this.types);
    const given = this.hide(hidden, value, type);
    return given === value ? pipe.transform(value, metadata) : this.runWith(hidden, given, value, metadata);
  }

  private hide(hidden: HiddenValues, value: object, type: unknown): unknown {
    try {
      return hidden.hide(value, type);
    } catch (error) {
      throw refusedArgument(error, this.label);
    }
  }

  private async runWith(hidden: HiddenValues, given: unknown, value: object, metadata: ArgumentMetadata): Promise<unknown> {
    const pipe = withPreparedObjects(this.pipe, (object) => {
      const undo: (() => void)[] = [];
      hidden.reveal(object, undo);
      return () => {
        for (const each of undo.reverse()) each();
      };
    });
    const result: unknown = await pipe.transform(given, metadata);
    return result === given ? hidden.originalOf(given, value) : hidden.reveal(result);
  }
}
