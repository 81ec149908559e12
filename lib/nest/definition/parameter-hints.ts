import type { AnyClass } from '../../objects/decorated-member.js';
import type { MethodParameter } from '../../objects/argument-binder.js';
import { parameterTypesOf } from '../metadata/parameter-metadata.js';
import type { Operation } from './object-definition.js';

/** Classes whose names say less than these words. */
const TYPE_NAMES = new Map<unknown, string | undefined>([
  [String, 'text'],
  [Number, 'number'],
  [Boolean, 'true or false'],
  [Array, 'list'],
  [Object, undefined],
]);
const MAX_RULES = 50;

/** A rule of class-validator for one member. */
interface ValidationRule {
  readonly propertyName: string;
  /** `isInt`, `min` … */
  readonly name?: string;
  readonly constraints?: readonly unknown[];
}

/** The part of class-validator's storage that is read here. */
interface ValidationStorage {
  getTargetValidationMetadatas(type: unknown, schema: string, always: boolean, strictGroups: boolean): readonly ValidationRule[];
}

/** The parameters of a method, with the types and rules that decorators have noted. Null when they are unknown. */
export function describeParameters(type: AnyClass, { key, binder, parameters }: Operation): MethodParameter[] | null {
  const described = binder.describe();
  if (described === undefined) return null;
  const types = parameterTypesOf(type.prototype as object, key);
  return described.map((parameter, slot) => {
    const planned = parameters.find(({ source }) => source.kind === 'argument' && source.slot === slot);
    const parameterType = planned === undefined || parameter.kind !== 'positional' ? undefined : types[planned.index];
    return { ...parameter, ...hintsOf(parameterType) };
  });
}

function hintsOf(type: unknown): Pick<MethodParameter, 'type' | 'rules'> {
  if (typeof type !== 'function') return {};
  const name = TYPE_NAMES.has(type) ? TYPE_NAMES.get(type) : type.name;
  const rules = TYPE_NAMES.has(type) ? [] : rulesOf(type);
  return { ...(name && { type: name }), ...(rules.length > 0 && { rules }) };
}

/** The rules of a class, one text for each member. class-validator is no dependency: it keeps its rules where every copy of it finds them. */
function rulesOf(type: object): string[] {
  const { classValidatorMetadataStorage: storage } = globalThis as { classValidatorMetadataStorage?: ValidationStorage };
  const byMember = new Map<string, string[]>();
  try {
    for (const { propertyName, name, constraints } of storage?.getTargetValidationMetadatas(type, '', false, false) ?? []) {
      if (name === undefined) continue;
      const values = (constraints ?? []).filter((value) => ['string', 'number', 'boolean'].includes(typeof value));
      byMember.set(propertyName, [...(byMember.get(propertyName) ?? []), [name, ...values].join(' ')]);
    }
  } catch {
    // another version of class-validator
  }
  return [...byMember].slice(0, MAX_RULES).map(([member, rules]) => `${member}: ${rules.join(', ')}`);
}
