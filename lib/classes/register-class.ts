import type { Spend } from '../arrays/memory.js';
import { processWide } from '../copies/process-wide.js';
import { type AnyClass, isOnMember } from '../objects/decorated-member.js';
import {
  ANYTHING,
  checkArgument,
  checkIsObject,
  checkOptions,
  configError,
  oneOf,
  type OptionRules,
  SWITCH,
  SYNC_FUNCTION,
  TEXT,
} from '../options/option-checks.js';
import { type ClassConverter, type ClassRegistry, defaultClassRegistry } from '../serializers/contract/class-registry.js';
import { CLASS_REGISTRY } from '../serializers/contract/serializer-rules.js';
import { ClassDescription, type ClassOptions } from './class-description.js';
import { describeExceptions, receivedException } from './described-exceptions.js';
import { SCHEMA } from './standard-schema.js';

/** The name of a member of `T`, with a `?` if the member may be missing: `'unit?'`. */
export type FieldName<T> = (keyof T & string) | `${keyof T & string}?`;

/** A class that is described by its fields or a schema. */
export interface DescribedClassOptions<T extends object = object> extends ClassOptions<FieldName<T>> {
  /** Dotted Python class name: `lab.Point`, or `__main__.Point` for a class of a script. */
  name: string;
}

const RULES: OptionRules<DescribedClassOptions & ClassConverter> = {
  name: TEXT,
  fields: ANYTHING,
  schema: SCHEMA,
  python: oneOf('dataclass', 'namedtuple', 'pydantic', 'attrs'),
  toDict: SYNC_FUNCTION,
  fromDict: SYNC_FUNCTION,
  natural: SWITCH,
  make: SYNC_FUNCTION,
  countChecks: SYNC_FUNCTION,
};

const DESCRIBED: readonly string[] = ['fields', 'schema', 'python'];
const PYTHON_NAME = /^[\p{L}_][\p{L}\p{N}_]*(?:\.[\p{L}_][\p{L}\p{N}_]*)+$/u;

/** Every described class of the process. */
const descriptions = processWide('class-descriptions', () => new Map<AnyClass, ClassDescription>());

/** The same by name. Registries may have different classes with one name: the first is meant. */
const descriptionsByName = processWide('class-descriptions-by-name', () => new Map<string, ClassDescription>());

/**
 * Registers a class: its instances travel as Pyro's class dict, both ways. With `fields` or `schema` this package makes the dict and
 * the instance; with `toDict` and `fromDict` the application does.
 *
 * @param registry the registry of one daemon or proxy. Default: the registry of all daemons and proxies of the process
 * @throws {SerializeError} when another class has the name
 * @throws {PyroError} `CONFIG` on wrong options
 */
export function registerClass<T extends object>(
  type: abstract new (...args: never[]) => T,
  options: ClassConverter<T> | DescribedClassOptions<T>,
  registry: ClassRegistry = defaultClassRegistry,
): void {
  checkOptions(options as DescribedClassOptions & ClassConverter, RULES, 'registerClass: ');
  checkArgument('registerClass: the registry', registry, CLASS_REGISTRY);
  if (!DESCRIBED.some((name) => (options as unknown as Record<string, unknown>)[name] !== undefined))
    return registry.registerClass(type, options);
  const { name, toDict, fromDict, ...described } = options as DescribedClassOptions & ClassConverter;
  if (toDict !== undefined || fromDict !== undefined)
    throw configError(`registerClass: ${name} has fields or a schema, and also toDict or fromDict; one way is enough`);
  describeClass(type, name, described, registry);
}

/** A decorator of classes, of TypeScript's kind and of the standard's. */
export type ClassMark = <T extends AnyClass>(type: T, context?: ClassDecoratorContext<T>) => T;

/**
 * Lets the instances of a class travel as Pyro's class dict, both ways. As a decorator, and as a function in plain JavaScript:
 * `PyroClass('lab.Point', { fields: ['x', 'y'] })(Point)`.
 *
 * Instances of an Error class travel as Python exceptions, with the fields as attributes.
 *
 * @param name dotted Python class name: `lab.Point`
 * @throws {SerializeError} when another class has the name
 * @throws {PyroError} `CONFIG` on wrong options, on members, and when the members of the class are not known
 */
export function PyroClass(name: string, options: ClassOptions & { registry?: ClassRegistry } = {}): ClassMark {
  checkArgument('@PyroClass: the name', name, TEXT);
  checkIsObject(options, '@PyroClass: ');
  return (type, ...rest: unknown[]) => {
    if (isOnMember([type, ...rest])) throw configError(`@PyroClass("${name}") is on a member of a class; it is for classes`);
    const { registry = defaultClassRegistry, ...described } = options;
    checkOptions({ name, ...described } as DescribedClassOptions & ClassConverter, RULES, `@PyroClass on ${type.name}: `);
    describeClass(type, name, described, registry);
    return type;
  };
}

/** The description of a class; undefined when it is not described. */
export function descriptionOf(type: unknown): ClassDescription | undefined {
  return descriptions.get(type as AnyClass);
}

/** The description of an object's class, or of the nearest described class that it extends. */
export function descriptionFor(value: object): ClassDescription | undefined {
  for (
    let proto = Object.getPrototypeOf(value) as object | null;
    proto !== null;
    proto = Object.getPrototypeOf(proto) as object
  ) {
    const found = descriptions.get(proto.constructor as AnyClass);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** All described classes. A base class comes before the classes that extend it. */
export function describedClasses(): ClassDescription[] {
  return [...descriptions.values()];
}

/** The described class with a class or a Python name. */
export function findDescription(type: AnyClass | string): ClassDescription | undefined {
  return typeof type === 'string' ? descriptionsByName.get(type) : descriptions.get(type);
}

function keep(description: ClassDescription): void {
  const isNew = !descriptions.has(description.type);
  descriptions.set(description.type, description);
  if (!isNew) descriptionsByName.clear();
  for (const each of isNew ? [description] : descriptions.values())
    if (!descriptionsByName.has(each.name)) descriptionsByName.set(each.name, each);
}

function describeClass(type: AnyClass, name: string, options: ClassOptions, registry: ClassRegistry): void {
  if (!PYTHON_NAME.test(name))
    throw configError(`${type.name}: "${name}" is no name of a Python class; give module and class: lab.${type.name}`);
  const description = new ClassDescription(type, name, options, baseOf(type), findDescription);
  const make = description.isException
    ? (dict: Record<string, unknown>, spend: Spend) => receivedException(description, dict, spend)
    : (dict: Record<string, unknown>, spend: Spend) => description.make(dict, spend);
  const countChecks = (dict: object, most: number): number => description.countChecks(dict, most);
  // errors are written like all errors, with their traceback
  const toDict = description.isException ? {} : { toDict: (value: object) => description.membersOf(value) };
  registry.registerClass(type, { name, natural: true, make, countChecks, ...toDict });
  if (description.isException) describeExceptions(description);
  keep(description);
}

function baseOf(type: AnyClass): ClassDescription | undefined {
  for (let each: unknown = Object.getPrototypeOf(type); typeof each === 'function'; each = Object.getPrototypeOf(each)) {
    const found = descriptions.get(each as unknown as AnyClass);
    if (found !== undefined) return found;
  }
  return undefined;
}
