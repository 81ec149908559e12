import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { AnyClass } from '../../objects/decorated-member.js';
import { configError } from '../../options/option-checks.js';
import { arrayTypeOf, type EnumObject, type FieldType, isScalarClass } from '../fields/field-types.js';

/** The part of class-validator that is used. */
interface ClassValidator {
  readonly validateSync: (object: object, options: object) => unknown[];
}

/** A decorator of class-validator on a member. */
export interface ValidationMetadata {
  readonly type: string;
  /** `isInt`, `min` … */
  readonly name?: string;
  readonly propertyName: string;
  readonly constraintCls: unknown;
  readonly constraints?: readonly unknown[];
  /** The decorator is about the items of a list. */
  readonly each?: boolean;
}

/** The storage of class-validator. It is in the global object, so the metadata of a class can be read before the package is loaded. */
interface ValidatorStorage {
  getTargetValidationMetadatas(type: AnyClass, schema: string, always: boolean, strictGroups: boolean): ValidationMetadata[];
  getTargetValidatorConstraints(target: unknown): { readonly async: boolean }[];
}

/** The part of class-transformer that is used. */
interface ClassTransformer {
  readonly plainToInstance: (type: AnyClass, plain: object) => object;
}

interface TransformerStorage {
  getExposedMetadatas(type: AnyClass): { readonly propertyName?: string; readonly options: { readonly name?: string } }[];
  getExcludedMetadatas(
    type: AnyClass,
  ): { readonly propertyName?: string; readonly options: { readonly toClassOnly?: boolean; readonly toPlainOnly?: boolean } }[];
  findTypeMetadata(type: AnyClass, member: string): TypeMetadata | undefined;
  findTransformMetadatas(type: AnyClass, member: string, direction: number): unknown[];
}

interface TypeMetadata {
  /** Undefined in a `@Type` that only gives options: the type that TypeScript emitted counts. */
  readonly typeFunction?: (about: { readonly newObject: object; readonly object: object; readonly property: string }) => unknown;
  /** The type that TypeScript emitted. */
  readonly reflectedType?: unknown;
  readonly options?: { readonly discriminator?: Discriminator; readonly keepDiscriminatorProperty?: boolean };
}

interface Discriminator {
  readonly property: string;
  readonly subTypes: readonly { readonly name: string; readonly value: AnyClass }[];
}

/** class-transformer's `TransformationType.PLAIN_TO_CLASS`. */
const PLAIN_TO_CLASS = 0;

/** A member with decorators of class-validator. */
export interface ValidatedMember {
  readonly isOptional: boolean;
  /** `@ValidateNested()` */
  readonly isNested: boolean;
  /** The type that a rule such as `@IsInt` tells. */
  readonly type: FieldType | undefined;
}

/** The decorators of class-validator on the members of a class; empty when there are none. */
export function validationMetadataOf(type: AnyClass): readonly ValidationMetadata[] {
  return validatorStorage()?.getTargetValidationMetadatas(type, '', false, false) ?? [];
}

/** The members of a class that have decorators of class-validator, in the order of the class; empty when there are none. */
export function validatedMembers(type: AnyClass): Map<string, ValidatedMember> {
  const members = new Map<string, ValidatedMember>();
  for (const rule of validationMetadataOf(type)) {
    const { propertyName, type: kind } = rule;
    const known = members.get(propertyName);
    members.set(propertyName, {
      isOptional: known?.isOptional === true || kind === 'conditionalValidation',
      isNested: known?.isNested === true || kind === 'nestedValidation',
      type: known?.type ?? typeOfRule(rule),
    });
  }
  return members;
}

/** The type of the values that a rule lets pass; undefined for most rules. */
function typeOfRule({ name, constraints = [], each }: ValidationMetadata): FieldType | undefined {
  const given = name === 'isEnum' ? (constraints[0] as EnumObject) : undefined;
  const type = name === 'isInt' ? 'int' : name === 'isUuid' ? 'UUID' : given;
  return type !== undefined && each === true ? [type] : type;
}

