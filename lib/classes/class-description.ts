import type { Spend } from '../arrays/memory.js';
import type { AnyClass } from '../objects/decorated-member.js';
import { configError } from '../options/option-checks.js';
import { objectOf } from '../serializers/contract/plain-object.js';
import { failedInside, UnreadableError } from '../serializers/contract/unreadable-error.js';
import { shortText } from '../protocol/short-text.js';
import { bytesOfDeepCopies, objectsIn } from './fields/checked-objects.js';
import { type ClassField, type ClassMembers, creatorOf, lookUpMembers, typeFor } from './class-members.js';
import { type NestedClass, validatedMembers, validatorOf } from './dto/dto-packages.js';
import { type DescribedClass, type FindClass, holdsArrays, holdsInstances, type ValueType } from './fields/field-types.js';
import { readTyped, writeTyped } from './fields/field-values.js';
import { type ClassFields, type GivenField, givenFields } from './fields/given-fields.js';
import { type StandardSchema, validated } from './standard-schema.js';
import { nestedReader, refuseUnvalidated, transformedInstance } from './dto/transformed-instance.js';
import { validationMessages } from './dto/validation-messages.js';

/** The kind of Python class that `nestjs-pyro python classes` prints. */
export type PythonStyle = 'dataclass' | 'namedtuple' | 'pydantic' | 'attrs';

/** Options of a class whose instances travel. */
export interface ClassOptions<Name extends string = string> {
  /**
   * The members that travel, in the order of the Python class. Default: the members with decorators of class-validator, or the members of
   * `schema`; without both, fields are required.
   */
  fields?: ClassFields<Name>;
  /** Checks the members that come in, and may change them. Its output is assigned to the instance. */
  schema?: StandardSchema;
  /**
   * The kind of class on the Python side. Default: the style of the command `nestjs-pyro python classes`. A `namedtuple` is also accepted
   * as a list.
   */
  python?: PythonStyle;
}

/** The description of a class whose instances travel. */
export class ClassDescription implements DescribedClass {
  readonly isException: boolean;
  /** The members that the options give. */
  private readonly own: readonly GivenField[] | undefined;
  private readonly isValidated: boolean;
  private knownRules: boolean | undefined;
  private known: ClassMembers | undefined;
  private validate: ReturnType<typeof validatorOf> | undefined;
  private create: (() => object) | undefined;

  /** @throws {PyroError} `CONFIG` when the members are unknown, or the name of a member is refused */
  constructor(
    readonly type: AnyClass,
    readonly name: string,
    readonly options: ClassOptions,
    /** The description of the nearest registered class that the class extends. */
    readonly base: ClassDescription | undefined,
    private readonly find: FindClass,
  ) {
    this.own = givenFields(options.fields, name, find);
    this.isException = type.prototype instanceof Error;
    this.isValidated = options.schema === undefined && !this.isException && validatedMembers(type).size > 0;
    if (options.fields === undefined && options.schema === undefined && !this.isException && !this.isValidated && !base) {
      throw configError(
        `${name}: the members of ${type.name} are not known; give fields: ['x', 'y'], a schema, or decorators of class-validator`,
      );
    }
  }

  /** The members that travel. Empty when only a schema is given. */
  get fields(): readonly ClassField[] {
    return this.lookedUp.fields;
  }

  /** The members of the Python class: by their names on the wire, without members that travel in neither direction. */
  get wireFields(): readonly ClassField[] {
    const { fields, transformed } = this.lookedUp;
    if (transformed === undefined) return fields;
    const { excluded, ignored, renamed } = transformed;
    return fields
      .filter(({ name }) => !excluded.has(name) || !ignored.has(name))
      .map((field) => ({
        ...field,
        name: renamed.get(field.name) ?? field.name,
        isOptional: field.isOptional || excluded.has(field.name),
      }));
  }

  /** False when only a schema knows the members. */
  get hasKnownFields(): boolean {
    return this.own !== undefined || this.options.schema === undefined;
  }

