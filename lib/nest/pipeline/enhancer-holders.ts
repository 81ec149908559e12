import type { AnyMethod, ObjectDefinition, Operation } from '../definition/object-definition.js';
import { enhancersOn, unknownEnhancer } from '../definition/known-enhancers.js';
import { isRemoteObject } from '../../client/proxy/remote-proxy.js';
import type { AnyClass } from '../../objects/decorated-member.js';
import { carryMetadata, carryOver } from '../metadata/carried-metadata.js';
import { handshakeGuardsOf } from '../metadata/controller-metadata.js';
import { routeArgumentsOf } from '../metadata/parameter-metadata.js';
import { findDescriptor } from '../../objects/decorated-member.js';

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
 * @throws {Error} when the other class has guards, pipes or the like that the definition does not have, or that Nest does not know: such a
 * guard would never run
 */
export function enhancerHolders(instance: object, operation: Operation, definition: ObjectDefinition): EnhancerHolders {
  const { key, handler } = operation;
  const { type, instanceType, wrapper } = definition;
  const prototype = Object.getPrototypeOf(instance) as object | null;
  // not the instance itself, which the pipeline would keep alive
  if (prototype === type.prototype) return { host: Object.create(prototype) as object, handler };
  const other = prototype?.constructor as AnyClass | undefined;
  const refuse = (fault: string): never => {
    throw new Error(`an instance of ${other?.name} is served as ${type.name} and ${fault}: provide the class itself (useClass)`);
  };
  if (isRemoteObject(instance)) refuse('is an object of another server, which every client could use');
  const both = class {};
  Object.defineProperty(both, 'name', { value: other?.name });
  if (other !== undefined && other !== instanceType) {
    const missing = missingPart(other, operation, definition);
    if (missing !== undefined) refuse(missing);
    carryMetadata(other);
  }
  if (other !== undefined) carryOver(other, both);
  carryOver(type, both);
  const method: unknown = prototype && findDescriptor(prototype, key)?.value;
  const ownHandler = typeof method === 'function' ? (method as AnyMethod) : handler;
  if (ownHandler !== handler) carryOver(handler, ownHandler);
  const unknown = unknownEnhancer([both, ownHandler].flatMap(enhancersOn), wrapper.host!);
  if (unknown !== undefined) refuse(`uses ${unknown.name}, which Nest does not know in ${wrapper.host!.name}`);
  return { host: new both(), handler: ownHandler };
}

/** The holders of the enhancers where no instance could be made: those of an instance of the class that the wrapper names. */
export function failedHolders(operation: Operation, definition: ObjectDefinition): EnhancerHolders {
  const { type, instanceType } = definition;
  try {
    return enhancerHolders(Object.create(instanceType.prototype as object) as object, operation, definition);
  } catch {
    // the call is refused because of the other class
    return { host: Object.create(type.prototype as object) as object, handler: operation.handler };
  }
}

/** The part of a class that the definition lacks, because a factory gave an instance of the class only after the start. */
function missingPart(
  other: AnyClass,
  { key, routeArguments }: Operation,
  { handshakeGuards }: ObjectDefinition,
): string | undefined {
  if (handshakeGuardsOf(other).some((guard) => !handshakeGuards.includes(guard)))
    return 'has @UseHandshakeGuards, which did not run, since a factory made the instance after the handshake';
  const own = routeArgumentsOf(other.prototype as object, key);
  if (Object.keys(own).length > 0 && own !== routeArguments)
    return `decorates the parameters of ${key}, which were not known at the start`;
  return undefined;
}
