import type { AnyClass } from '../../objects/decorated-member.js';
import { enumValues, type EnumObject } from '../fields/field-types.js';
import { validationMetadataOf, type ValidationMetadata } from './dto-packages.js';

/** The rules of class-validator for one member. */
export interface ValidationRules {
  /** `isInt`, `min 1`. */
  readonly texts: readonly string[];
  /** The values that `@IsEnum` or `@IsIn` let pass; undefined without them. */
  readonly choices: (string | number)[] | undefined;
  /** True for a rule with `each`: the member is a list. */
  readonly isList: boolean;
}

/** The rules of a class by its members. Empty without class-validator. */
export function validationRulesOf(type: AnyClass): Map<string, ValidationRules> {
  const byMember = new Map<string, ValidationRules>();
  for (const rule of validationMetadataOf(type)) {
    const { texts, choices, isList } = byMember.get(rule.propertyName) ?? { texts: [], choices: undefined, isList: false };
    byMember.set(rule.propertyName, {
      texts: rule.name === undefined ? texts : [...texts, textOf(rule)],
      choices: choices ?? choicesOf(rule),
      isList: isList || rule.each === true,
    });
  }
  return byMember;
}

function textOf({ name, constraints = [] }: ValidationMetadata): string {
  const values = constraints.filter((value) => ['string', 'number', 'boolean'].includes(typeof value));
  return [name, ...values].join(' ');
}

function choicesOf({ name, constraints = [] }: ValidationMetadata): (string | number)[] | undefined {
  const [given] = constraints;
  if (typeof given !== 'object' || given === null) return undefined;
  if (name === 'isEnum') return enumValues(given as EnumObject);
  const isList = name === 'isIn' && Array.isArray(given);
  const values = isList ? (given as unknown[]).filter((value) => typeof value === 'string' || typeof value === 'number') : [];
  return values.length > 0 ? values : undefined;
}