  accept(value: unknown, spend: Spend): object {
    if (value instanceof this.type) return value;
    if (typeof value === 'object' && value !== null) {
      if (Object.getPrototypeOf(value) === Object.prototype) {
        const { __class__: name } = value as Record<string, unknown>;
        if (name === undefined || name === this.name) return this.make(value as Record<string, unknown>, spend);
        throw new UnreadableError(`expected ${this.name}, not ${shortText(name)}`);
      }
      const { fields } = this;
      if (Array.isArray(value) && this.options.python === 'namedtuple' && value.length === fields.length)
        return this.make(Object.fromEntries(fields.map(({ name }, index) => [name, value[index] as unknown])), spend);
    }
    throw new UnreadableError(`expected ${this.name}, not ${value === null ? 'None' : shortText(value)}`);
  }

  /**
   * Makes an instance from the members that were received. `__class__` among them is not looked at.
   *
   * @param spend called with the memory of arrays that are converted
   * @throws {UnreadableError} when the members do not fit
   */
  make(members: Record<string, unknown>, spend: Spend): object {
    const given = withoutClass(members);
    const { schema } = this.options;
    if (schema !== undefined) {
      spend(bytesOfDeepCopies(given));
      return this.assigned(validated(schema, this.withoutMissing(given), this.name));
    }
    const { transformed } = this.lookedUp;
    this.refuseUnknown(given);
    const instance =
      transformed === undefined
        ? this.filled(given, spend)
        : this.typed(
            transformedInstance(transformed, given, (member) => this.readerOf(member, given, spend), spend),
            spend,
          );
    if (this.isValidated) {
      const classOf = (member: string): NestedClass | undefined => transformed?.nestedClassOf(member, given);
      refuseUnvalidated(this.name, this.lookedUp.nestedMembers, instance as Record<string, unknown>, classOf, this.find);
      this.validate ??= validatorOf(this.type);
      const errors = this.validate(instance);
      const messages = validationMessages(errors) ?? errors.map(String);
      if (messages.length > 0) throw new UnreadableError(`${this.name} is refused: ${messages.join('; ')}`);
    }
    return instance;
  }

  holdsArrays(asked = new Set<DescribedClass>()): boolean {
    if (asked.has(this)) return false;
    asked.add(this);
    return this.fields.some(({ type }) => holdsArrays(type, asked));
  }

  countChecks(value: unknown, most: number): number {
    return value instanceof this.type || !this.hasRules ? 0 : objectsIn(value, most);
  }

  /** True when code outside of this package checks or makes the instances, or parts of them. */
  private get hasRules(): boolean {
    return (this.knownRules ??= this.reachesRules(new Set()));
  }

  reachesRules(seen: Set<DescribedClass>): boolean {
    if (seen.has(this)) return false;
    seen.add(this);
    const { fields, transformed } = this.lookedUp;
    const isOwn = this.isValidated || this.options.schema !== undefined || transformed !== undefined;
    return isOwn || fields.some(({ type }) => classIn(type, this.find)?.reachesRules(seen) === true);
  }

  membersOf(value: object): Record<string, unknown> {
    const { fields, transformed } = this.lookedUp;
    const source = value as Record<string, unknown>;
    if (!this.hasKnownFields) return { ...source };
    const members: Record<string, unknown> = {};
    for (const field of fields) {
      const { name } = field;
      const member = source[name];
      if (member === undefined || transformed?.excluded.has(name)) continue;
      members[transformed?.renamed.get(name) ?? name] = writeTyped(typeFor(field, member), member);
    }
    return members;
  }

  private get lookedUp(): ClassMembers {
    return (this.known ??= this.lookUp());
  }

  /** Looked up when the first value travels: classes may be defined after those that name them. */
  private lookUp(): ClassMembers {
    const { type, name, own, isValidated, isException, options, base } = this;
    const mayBeTransformed = !isException && options.schema === undefined;
    const source = { type, name, own, isValidated, mayBeTransformed, inherited: base?.fields ?? [] };
    return lookUpMembers(source, this.find);
  }

