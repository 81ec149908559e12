import type { PipeTransform, Type } from '@nestjs/common';
import { countChecks } from '../../classes/fields/checked-objects.js';
import { CONTAINER_CLASSES, OPAQUE_CLASSES } from '../../classes/fields/opaque-values.js';
import { RemoteProxy } from '../../client/proxy/remote-proxy.js';
import { servedCall } from '../../daemon/call/call.js';
import { type FieldType, valueTypeOf, type ValueType } from '../../classes/fields/field-types.js';
import { naturalFor, readTyped } from '../../classes/fields/field-values.js';
import { descriptionOf, findDescription } from '../../classes/register-class.js';
import { refusedArgument } from './refused-argument.js';

/**
 * Makes the value of an argument by its type: an instance of a registered class from the plain dict of its members, a Date from the text
 * of a datetime. Runs before all pipes, so that they see what the method gets.
 */
class TypedArgument implements PipeTransform {
  constructor(
    private readonly type: ValueType,
    /** Name of the argument. */
    private readonly label: string,
  ) {}

  /** @throws {PyroException} a ValueError that names the argument. None and arguments that were left out pass */
  transform(value: unknown): unknown {
    if (value === undefined || value === null) return value;
    try {
      const { request } = servedCall();
      const { budget } = request;
      const natural = naturalFor(this.type, value, request.spend);
      if (budget) budget.spendChecks(countChecks(this.type, natural, budget.leftChecks));
      return readTyped(this.type, natural, 'the value', request.spend);
    } catch (error) {
      throw refusedArgument(error, this.label);
    }
  }
}

/**
 * The pipe that an argument needs because of its type; undefined when its values stay as they come.
 *
 * @param declared the type in the options of the decorator
 * @param emitted the type that TypeScript emitted
 * @param label name of the argument
 */
export function typedArgument(declared: FieldType | undefined, emitted: unknown, label: string): PipeTransform | undefined {
  if (declared !== undefined) return new TypedArgument(valueTypeOf(declared, label, findDescription), label);
  if (emitted !== Date && descriptionOf(emitted) === undefined) return undefined;
  return new TypedArgument(valueTypeOf(emitted, label, findDescription), label);
}

/** The classes of values that class-transformer cannot copy. */
const UNCOPIED = [...OPAQUE_CLASSES, ...CONTAINER_CLASSES, RemoteProxy];

/** True for a class of values that class-transformer cannot copy. */
export function isUncopied(type: unknown): type is Type {
  return typeof type === 'function' && UNCOPIED.some((each) => type === each || (type.prototype as unknown) instanceof each);
}

/**
 * The type of a parameter for Nest's pipes: `Object` for a class that has arrays and has validated its instance already. Otherwise
 * ValidationPipe would copy the instance with class-transformer, which cannot copy arrays.
 */
export function typeForPipes(emitted: unknown): unknown {
  return descriptionOf(emitted)?.holdsArrays() === true ? Object : emitted;
}
