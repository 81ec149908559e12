import { getMetadataStorage } from 'class-validator';

type JsonSchema = Record<string, unknown>;

/** JSON Schema of the decorators of class-validator that DTOs of this sample use. */
const RULES: Record<string, (...constraints: unknown[]) => JsonSchema> = {
  isBoolean: () => ({ type: 'boolean' }),
  isIn: (values) => ({ enum: values }),
  isInt: () => ({ type: 'integer' }),
  isNumber: () => ({ type: 'number' }),
  isString: () => ({ type: 'string' }),
  length: (minLength, maxLength) => ({ minLength, maxLength }),
  max: (maximum) => ({ maximum }),
  min: (minimum) => ({ minimum }),
};

/**
 * Makes a Standard Schema of a DTO. It tells MCP clients the bounds, as JSON Schema, and lets every value pass: the ValidationPipe
 * checks values, as for Pyro and REST, with the same messages.
 *
 * @throws {Error} for a decorator without a rule: the schema would tell less than the DTO demands
 */
export function schemaOf(dto: new () => object): DtoSchema {
  const properties: Record<string, JsonSchema> = {};
  const optional = new Set<string>();
  for (const { propertyName, name, constraints } of getMetadataStorage().getTargetValidationMetadatas(dto, '', false, false)) {
    if (name === 'isOptional') {
      optional.add(propertyName);
      continue;
    }
    const rule = name === undefined ? undefined : RULES[name];
    if (rule === undefined) throw new Error(`${dto.name}.${propertyName}: dto-schema.ts has no rule for the decorator ${name}`);
    properties[propertyName] = { ...properties[propertyName], ...rule(...((constraints ?? []) as unknown[])) };
  }
  const required = Object.keys(properties).filter((property) => !optional.has(property));
  const schema = { type: 'object', properties, required, additionalProperties: false };
  const converter = { input: () => schema, output: () => schema };
  return { '~standard': { version: 1, vendor: 'class-validator', validate: (value) => ({ value }), jsonSchema: converter } };
}

/** A Standard Schema with a JSON Schema. */
interface DtoSchema {
  '~standard': {
    version: 1;
    vendor: string;
    validate: (value: unknown) => { value: unknown };
    jsonSchema: { input: () => JsonSchema; output: () => JsonSchema };
  };
}
