import { sharedSymbol } from '../../copies/process-wide.js';
import type { ExecutionContext, PipeTransform, Type } from '@nestjs/common';
import type { AnyClass } from '../../objects/decorated-member.js';
import { PARAMTYPES_METADATA, ROUTE_ARGS_METADATA } from '../nest-internals.js';
import { ownMethods } from './member-metadata.js';

/** Makes the value of a parameter that is decorated by a decorator of `createParamDecorator`. */
export type ParameterFactory = (data: unknown, context: ExecutionContext) => unknown;

/** A decorated parameter in Nest's route metadata. */
export interface RouteArgument {
  index: number;
  data?: unknown;
  pipes?: (PipeTransform | Type<PipeTransform>)[];
  schema?: unknown;
  factory?: ParameterFactory;
}

/** The decorated parameters of a method, by Nest's keys. */
export function routeArgumentsOf(prototype: object, method: string): Readonly<Record<string, RouteArgument>> {
  return (Reflect.getMetadata(ROUTE_ARGS_METADATA, prototype.constructor, method) ?? {}) as Record<string, RouteArgument>;
}

/** True when the class of a prototype decorates parameters of the method itself, and does not only inherit the decorators. */
export function decoratesParameters(prototype: object, method: string): boolean {
  return Reflect.hasOwnMetadata(ROUTE_ARGS_METADATA, prototype.constructor, method);
}

/** The types of a method's parameters, as TypeScript emits them; undefined when it emitted none. */
export function parameterTypesOf(prototype: object, method: string): readonly unknown[] | undefined {
  return Reflect.getMetadata(PARAMTYPES_METADATA, prototype, method) as unknown[] | undefined;
}

/** Marks the factory of `@PyroKwargs()`, in every copy of this package. */
const REMAINING_KEYWORDS = sharedSymbol('remaining-keywords');

/**
 * The factory of `@PyroKwargs()` parameters. The parameter plan recognises these parameters by this factory, and the pipeline fills
 * them. Nest's own transports call the factory: their messages have no keyword arguments.
 */
export const remainingKeywords: ParameterFactory = Object.defineProperty(() => ({}), REMAINING_KEYWORDS, { value: true });

/** True for the factory of `@PyroKwargs()` parameters. */
export function takesRemainingKeywords(factory: ParameterFactory | undefined): boolean {
  return factory !== undefined && REMAINING_KEYWORDS in factory;
}

/** Names of the methods of a class that have a parameter with `@PyroKwargs()`. */
export function methodsWithKeywords(type: AnyClass): string[] {
  const prototype = type.prototype as object;
  return ownMethods(type).filter((method) =>
    Object.values(routeArgumentsOf(prototype, method)).some(({ factory }) => takesRemainingKeywords(factory)),
  );
}