/**
 * Makes the function that validates instances of a class with class-validator, and returns class-validator's errors.
 *
 * @throws {PyroError} `CONFIG` when the package is not installed, or the class has an asynchronous validator, which nothing could wait for
 */
export function validatorOf(type: AnyClass): (instance: object) => unknown[] {
  const storage = validatorStorage()!;
  const constraints = storage.getTargetValidationMetadatas(type, '', false, false);
  if (constraints.some(({ constraintCls }) => storage.getTargetValidatorConstraints(constraintCls).some(({ async }) => async))) {
    throw configError(
      `${type.name} has an asynchronous validator, which cannot run while a value is read; let a ValidationPipe run it, and give the class fields`,
    );
  }
  const { validateSync } = required<ClassValidator>('class-validator', type);
  return (instance) => validateSync(instance, { forbidUnknownValues: false });
}

/** A class with decorators of class-transformer. */
export interface TransformedClass {
  /** Name of the class in TypeScript. */
  readonly name: string;
  /** Makes an instance. */
  make(members: Record<string, unknown>): object;
  /** Members that are not sent: `@Exclude()`. */
  readonly excluded: ReadonlySet<string>;
  /** Members that are not read. */
  readonly ignored: ReadonlySet<string>;
  /** Names on the wire by names of members, if the two differ: `@Expose({ name })`. */
  readonly renamed: ReadonlyMap<string, string>;
  /** The member with a name on the wire. */
  memberOf(name: string): string;
  /** True when a member has `@Transform`. */
  hasTransform(member: string): boolean;
  /** True when TypeScript emitted `Set` for a member: class-transformer makes a Set of a list. */
  isSet(member: string): boolean;
  /** True when TypeScript emitted `Map` for a member: class-transformer makes a Map of a dict. */
  isMap(member: string): boolean;
  /**
   * The class in `@Type(() => Step)` of a member.
   *
   * @param object whose member it is: `@Type(({ object }) => …)` chooses by it. Without it, the class of such a member is undefined
   */
  typeOf(member: string, object?: object): unknown;
  /** The class in `@Type` of a member, when it is a class with members. @param object whose member it is */
  nestedClassOf(member: string, object: object): NestedClass | undefined;
}

/** The class in `@Type`, or one of the subtypes of its discriminator. */
export interface NestedClass {
  /** Names of the class and of its subtypes, for errors. */
  readonly names: string;
  /** True when the value, or the object around it, tells the class: with a discriminator, or in `@Type(({ object }) => …)`. */
  readonly isChosen: boolean;
  /** True for an instance of the class, or of one of the subtypes. */
  isInstance(value: unknown): boolean;
  /** The class of an instance that is made of a dict, and the members for it. */
  of(value: object): { readonly type: AnyClass; readonly members: Record<string, unknown> };
}

/**
 * @param members names of the members that the class may have
 * @param isNested true when the class is in a `@Type`: class-transformer makes its instances even without other decorators
 */
export function transformedClass(type: AnyClass, members: readonly string[], isNested = false): TransformedClass | undefined {
  const storage = load<{ defaultMetadataStorage: TransformerStorage }>(
    'class-transformer/cjs/storage.js',
  )?.defaultMetadataStorage;
  if (storage === undefined) return undefined;
  const exposed = storage.getExposedMetadatas(type);
  const excluded = storage.getExcludedMetadatas(type);
  const hasTransform = (name: string): boolean => storage.findTransformMetadatas(type, name, PLAIN_TO_CLASS).length > 0;
  const isKnown =
    isNested ||
    exposed.length > 0 ||
    excluded.length > 0 ||
    members.some((name) => storage.findTypeMetadata(type, name) !== undefined || hasTransform(name));
  if (!isKnown) return undefined;
  const { plainToInstance } = required<ClassTransformer>('class-transformer', type);
  const renamed = new Map(
    exposed.flatMap(({ propertyName, options }): [string, string][] =>
      propertyName !== undefined && options.name !== undefined ? [[propertyName, options.name]] : [],
    ),
  );
  const memberOfName = new Map([...renamed].map(([member, name]) => [name, member]));
  return {
    name: type.name,
    make: (plain) => plainToInstance(type, plain),
    excluded: new Set(excluded.flatMap(({ propertyName, options }) => (options.toClassOnly ? [] : (propertyName ?? [])))),
    ignored: new Set(excluded.flatMap(({ propertyName, options }) => (options.toPlainOnly ? [] : (propertyName ?? [])))),
    renamed,
    memberOf: (name) => memberOfName.get(name) ?? name,
    hasTransform,
    isSet: (name) => emittedType(type, name) === Set,
    isMap: (name) => emittedType(type, name) === Map,
    typeOf: (name, object) => givenType(storage.findTypeMetadata(type, name), name, object).type,
    nestedClassOf: (name, object) => nestedClass(storage.findTypeMetadata(type, name), name, object),
  };
}

