import type { AnyClass } from '../../objects/decorated-member.js';
import { type FieldType, valueTypeOf } from '../../classes/fields/field-types.js';
import { findDescription } from '../../classes/register-class.js';
import type { InstanceMode } from '../../objects/keyed-instances.js';
import { missingMember } from '../../objects/missing-member.js';
import { newObjectId } from '../../objects/object-ids.js';
import { ArgumentBinder } from '../../objects/parameters/argument-binder.js';
import type { ObjectMetadata } from '../../daemon/contract/target.js';
import { controllerMetadataOf, type HandshakeGuard, handshakeGuardsOf } from '../metadata/controller-metadata.js';
import { carryOver } from '../metadata/carried-metadata.js';
import { decoratesParameters, parameterTypesOf, type RouteArgument, routeArgumentsOf } from '../metadata/parameter-metadata.js';
import { type InstanceWrapper, isGiven } from '../nest-internals.js';
import {
  decoratedClassName,
  handlerOf,
  undecoratedOverrides,
  ownMethods,
  type MethodMetadata,
  type PropertyMetadata,
  type PyroStreamOptions,
  type ServedMember,
  servedMembers,
} from '../metadata/member-metadata.js';
import { type ParameterPlan, planParameters, type PlannedParameter } from './parameter-plan.js';
import { type PyroNaming, wireNameOf } from '../../objects/naming.js';
import { checkWireName } from '../metadata/wire-names.js';
import type { ProvidedController } from './provided-controllers.js';

/** A method of any class. */
export type AnyMethod = (...args: unknown[]) => unknown;

/** A method that the pipeline can run: an exposed method, or the getter or setter of an attribute. */
export interface Operation {
  /** Name of the method on the class. */
  readonly key: string;
  /** The function of the class that has the enhancers. Nest's `context.getHandler()` gives it. */
  readonly handler: AnyMethod;
  /** Runs the member of an instance: a function that was put in its place later, too. @throws AttributeError when it was deleted */
  readonly invoke: (instance: object, args: unknown[]) => unknown;
  readonly binder: ArgumentBinder;
  readonly parameters: readonly PlannedParameter[];
  /** The types of the method's parameters; undefined when the compiler has emitted none. */
  readonly parameterTypes: readonly unknown[] | undefined;
  /** Nest's metadata of the method's parameter decorators. */
  readonly routeArguments: Readonly<Record<string, RouteArgument>>;
  readonly stream: Required<PyroStreamOptions> | undefined;
}

/** The definition of a Pyro object, read from the metadata of its class. */
export interface ObjectDefinition {
  readonly objectId: string;
  /** Name for the name server. */
  readonly name: string | undefined;
  /** Tags for the name server. */
  readonly tags: readonly string[];
  readonly instanceMode: InstanceMode;
  /** The class with the `@PyroController` that holds. */
  readonly type: AnyClass;
  /** The class of the instances, as far as it is known: see {@link ProvidedController}. */
  readonly instanceType: AnyClass;
  readonly wrapper: InstanceWrapper;
  readonly handshakeGuards: readonly HandshakeGuard[];
  readonly metadata: ObjectMetadata;
  readonly methods: ReadonlyMap<string, Operation>;
  readonly getters: ReadonlyMap<string, Operation>;
  readonly setters: ReadonlyMap<string, Operation>;
  readonly callbacks: ReadonlySet<string>;
  /** Names of parameters that a bundler or minifier has changed, by the method's key. */
  readonly changedNames: ReadonlyMap<string, readonly string[]>;
}

/**
 * Reads the definition of a Pyro object.
 *
 * @param serverNaming naming where the class has no option `naming`
 * @throws {TypeError} when the class exposes nothing, when two members or two parameters have the same wire name, or when a wire
 *   name is private
 */
