/** The members of Nest's validating pipes that this library uses beyond their public ones. */
import {
  type ArgumentMetadata,
  type ParseArrayOptions,
  ParseArrayPipe,
  type PipeTransform,
  StandardSchemaValidationPipe,
  type Type,
  ValidationPipe,
} from '@nestjs/common';

/** The members of Nest's validating pipes that are for their subclasses. */
interface ValidatingPipe {
  readonly expectedType?: ArgumentMetadata['metatype'];
  toValidate(metadata: ArgumentMetadata): boolean;
}

/** The members of Nest's ParseArrayPipe that are for its subclasses. */
interface ArrayPipe {
  readonly options: ParseArrayOptions;
}

/** How a ParseArrayPipe reads texts. */
export interface ArrayPipeUse {
  readonly separator: string;
  /** True when the pipe parses items that are texts as JSON. */
  readonly parsesItems: boolean;
  /** True when the items are objects, which are counted before the pipe validates them. */
  readonly holdsObjects: boolean;
  /** True when the pipe waits for each item. */
  readonly waits: boolean;
  /** True when each item may cost as much as an object: it is one, or the pipe makes an error of each. */
  readonly countsEach: boolean;
  /** False for a subclass that reads texts in its own way. */
  readonly isOwn: boolean;
}

/** How a pipe reads texts as lists; undefined for a pipe that does not. */
export function arrayPipeUse(pipe: PipeTransform): ArrayPipeUse | undefined {
  if (!(pipe instanceof ParseArrayPipe)) return undefined;
  const { items, separator, stopAtFirstError } = (pipe as unknown as ArrayPipe).options;
  const holdsObjects = !PLAIN_ITEMS.has(items);
  const isOwn = pipe.transform === ParseArrayPipe.prototype.transform;
  return {
    separator: separator || ',',
    parsesItems: items !== undefined && items !== String,
    holdsObjects,
    waits: items !== undefined,
    countsEach: holdsObjects || stopAtFirstError === false,
    isOwn,
  };
}

/** Types of items that a ParseArrayPipe does not hand to its own ValidationPipe. */
const PLAIN_ITEMS: ReadonlySet<unknown> = new Set([undefined, String, Number, Boolean]);

/** Whether a pipe of Nest checks the objects of an argument by the rules of a class, or of a schema. */
export function checksObjects(pipe: PipeTransform, metadata: ArgumentMetadata): boolean {
  if (pipe instanceof ValidationPipe) {
    const { expectedType } = pipe as unknown as ValidatingPipe;
    return isValidated(pipe, expectedType === undefined ? metadata : { ...metadata, metatype: expectedType });
  }
  if (pipe instanceof StandardSchemaValidationPipe) return metadata.schema !== undefined && isValidated(pipe, metadata);
  return pipe instanceof ParseArrayPipe && !PLAIN_ITEMS.has((pipe as unknown as ArrayPipe).options.items);
}

/** Whether a validating pipe uses the types that TypeScript emitted like `@Type` of class-transformer. */
export function convertsImplicitly(pipe: PipeTransform): boolean {
  const { transformOptions, options } = pipe as { transformOptions?: unknown; options?: { transformOptions?: unknown } };
  const given = transformOptions ?? options?.transformOptions;
  return (given as { enableImplicitConversion?: boolean } | undefined)?.enableImplicitConversion === true;
}

/** The class of which class-transformer makes instances for a pipe that validates; undefined when it makes none. */
export function transformedType(pipe: PipeTransform, metadata: ArgumentMetadata): Type | undefined {
  const type = pipe instanceof ValidationPipe ? validatedType(pipe, metadata) : itemsOf(pipe);
  return typeof type === 'function' ? (type as Type) : undefined;
}

function itemsOf(pipe: PipeTransform): unknown {
  return pipe instanceof ParseArrayPipe ? (pipe as unknown as ArrayPipe).options.items : undefined;
}

/** The class by whose rules a ValidationPipe validates an argument. */
export function validatedType(pipe: ValidationPipe, { metatype }: ArgumentMetadata): unknown {
  return (pipe as unknown as ValidatingPipe).expectedType ?? metatype;
}

/** True for a ValidationPipe, or its class, that validates an argument by the type of its parameter. */
export function validatesByType(pipe: unknown): boolean {
  if (typeof pipe === 'function') return pipe === ValidationPipe || pipe.prototype instanceof ValidationPipe;
  return pipe instanceof ValidationPipe && (pipe as unknown as ValidatingPipe).expectedType === undefined;
}

function isValidated(pipe: object, metadata: ArgumentMetadata): boolean {
  return (pipe as ValidatingPipe).toValidate(metadata);
}
