import type { AttributeSignature, ObjectSignatures, TypeSignature } from '../../daemon/contract/signatures.js';
import { withReachedTypes } from '../types/reached-types.js';
import { NAMES_AND_TEXTS } from './python-texts.js';

type Types = ReadonlyMap<string, TypeSignature>;
/** Old names and new names. */
type NewNames = ReadonlyMap<string, string>;

/** The type of a field that a server only reads: the field of the caller may have a narrower type, as `list[int]` for `Sequence[float]`. */
export function readOnly(text: string): string {
  return `ReadOnly[${text}]`;
}

/**
 * Gives the types of arguments their names in the file, and leaves out types that no object names.
 *
 * A type of arguments with the fields of the type of results is that type. Else it has the name of the type of results, if there are no
 * such results. Else it keeps its own name: `StepArgument`.
 *
 * @param resultNames the types of arguments, and the types of results of the same TypeScript types
 */
export function withArgumentTypes(objects: readonly ObjectSignatures[], types: Types, resultNames: NewNames): ObjectSignatures[] {
  const same = sameTypes(types, resultNames);
  const typeNamed = (name: string): TypeSignature | undefined => types.get(name);
  const reached = new Set(objects.flatMap((each) => Object.keys(withReachedTypes(each, typeNamed).types ?? {})));
  const names = new Map([...resultNames].filter(([argument, result]) => same.has(argument) || !reached.has(result)));
  const moved = [...names].filter(([argument]) => !same.has(argument));
  const named = new Map([...types, ...moved.map(([argument, result]) => [result, types.get(argument)!] as const)]);
  return objects.map((each) => {
    const signatures = {
      ...each,
      methods: mapped(each.methods, (method) => renamedMethod(method, names)),
      attributes: mapped(each.attributes, (attribute) => renamedAttribute(attribute, names)),
    };
    return withReachedTypes(signatures, (name) => {
      const type = named.get(name);
      return type && renamedType(type, (text) => renamed(text, names));
    });
  });
}

/** The types of arguments that are types of results. Types may name each other in circles, so all are the same until they differ. */
function sameTypes(types: Types, resultNames: NewNames): NewNames {
  const same = new Map(resultNames);
  const isSame = (argument: string, result: string): boolean => {
    const type = renamedType(types.get(argument)!, (text) => renamed(text.replace(/^ReadOnly\[([^]*)\]$/, '$1'), same));
    return JSON.stringify(type) === JSON.stringify(types.get(result));
  };
  for (let before = -1; before !== same.size;) {
    before = same.size;
    for (const [argument, result] of same) if (!isSame(argument, result)) same.delete(argument);
  }
  return same;
}

function renamedMethod(
  { parameters, ...method }: ObjectSignatures['methods'][string],
  names: NewNames,
): ObjectSignatures['methods'][string] {
  const given = parameters?.map((each) => (each.type === undefined ? each : { ...each, type: renamed(each.type, names) }));
  return { parameters: given ?? null, ...method };
}

/** The type of an attribute that can only be set is a type of arguments. */
function renamedAttribute({ setType, ...attribute }: AttributeSignature, names: NewNames): AttributeSignature {
  const { type, readable } = attribute;
  if (!readable && type !== undefined) return { ...attribute, type: renamed(type, names) };
  const own = setType && renamed(setType, names);
  return own === undefined || own === type ? attribute : { type: type!, setType: own, ...attribute };
}

function renamedType(type: TypeSignature, rename: (text: string) => string): TypeSignature {
  if ('alias' in type) return { ...type, alias: rename(type.alias) };
  return { ...type, fields: mapped(type.fields, (field) => ({ ...field, type: rename(field.type) })) };
}

function renamed(text: string, names: NewNames): string {
  return text.replace(NAMES_AND_TEXTS, (part) => names.get(part) ?? part);
}

function mapped<T>(record: Readonly<Record<string, T>>, change: (value: T) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));
}