export function defineObject(
  { type, instanceType, wrapper }: ProvidedController,
  serverNaming: PyroNaming | undefined,
): ObjectDefinition {
  const options = controllerMetadataOf(type)!;
  const naming = options.naming ?? serverNaming;
  const methods = new Map<string, Operation>();
  const getters = new Map<string, Operation>();
  const setters = new Map<string, Operation>();
  const oneway = new Set<string>();
  const attrs = new Set<string>();
  const callbacks = new Set<string>();
  const changedNames = new Map<string, readonly string[]>();
  for (const member of servedMembers(type, instanceType)) {
    const { metadata, prototype } = member;
    const where = `${instanceType.name}.${metadata.key}`;
    const wireName = checkWireName(metadata.name ?? wireNameOf(metadata.key, naming), where);
    if (methods.has(wireName) || attrs.has(wireName))
      throw new TypeError(`${where}: another member has the wire name "${wireName}" already`);
    const qualifiedName = `${decoratedClassName(prototype)}.${wireName}`;
    if (metadata.kind === 'method') {
      methods.set(wireName, methodOperation(metadata, member, qualifiedName, naming, where));
      if (metadata.oneway) oneway.add(wireName);
      if (metadata.callback) callbacks.add(wireName);
      if (metadata.changedNames.length > 0) changedNames.set(metadata.key, metadata.changedNames);
    } else {
      attrs.add(wireName);
      if (metadata.type !== undefined) valueTypeOf(metadata.type, `${where}: type`, findDescription);
      const { isReadable, isWritable } = accessOf(prototype, metadata.key);
      if (isReadable) getters.set(wireName, accessOperation('getter', metadata, member, qualifiedName, []));
      if (isWritable)
        setters.set(
          wireName,
          accessOperation('setter', metadata, member, qualifiedName, [valueParameter(wireName, metadata.type)]),
        );
    }
  }
  if (methods.size === 0 && attrs.size === 0) throw new TypeError(nothingExposed(type));
  return {
    objectId: options.objectId ?? newObjectId(),
    name: options.name,
    tags: options.metadata ?? [],
    instanceMode: isGiven(wrapper) ? 'single' : options.instanceMode,
    type,
    instanceType,
    wrapper,
    handshakeGuards: [...new Set([type, instanceType].flatMap(handshakeGuardsOf))],
    metadata: { methods: new Set(methods.keys()), oneway, attrs },
    methods,
    getters,
    setters,
    callbacks,
    changedNames,
  };
}

function nothingExposed(type: AnyClass): string {
  const own = ownMethods(type);
  const candidates = own.length > 0 ? ` (${own.slice(0, 5).join(', ')}${own.length > 5 ? ', …' : ''})` : '';
  const text = `${type.name} has no member that clients may use: put @PyroMethod() on the methods they may call${candidates}, @PyroProperty() on attributes`;
  const overridden = undecoratedOverrides(type)[0];
  return overridden === undefined ? text : `${text}; ${overridden} overrides a decorated member, and has to be decorated again`;
}

/** Tells whether a property can be read and written, after all its decorators have run. */
function accessOf(prototype: object, key: string): { isReadable: boolean; isWritable: boolean } {
  const accessor = Object.getOwnPropertyDescriptor(prototype, key) ?? {};
  const isData = 'value' in accessor;
  return { isReadable: isData || accessor.get !== undefined, isWritable: accessor.writable ?? accessor.set !== undefined };
}

/** The parameter of a setter. */
function valueParameter(label: string, type: FieldType | undefined): PlannedParameter {
  return { index: 0, source: { kind: 'argument', slot: 0 }, label, data: '0', pipes: [], schema: undefined, type };
}

