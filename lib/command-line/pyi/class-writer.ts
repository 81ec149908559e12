import type { TypeSignature } from '../../daemon/contract/signatures.js';
import { enumMemberName, isPythonName } from '../python/python-names.js';
import { classBody, docString } from './docstrings.js';
import { textLiteral } from '../types/text-literal.js';
import { VisibleNames } from './visible-names.js';

type RecordSignature = Extract<TypeSignature, { fields: unknown }>;
type AliasSignature = Extract<TypeSignature, { alias: string }>;

/** Writes an Enum, as `nestjs-pyro python classes` prints it. */
export function enumText(name: string, { members }: AliasSignature): string {
  const taken = new Set(['mro']);
  const lines = Object.entries(members ?? {}).map(
    ([key, value]) => `${enumMemberName(key, taken)} = ${typeof value === 'string' ? textLiteral(value) : value}`,
  );
  return `class ${name}(Enum):\n${classBody(lines)}`;
}

/**
 * Writes a class whose objects travel, with the members of the class that `nestjs-pyro python classes` prints. Classes of attrs and
 * pydantic are written as dataclasses, for type checkers.
 */
export function recordText(
  name: string,
  type: RecordSignature,
  types: ReadonlyMap<string, TypeSignature>,
  own: ReadonlySet<string>,
): string {
  const fields = Object.entries(type.fields);
  const isTuple = type.style === 'namedtuple';
  const visible = new VisibleNames(name, Object.keys(type.fields), own);
  const required = [...inheritedOf(type, types), ...fields].map(([, field]) => field.required);
  const isMixed = required.some((each, at) => each && required[at - 1] === false);
  const ordered = isTuple && isMixed ? fields.slice().sort(([, a], [, b]) => Number(b.required) - Number(a.required)) : fields;
  const lines = ordered.flatMap(([field, { type: text, required: isRequired, doc }]) => {
    if (!isPythonName(field)) return [`# ${textLiteral(field)} is no name of Python`];
    if (isTuple && field.startsWith('_')) return [`# ${textLiteral(field)} is no name of a NamedTuple`];
    const shown = visible.in(text);
    const optional = text === 'Any' || text.endsWith('| None') ? shown : `${shown} | None`;
    return [`${field}: ${isRequired ? shown : `${optional} = None`}`, ...docString(doc)];
  });
  const body = [...docString(type.doc), ...lines];
  const isKeywordOnly = type.style === 'pydantic' || isMixed;
  const base = type.base === undefined ? '' : `(${type.base})`;
  const head = isTuple
    ? `class ${name}(NamedTuple):`
    : `@dataclass${isKeywordOnly ? '(kw_only=True)' : ''}\nclass ${name}${base}:`;
  return [...visible.aliases, `${head}\n${classBody(body)}`].join('\n\n');
}

function inheritedOf({ base }: RecordSignature, types: ReadonlyMap<string, TypeSignature>): [string, { required: boolean }][] {
  const parent = base === undefined ? undefined : types.get(base);
  return parent === undefined || 'alias' in parent ? [] : [...inheritedOf(parent, types), ...Object.entries(parent.fields)];
}
