import { type ArgumentMetadata, type PipeTransform, type Type, ValidationPipe } from '@nestjs/common';
import { bytesOfDeepCopies, objectsIn } from '../../classes/fields/checked-objects.js';
import { checkTransformable } from '../../classes/dto/transformable.js';
import { servedCall } from '../../daemon/call/call.js';
import { SerializedBlob } from '../../serializers/contract/serialized-blob.js';
import { UnreadableError } from '../../serializers/contract/unreadable-error.js';
import { naturalValue } from '../../serializers/objects/natural-value.js';
import { PyTuple } from '../../serpent/values/values.js';
import { arrayPipeUse, checksObjects, convertsImplicitly, transformedType, validatedType } from '../nest-pipes.js';
import { CountedTexts } from './counted-texts.js';
import { refusedArgument } from './refused-argument.js';
import { isUncopied } from './typed-argument.js';

/**
 * Counts the objects of an argument under `maxCheckedObjects`, and the memory of their copies, before a pipe of Nest checks them by rules.
 * Refuses values that class-transformer must not get.
 */
class CountedArgument implements PipeTransform {
  constructor(
    /** Name of the argument. */
    private readonly label: string,
    /** The class of which the pipe makes an instance by class-transformer. */
    private readonly type: Type | undefined,
    /** True for a pipe that hands some values on as they are. */
    private readonly isSparing: boolean,
    private readonly isImplicit: boolean,
  ) {}

  /** @throws {PyroException} a ValueError that names the argument, over the limit */
  transform(received: unknown): unknown {
    const value = this.type === undefined ? received : withPlainObjects(received);
    // a schema looks at texts, a class does not
    const isCheckedText = typeof value === 'string' && this.type === undefined;
    if (!isCheckedText && (typeof value !== 'object' || value === null)) return value;
    if (this.isSparing && passesWhole(value, this.type)) return value;
    const { request } = servedCall();
    const { budget } = request;
    try {
      // a client may send a blob to any method; the rules would look into the daemon
      if (value instanceof SerializedBlob) throw new UnreadableError('a SerializedBlob cannot be checked by rules');
      budget?.spendChecks(objectsIn(value, budget.leftChecks));
      const bytes = bytesOfDeepCopies(value);
      if (bytes > 0) request.spend(bytes);
      if (this.type !== undefined) checkTransformable(this.type, value, { isImplicit: this.isImplicit, spend: request.spend });
    } catch (error) {
      throw refusedArgument(error, this.label);
    }
    return value;
  }
}

/** Makes objects of the dicts of faithful values, as class-transformer needs them. */
function withPlainObjects(value: unknown): unknown {
  const hasDicts = value instanceof Map || (Array.isArray(value) && value.some((item) => item instanceof Map));
  return hasDicts ? naturalValue(value, servedCall().request.spend) : value;
}

/** Runs a ValidationPipe, except on a value that class-transformer cannot copy, where the parameter has the class of the value. */
class SparingPipe implements PipeTransform {
  constructor(private readonly pipe: ValidationPipe) {}

  transform(value: unknown, metadata: ArgumentMetadata): unknown {
    return passesWhole(value, validatedType(this.pipe, metadata)) ? value : this.pipe.transform(value, metadata);
  }
}

/** True for a value that class-transformer cannot copy, where the parameter has the class of the value. */
function passesWhole(value: unknown, type: unknown): boolean {
  if (!isUncopied(type)) return false;
  // a tuple is an Array where values are natural
  const isTuple = Array.isArray(value) && (type === PyTuple || type.prototype instanceof PyTuple);
  return isTuple || value instanceof type;
}

/**
 * The pipes of an argument, each of Nest's validating pipes after a count of the objects that the pipe checks. Arguments that Nest's
 * pipes let pass, such as numbers and texts, have no count, except texts of which a ParseArrayPipe makes lists.
 *
 * @param metadata as the pipes get it
 * @param label name of the argument
 */
export function withCounts(pipes: readonly PipeTransform[], metadata: ArgumentMetadata, label: string): readonly PipeTransform[] {
  return pipes.flatMap((pipe) => {
    const texts = arrayPipeUse(pipe);
    const before = texts === undefined ? [] : [new CountedTexts(label, texts)];
    if (!checksObjects(pipe, metadata)) return [...before, pipe];
    const isOwn = pipe instanceof ValidationPipe && pipe.transform === ValidationPipe.prototype.transform;
    const type = transformedType(pipe, metadata);
    return [...before, new CountedArgument(label, type, isOwn, convertsImplicitly(pipe)), isOwn ? new SparingPipe(pipe) : pipe];
  });
}
