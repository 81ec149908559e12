import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { AnyClass } from '../objects/decorated-member.js';
import { configError } from '../options/option-checks.js';
import type { FieldType } from './field-types.js';

/** The part of class-validator that is used. */
interface ClassValidator {
  validateSync(object: object, options: object): unknown[];
}

interface ValidationMetadata {
  readonly type: string;
  readonly name?: string;
  readonly propertyName: string;
  readonly constraintCls: unknown;
}

/** class-validator keeps its storage in the global object, so it is known whether a class has metadata before the package is loaded. */
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
  ): { readonly propertyName?: string; readonly options: { readonly toClassOnly?: boolean } }[];
  findTypeMetadata(type: AnyClass, member: string): { typeFunction(): unknown } | undefined;
  findTransformMetadatas(type: AnyClass, member: string, direction: number): unknown[];
}

/** class-transformer's `TransformationType.PLAIN_TO_CLASS`. */
const PLAIN_TO_CLASS = 0;

/** What class-validator's decorators say of a member. */
export interface ValidatedMember {
  readonly isOptional: boolean;
  /** `@ValidateNested()` */
  readonly isNested: boolean;
  readonly type: FieldType | undefined;
}

/** The members of a class that have decorators of class-validator, in the order of the class; empty when there are none. */
export function validatedMembers(type: AnyClass): Map<string, ValidatedMember> {
  const members = new Map<string, ValidatedMember>();
  const metadata = validatorStorage()?.getTargetValidationMetadatas(type, '', false, false) ?? [];
  for (const { propertyName, type: kind, name } of metadata) {
    const known = members.get(propertyName);
    members.set(propertyName, {
      isOptional: known?.isOptional === true || kind === 'conditionalValidation',
      isNested: known?.isNested === true || kind === 'nestedValidation',
      type: known?.type ?? (name === 'isInt' ? 'int' : name === 'isUuid' ? 'UUID' : undefined),
    });
  }
  return members;
}

/**
 * Validates an instance with class-validator.
 *
 * @returns class-validator's errors
 * @throws {PyroError} `CONFIG` when the package is not installed, or the class has a validator that is asynchronous: it could not be
 *   waited for
 */
export function validationErrors(type: AnyClass, instance: object): unknown[] {
  const storage = validatorStorage()!;
  const constraints = storage.getTargetValidationMetadatas(type, '', false, false);
  if (constraints.some(({ constraintCls }) => storage.getTargetValidatorConstraints(constraintCls).some(({ async }) => async))) {
    throw configError(
      `${type.name} has an asynchronous validator, which cannot run while a value is read; let a ValidationPipe run it, and give the class fields`,
    );
  }
  return required<ClassValidator>('class-validator', type).validateSync(instance, { forbidUnknownValues: false });
}

/** What class-transformer knows of a class; undefined when it knows nothing. */
export interface TransformedClass {
  /** Makes an instance. */
  make(members: Record<string, unknown>): object;
  /** Members that do not go out: `@Exclude()`. */
  readonly excluded: ReadonlySet<string>;
  /** Names on the wire by names of members, where they differ: `@Expose({ name })`. */
  readonly renamed: ReadonlyMap<string, string>;
  /** The class in `@Type(() => Step)` of a member. */
  typeOf(member: string): unknown;
}

/** @param members names of the members that the class may have */
export function transformedClass(type: AnyClass, members: readonly string[]): TransformedClass | undefined {
  const storage = load<{ defaultMetadataStorage: TransformerStorage }>(
    'class-transformer/cjs/storage.js',
  )?.defaultMetadataStorage;
  if (storage === undefined) return undefined;
  const exposed = storage.getExposedMetadatas(type);
  const excluded = storage.getExcludedMetadatas(type);
  const isKnown =
    exposed.length > 0 ||
    excluded.length > 0 ||
    members.some(
      (name) =>
        storage.findTypeMetadata(type, name) !== undefined ||
        storage.findTransformMetadatas(type, name, PLAIN_TO_CLASS).length > 0,
    );
  if (!isKnown) return undefined;
  const { plainToInstance } = required<ClassTransformer>('class-transformer', type);
  return {
    make: (plain) => plainToInstance(type, plain),
    excluded: new Set(excluded.flatMap(({ propertyName, options }) => (options.toClassOnly ? [] : (propertyName ?? [])))),
    renamed: new Map(
      exposed.flatMap(({ propertyName, options }): [string, string][] =>
        propertyName !== undefined && options.name !== undefined ? [[propertyName, options.name]] : [],
      ),
    ),
    typeOf: (name) => storage.findTypeMetadata(type, name)?.typeFunction(),
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

/** Loads an optional package: from here, else from the directory of the program. Both packages are CommonJS for Node. */
function load<T>(name: string): T | undefined {
  if (loaded.has(name)) return loaded.get(name) as T | undefined;
  let found: T | undefined;
  // a bundle that is CommonJS has no URL of its own
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
