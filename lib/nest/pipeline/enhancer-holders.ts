import type { ObjectDefinition, Operation } from '../definition/object-definition.js';
import { enhancersOn, unknownEnhancer } from '../definition/known-enhancers.js';
import { carryOver } from '../metadata/carried-metadata.js';
import { findDescriptor } from '../../objects/decorated-member.js';
import type { AnyMethod } from './call-record.js';

/** The things that Nest is asked for enhancers with. */
export interface EnhancerHolders {
  /** An object of the class that has enhancers. Enhancers get the class by `context.getClass()`. */
  readonly host: object;
  /** The method that has enhancers. */
  readonly handler: AnyMethod;
}

/**
 * The holders of the enhancers for an instance. A function that was put in the place of the method later, on the instance or the class,
 * changes nothing: the enhancers are those of the class as it was at the start. An instance of another class (of a subclass, or a
 * stand-in) has the enhancers of both classes.
 *
 * @throws {Error} when the other class has enhancers that Nest does not know: a guard would be missing
 */
export function enhancerHolders(
  instance: object,
  { key, handler }: Operation,
  { type, wrapper }: ObjectDefinition,
): EnhancerHolders {
  const prototype = Object.getPrototypeOf(instance) as object | null;
  // not the instance itself, which the pipeline would keep alive
  if (prototype === type.prototype) return { host: Object.create(prototype) as object, handler };
  const other = prototype?.constructor;
  const both = class {};
  Object.defineProperty(both, 'name', { value: other?.name });
  if (other !== undefined) carryOver(other, both);
  carryOver(type, both);
  const method: unknown = prototype && findDescriptor(prototype, key)?.value;
  const ownHandler = typeof method === 'function' ? (method as AnyMethod) : handler;
  if (ownHandler !== handler) carryOver(handler, ownHandler);
  const unknown = unknownEnhancer([both, ownHandler].flatMap(enhancersOn), wrapper.host!);
  if (unknown === undefined) return { host: new both(), handler: ownHandler };
  throw new Error(
    `an instance of ${other?.name} is served as ${type.name} and uses ${unknown.name}, which Nest does not know in ` +
      `${wrapper.host!.name}: provide the class itself (useClass)`,
  );
}