  private refuseUnknown(members: Record<string, unknown>): void {
    const { byName, wireNames } = this.lookedUp;
    const names = Object.keys(members);
    if (names.every((name) => wireNames.has(name))) return;
    const unknown = names.filter((name) => !wireNames.has(name));
    const all = [...byName.keys()].join(', ');
    throw new UnreadableError(`${this.name} has no member ${unknown.slice(0, 5).map(shortText).join(', ')}; it has ${all}`);
  }

  /** The members without those for which Python sends None because they have no value. */
  private withoutMissing(given: Record<string, unknown>): Record<string, unknown> {
    const { byName } = this.lookedUp;
    return objectOf(Object.entries(given).filter(([name, value]) => value !== null || byName.get(name)?.isOptional !== true));
  }

  private newInstance(): Record<string, unknown> {
    this.create ??= creatorOf(this.type);
    return this.create() as Record<string, unknown>;
  }

  /** A new instance with the known members that were given. */
  private filled(given: Record<string, unknown>, spend: Spend): object {
    const instance = this.newInstance();
    for (const field of this.fields) {
      const { name } = field;
      // Python sends None for a member that has no value
      const isGiven = Object.hasOwn(given, name) && !(field.isOptional && given[name] === null);
      if (isGiven) instance[name] = this.read(field, given[name], spend);
      else if (!field.isOptional && !this.isValidated) throw new UnreadableError(`${this.name} has no ${name}`);
    }
    return instance;
  }

  /** The function that reads a received member with a registered class: class-transformer does not make these instances. */
  private readerOf(member: string, given: object, spend: Spend): ((value: object) => unknown) | undefined {
    const { byName, transformed } = this.lookedUp;
    const nested = transformed?.nestedClassOf(member, given);
    const field = byName.get(member);
    // a @Transform without @Type makes the instance
    if (nested === undefined && transformed?.hasTransform(member)) return undefined;
    if (field !== undefined && holdsInstances(field.type) && !nested?.isChosen)
      return (value) => this.readTypedMember(field, value, spend);
    return nested && nestedReader(this.type, member, nested, this.find, spend);
  }

  /** The instance that class-transformer made, with its members read by their types. */
  private typed(instance: object, spend: Spend): object {
    const members = instance as Record<string, unknown>;
    const { fields, transformed } = this.lookedUp;
    for (const field of fields) {
      const { name } = field;
      if (members[name] !== undefined) members[name] = this.read(field, members[name], spend);
      else if (!field.isOptional && !this.isValidated && !transformed?.ignored.has(name))
        throw new UnreadableError(`${this.name} has no ${name}`);
    }
    return members;
  }

  private read(field: ClassField, value: unknown, spend: Spend): unknown {
    const { name, type, isOptional, isRuled } = field;
    if (value === null && (isOptional || this.isValidated)) return null;
    try {
      return this.readTypedMember(field, value, spend);
    } catch (error) {
      // the messages of class-validator are texts of the application
      if (this.isValidated && (type.kind === 'scalar' || isRuled)) return value;
      throw failedInside(error, name);
    }
  }

  private readTypedMember(field: ClassField, value: unknown, spend: Spend): unknown {
    return readTyped(typeFor(field, value), value, `${field.name} of ${this.name}`, spend);
  }

  /** Makes an instance with the output of the schema. */
  private assigned(output: unknown): object {
    if (output instanceof this.type) return output;
    if (typeof output !== 'object' || output === null)
      throw configError(`the schema of ${this.name} gives ${shortText(output)}, and no object`);
    const instance = this.newInstance();
    for (const [name, value] of Object.entries(output)) {
      // the schema lets further members pass
      if (name in Object.prototype || typeof instance[name] === 'function')
        throw new UnreadableError(`${this.name} has no member ${name}`);
      instance[name] = value;
    }
    return instance;
  }
}

/** The members without `__class__`. A copy takes as long as the instance. */
function withoutClass(members: Record<string, unknown>): Record<string, unknown> {
  if (!Object.hasOwn(members, '__class__')) return members;
  const { __class__: _, ...given } = members;
  return given;
}

function classIn(type: ValueType, find: FindClass): DescribedClass | undefined {
  if (type.kind === 'list') return classIn(type.item, find);
  return type.kind === 'class' ? find(type.type) : undefined;
}