function methodOperation(
  metadata: MethodMetadata,
  member: ServedMember,
  qualifiedName: string,
  naming: PyroNaming | undefined,
  where: string,
): Operation {
  const { key, stream } = metadata;
  const { prototype, replaced } = member;
  const signature = signatureOf(metadata, member);
  let plan: ParameterPlan;
  try {
    plan = planMethod(metadata, member, signature, naming);
  } catch (error) {
    throw new TypeError(`${where}: ${(error as Error).message}`, { cause: error });
  }
  const handler = handlerOf(prototype, metadata) as AnyMethod;
  if (replaced) carryOver(handlerOf(replaced.prototype, replaced.metadata as MethodMetadata), handler);
  return {
    key,
    handler,
    invoke: (instance, args) => {
      const method = (instance as Record<string, AnyMethod | undefined>)[key];
      if (typeof method !== 'function') throw missingMember(instance, key);
      return method.apply(instance, args);
    },
    binder: new ArgumentBinder(qualifiedName, plan.wire, plan.takesKeywords),
    parameters: withTypes(plan.parameters, metadata.types, where),
    ...signature,
    stream,
  };
}

/** The types and decorators of a method's parameters. */
type Signature = Pick<Operation, 'parameterTypes' | 'routeArguments'>;

/** The types and decorators of the method that the instances have; where it has none, those of the method in whose place it is. */
function signatureOf({ key }: MethodMetadata, { prototype, replaced, override = prototype }: ServedMember): Signature {
  const base = replaced?.prototype ?? prototype;
  const routeArguments = routeArgumentsOf(override, key);
  return {
    parameterTypes: parameterTypesOf(override, key) ?? parameterTypesOf(base, key),
    routeArguments: Object.keys(routeArguments).length > 0 ? routeArguments : routeArgumentsOf(base, key),
  };
}

function planMethod(
  { key, parameters, namesGiven }: MethodMetadata,
  { prototype, override }: ServedMember,
  { routeArguments, parameterTypes = [] }: Signature,
  naming: PyroNaming | undefined,
): ParameterPlan {
  if (override === undefined || !decoratesParameters(override, key))
    return planParameters(parameters, namesGiven, routeArguments, parameterTypes.length, naming);
  // clients go on to see the names of the decorated method
  const count = parameterTypesOf(prototype, key)?.length ?? 0;
  const { wire } = planParameters(parameters, namesGiven, routeArgumentsOf(prototype, key), count, naming);
  const plan = planParameters(wire, true, routeArguments, parameterTypes.length, naming);
  return { ...plan, wire: plan.wire && { ...plan.wire, declared: namesGiven } };
}

/** The parameters with the types that the decorator gives by their names. */
function withTypes(
  parameters: readonly PlannedParameter[],
  types: Readonly<Record<string, FieldType>>,
  where: string,
): readonly PlannedParameter[] {
  const labels = parameters.map(({ label }) => label);
  for (const [name, type] of Object.entries(types)) {
    if (!labels.includes(name)) {
      const known = labels.filter((label) => label !== undefined).join(', ');
      throw new TypeError(`${where}: types names the parameter ${name}, which clients do not see; they see: ${known || 'none'}`);
    }
    valueTypeOf(type, `${where}: types.${name}`, findDescription);
  }
  return parameters.map((plan) => {
    const type = plan.label === undefined ? undefined : types[plan.label];
    return type === undefined ? plan : { ...plan, type };
  });
}

function accessOperation(
  access: 'getter' | 'setter',
  metadata: PropertyMetadata,
  { prototype, replaced }: ServedMember,
  qualifiedName: string,
  parameters: readonly PlannedParameter[],
): Operation {
  const key = metadata[access];
  const handler = (prototype as Record<string, AnyMethod>)[key]!;
  if (replaced) carryOver((replaced.prototype as Record<string, AnyMethod>)[key]!, handler);
  const invoke: Operation['invoke'] = (instance, args) => handler.apply(instance, args);
  return {
    key,
    handler,
    invoke,
    binder: new ArgumentBinder(qualifiedName, undefined),
    parameters,
    parameterTypes: parameterTypesOf(prototype, key),
    routeArguments: {},
    stream: undefined,
  };
}