/** The class that `@Type` gives, and whether its function chooses by the object. Errors of the function are those of class-transformer. */
function givenType(
  metadata: TypeMetadata | undefined,
  property: string,
  object?: object,
): { readonly type: unknown; readonly isChosen: boolean } {
  if (metadata?.typeFunction === undefined) return { type: metadata?.reflectedType, isChosen: false };
  let isChosen = false;
  const choose = (): object => {
    isChosen = true;
    return object ?? {};
  };
  const about = {
    property,
    get object() {
      return choose();
    },
    /** The members that are made already: as they were received. */
    get newObject() {
      return choose();
    },
  };
  try {
    const type = metadata.typeFunction(about);
    return { type: isChosen && object === undefined ? undefined : type, isChosen };
  } catch (error) {
    if (isChosen && object === undefined) return { type: undefined, isChosen };
    throw error;
  }
}

function nestedClass(metadata: TypeMetadata | undefined, property: string, object: object): NestedClass | undefined {
  const { type: base, isChosen } = givenType(metadata, property, object);
  const hasNoMembers = isScalarClass(base) || base === Map || base === Set || arrayTypeOf(base) !== undefined;
  if (typeof base !== 'function' || hasNoMembers) return undefined;
  const { discriminator, keepDiscriminatorProperty } = metadata!.options ?? {};
  const all = [base as AnyClass, ...(discriminator?.subTypes.map(({ value }) => value) ?? [])];
  return {
    names: all.map(({ name }) => name).join(' or '),
    isChosen: isChosen || discriminator !== undefined,
    isInstance: (value) => all.some((each) => value instanceof each),
    of(given) {
      const value = given as Record<string, unknown>;
      if (discriminator === undefined) return { type: base as AnyClass, members: value };
      const { [discriminator.property]: kind, ...others } = value;
      const { value: type } = discriminator.subTypes.find(({ name }) => name === kind) ?? {};
      return { type: type ?? (base as AnyClass), members: keepDiscriminatorProperty ? value : others };
    },
  };
}

/** The type that TypeScript emitted for a member; undefined without `emitDecoratorMetadata` or reflect-metadata. */
export function emittedType(type: AnyClass, member: string): unknown {
  const { getMetadata } = Reflect as { getMetadata?: (key: string, target: object, member: string) => unknown };
  return getMetadata?.('design:type', type.prototype as object, member);
}

function validatorStorage(): ValidatorStorage | undefined {
  return (globalThis as { classValidatorMetadataStorage?: ValidatorStorage }).classValidatorMetadataStorage;
}

function required<T>(name: string, type: AnyClass): T {
  const loaded = load<T>(name);
  if (loaded === undefined)
    throw configError(`${type.name} has decorators of ${name}, which cannot be loaded; npm install ${name}`);
  return loaded;
}

const loaded = new Map<string, unknown>();

/** Loads an optional package: from this package, else from the directory of the program. Both packages are CommonJS for Node. */
function load<T>(name: string): T | undefined {
  if (loaded.has(name)) return loaded.get(name) as T | undefined;
  let found: T | undefined;
  // a module of a CommonJS bundle has no URL
  for (const from of [import.meta.url, join(process.cwd(), 'package.json')].filter(Boolean)) {
    try {
      found = createRequire(from)(name) as T;
      break;
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'MODULE_NOT_FOUND') throw error;
    }
  }
  loaded.set(name, found);
  return found;
}
