import { jsonText, parseJson } from '../values/exact-json.js';
import type { MemberShape, ValueShape } from '../../objects/value-shape.js';

type FieldValues = Readonly<Record<string, unknown>>;

/** The value in a field of JSON; undefined for an empty field, and for a text that is no JSON. */
export function valueInField(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

/** The JSON for the field; empty for a value that is not given. */
export function fieldOfValue(value: unknown): string {
  return value === undefined ? '' : jsonText(value);
}

/** The value of a text that a person typed for a type. Empty: not given. A text stays a text if the type is a text. */
export function typedValue(text: string, type: string): unknown {
  if (text === '') return undefined;
  if (isText(type)) return text;
  const value = valueInField(text);
  return value === undefined ? text : value;
}

/** The text for a value, from which {@link typedValue} makes the same value. */
export function typedText(value: unknown, type: string): string {
  const isPlain = typeof value === 'string' && typedValue(value, type) === value;
  return isPlain ? value : fieldOfValue(value);
}

/** The members of a value that is a dict; else none. */
export function membersIn(value: unknown): FieldValues {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as FieldValues) : {};
}

/** The items of a value that is a list; else none. */
export function itemsIn(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}

/**
 * A dict with another value of one member: the class, then the known members in their order, then the others. Undefined when no member
 * is left.
 */
export function withMember(
  value: unknown,
  { className, members }: Extract<ValueShape, { kind: 'dict' }>,
  { name }: MemberShape,
  member: unknown,
): FieldValues | undefined {
  const { __class__: _, ...before } = membersIn(value);
  const after = { ...before, [name]: member };
  const names = [...new Set([...members.map((each) => each.name), ...Object.keys(after)])];
  const given = names.filter((each) => after[each] !== undefined).map((each) => [each, after[each]] as const);
  if (given.length === 0) return undefined;
  return { ...(className !== null && { __class__: className }), ...Object.fromEntries(given) };
}

/** True for types whose values are always texts. The names are Python's, or names that TypeScript emits. */
function isText(type: string): boolean {
  return ['str', 'text', 'String', 'datetime', 'date', 'time', 'UUID', 'Decimal', 'Path'].includes(type);
}
