import type { FieldType } from '../../classes/fields/field-types.js';
import { validationRulesOf } from '../../classes/dto/validation-rules.js';
import { valueShapeOf } from '../../classes/value-shapes.js';
import type { AnyClass } from '../../objects/decorated-member.js';
import type { MethodParameter } from '../../objects/parameters/argument-binder.js';
import type { Operation } from './object-definition.js';

/** Words for classes, where the word says more than the name of the class. */
const TYPE_NAMES = new Map<unknown, string | undefined>([
  [String, 'text'],
  [Number, 'number'],
  [Boolean, 'true or false'],
  [Array, 'list'],
  [Object, undefined],
]);
const MAX_RULES = 50;

type ValueHints = Pick<MethodParameter, 'type' | 'rules' | 'shape'>;

/** The parameters of a method, with the types and rules that decorators have noted. Null when they are unknown. */
export function describeParameters({ binder, parameters, parameterTypes = [] }: Operation): MethodParameter[] | null {
  const described = binder.describe();
  if (described === undefined) return null;
  return described.map((parameter, slot) => {
    const planned = parameters.find(({ source }) => source.kind === 'argument' && source.slot === slot);
    if (planned === undefined || parameter.kind !== 'positional') return parameter;
    return { ...parameter, ...hintsOf(planned.type ?? parameterTypes[planned.index]) };
  });
}

/** The type and rules that decorators have noted of the values that clients set. */
export function hintsOfSetter({ parameters, parameterTypes }: Operation): ValueHints {
  return hintsOf(parameters[0]?.type ?? parameterTypes?.[0]);
}

function hintsOf(type: unknown): ValueHints {
  const name = typeName(type);
  const named = name === undefined ? {} : { type: name };
  try {
    const rules = typeof type === 'function' && !TYPE_NAMES.has(type) ? rulesOf(type as AnyClass) : [];
    const shape = type === undefined ? undefined : valueShapeOf(type);
    return { ...named, ...(rules.length > 0 && { rules }), ...(shape && { shape }) };
  } catch {
    // another version of class-validator, or a class whose fields are wrong: its first value gets the error
    return named;
  }
}

/** A word for a type in the options of a decorator, or for a class that TypeScript emitted. */
function typeName(type: unknown): string | undefined {
  if (TYPE_NAMES.has(type)) return TYPE_NAMES.get(type);
  if (typeof type === 'function') return type.name;
  if (Array.isArray(type)) return `list of ${typeName((type as FieldType[])[0]) ?? 'any'}`;
  return typeof type === 'string' ? type : undefined;
}

/** The rules of a class, one text for each member. */
function rulesOf(type: AnyClass): string[] {
  return [...validationRulesOf(type)]
    .filter(([, { texts }]) => texts.length > 0)
    .slice(0, MAX_RULES)
    .map(([member, { texts }]) => `${member}: ${texts.join(', ')}`);
}
