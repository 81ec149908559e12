import { configError } from '../../options/option-checks.js';
import { shortText } from '../../protocol/short-text.js';
import { type FieldType, type FindClass, type ValueType, valueTypeOf } from './field-types.js';

/** Names of members, with a `?` if the member may be missing: `['x', 'unit?']`; or types of members by these names. */
export type ClassFields<Name extends string = string> = readonly Name[] | { readonly [Key in Name]?: FieldType };

/** A member in the options of a class. */
export interface GivenField {
  readonly name: string;
  readonly isOptional: boolean;
  readonly type: ValueType | undefined;
}

/** A name that Python can use for a keyword argument. */
const MEMBER_NAME = /^[\p{L}_][\p{L}\p{N}_]*$/u;

/**
 * The members in the option `fields`.
 *
 * @throws {PyroError} `CONFIG` on an invalid name or type
 */
export function givenFields(fields: ClassFields | undefined, className: string, find: FindClass): GivenField[] | undefined {
  if (fields === undefined) return undefined;
  if (typeof fields !== 'object' || fields === null || (Array.isArray(fields) && !fields.every((key) => typeof key === 'string')))
    throw configError(`${className}: fields is ${shortText(fields)}; give ['x', 'y'] or { x: 'float' }`);
  const isList = Array.isArray(fields);
  return (isList ? (fields as string[]).map((key) => [key] as const) : Object.entries(fields)).map(([key, type]) => {
    const name = key.replace(/\?$/, '');
    const where = `${className}.${name}`;
    if (name in Object.prototype || !MEMBER_NAME.test(name)) throw configError(`${where}: a member cannot have this name`);
    return { name, isOptional: key.endsWith('?'), type: isList ? undefined : valueTypeOf(type, where, find) };
  });
}
