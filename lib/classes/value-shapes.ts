import type { AnyClass } from '../objects/decorated-member.js';
import type { MemberShape, ValueShape } from '../objects/value-shape.js';
import type { ClassField } from './class-members.js';
import { emittedType, transformedClass, validatedMembers } from './dto/dto-packages.js';
import { ANY, enumValues, isScalarClass, type ValueType, valueTypeOf } from './fields/field-types.js';
import { descriptionOf, findDescription } from './register-class.js';
import { type ValidationRules, validationRulesOf } from './dto/validation-rules.js';

/** Depth of a shape. Deeper values are shown by their type alone, because classes may name each other. */
const MAX_DEPTH = 4;
/** Most members of one shape. */
const MAX_MEMBERS = 200;

const UNKNOWN: ValueShape = { kind: 'scalar', type: 'any' };

/**
 * The shape of the values of a type: a registered class, a class with decorators of class-validator, an enum, or a list of one of them.
 *
 * @param type as in the options of decorators, or as TypeScript emits it
 * @returns undefined for every other type
 */
export function valueShapeOf(type: unknown): ValueShape | undefined {
  const shape = new ShapeReader().ofType(type);
  return isScalar(shape) ? undefined : shape;
}

function isScalar(shape: ValueShape): boolean {
  return shape.kind === 'list' ? isScalar(shape.item) : shape.kind === 'scalar';
}

class ShapeReader {
  private depth = 0;
  private members = 0;

  ofType(type: unknown): ValueShape {
    if (typeof type === 'function' && !isScalarClass(type)) return this.ofClass(type as AnyClass);
    try {
      return this.ofValueType(valueTypeOf(type, 'a parameter', findDescription));
    } catch {
      // TypeScript emits no type of values for an interface or a union
      return UNKNOWN;
    }
  }

  private ofValueType(type: ValueType): ValueShape {
    switch (type.kind) {
      case 'scalar':
        return { kind: 'scalar', type: type.scalar };
      case 'enum':
        return { kind: 'choice', choices: enumValues(type.object) };
      case 'list':
        return { kind: 'list', item: this.ofValueType(type.item) };
      case 'array':
        return { kind: 'scalar', type: type.type.name };
      case 'class': {
        const named = typeof type.type === 'string' ? findDescription(type.type)?.type : type.type;
        return named === undefined ? UNKNOWN : this.ofClass(named);
      }
    }
  }

  private ofClass(type: AnyClass): ValueShape {
    const described = descriptionOf(type);
    const fields = described?.fields ?? validatedFields(type);
    if (fields.length === 0 || this.depth === MAX_DEPTH || this.members + fields.length > MAX_MEMBERS)
      return { kind: 'scalar', type: described?.name ?? type.name };
    this.members += fields.length;
    this.depth++;
    const rules = validationRulesOf(type);
    const renamed = renamedMembers(type);
    const members = fields.map((field) => this.ofField(type, field, rules.get(field.name), renamed.get(field.name)));
    this.depth--;
    return { kind: 'dict', className: described?.name ?? null, members };
  }

  private ofField(type: AnyClass, field: ClassField, rules: ValidationRules | undefined, wireName = field.name): MemberShape {
    const { texts = [], choices, isList = false } = rules ?? {};
    let shape = this.ofMember(type, field);
    if (choices !== undefined)
      shape = shape.kind === 'list' ? { kind: 'list', item: { kind: 'choice', choices } } : { kind: 'choice', choices };
    if (isList && shape.kind !== 'list') shape = { kind: 'list', item: shape };
    return { name: wireName, isRequired: !field.isOptional, shape, ...(texts.length > 0 && { rules: [...texts] }) };
  }

  private ofMember(owner: AnyClass, { name, type, mayBeList }: ClassField): ValueShape {
    const emitted = emittedType(owner, name);
    if (type !== ANY && !(type.kind === 'scalar' && type.scalar === 'any')) {
      const shape = this.ofValueType(type);
      // class-transformer's @Type tells the class of the items, too
      return mayBeList && emitted === Array ? { kind: 'list', item: shape } : shape;
    }
    const ofTransformer = transformedClass(owner, [name])?.typeOf(name);
    if (emitted === Array) return { kind: 'list', item: ofTransformer === undefined ? UNKNOWN : this.ofType(ofTransformer) };
    return this.ofType(ofTransformer ?? emitted ?? Object);
  }
}

/** The members with decorators of class-validator, of a class that is not registered. */
function validatedFields(type: AnyClass): ClassField[] {
  return [...validatedMembers(type)].map(([name, { isOptional }]) => ({ name, isOptional, type: ANY }));
}

function renamedMembers(type: AnyClass): ReadonlyMap<string, string> {
  return transformedClass(type, [])?.renamed ?? new Map<string, string>();
}
