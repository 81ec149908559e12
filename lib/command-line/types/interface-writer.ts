import type {
  AttributeSignature,
  MethodSignature,
  ObjectSignatures,
  ParameterSignature,
  TypeSignature,
} from '../../daemon/contract/signatures.js';
import { docComment } from './doc-comment.js';
import { sortedEntries } from './signature-text.js';
import { memberName, NamesInUse } from './typescript-names.js';
import { arrayOf, namesStoodFor, type TypeNames, typescriptResult, typescriptType, unionOf } from './typescript-type.js';

/** An object whose interface is written. */
export interface NamedSignatures {
  /** Name of the interface. */
  readonly name: string;
  readonly signatures: ObjectSignatures;
}

/** The beginning of a file that `nestjs-pyro types` has written. */
export const TYPES_HEAD = '// Written by `nestjs-pyro types`';
const HEAD = `${TYPES_HEAD}: run it again instead of changing this file.\n`;

/** Most aliases that name other types: the compiler cannot follow some hundred aliases, each of which names the next. */
const MAX_ALIASES = 200;

/**
 * Writes a file with the interfaces of some objects, and the types that they name. The same objects give the same text.
 *
 * @throws {Error} when more than {@link MAX_ALIASES} of these types are aliases that name others
 */
export function writeInterfaces(objects: readonly NamedSignatures[]): string {
  const file = new InterfaceFile(objects.map(({ name }) => name));
  const interfaces = [...objects].sort((one, other) => (one.name < other.name ? -1 : 1)).map((each) => file.interfaceOf(each));
  const types = file.types();
  return [HEAD + file.imports(), ...interfaces, ...types].join('\n');
}

/** The names of types in the texts of one object. */
interface NamesOfTypes extends TypeNames {
  /** The name of the type that an interface extends; undefined: none. */
  base(type: TypeSignature): string | undefined;
  /** True for an alias that stands for itself. */
  isEndless(type: TypeAlias): boolean;
  /** True for a type with fields of which one cannot be left out. */
  hasRequired(name: string): boolean;
}

class InterfaceFile {
  private readonly taken: NamesInUse;
  private readonly importedNames = new Set<string>();
  /** Names of the written types, by name and content of the Python type. */
  private readonly names = new Map<string, string>();
  private readonly written = new Map<string, string>();
  /** Named types whose texts are still to be made: a type may lead to thousands of others. */
  private readonly pending: (() => void)[] = [];
  /** The texts by which equal types of several programs are recognised. */
  private readonly texts = new WeakMap<TypeSignature, string>();
  /** Number of references to named types in the texts of types. */
  private references = 0;
  /** Aliases that name other types. */
  private aliases = 0;

  constructor(interfaces: readonly string[]) {
    this.taken = new NamesInUse(interfaces);
  }

  imports(): string {
    const names = [...this.importedNames].sort();
    return names.length === 0 ? '' : `import type { ${names.join(', ')} } from 'nestjs-pyro';\n`;
  }

  types(): string[] {
    for (let write = this.pending.pop(); write !== undefined; write = this.pending.pop()) write();
    return [...this.written].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, text]) => text);
  }

  interfaceOf({ name, signatures }: NamedSignatures): string {
    const names = this.namesOf(signatures.types ?? {});
    const attributes = sortedEntries(signatures.attributes).map(([member, each]) => attributeText(member, each, names));
    const methods = sortedEntries(signatures.methods).map(([member, each]) => methodText(member, each, names));
    return `${docComment(signatures.doc)}export interface ${name} {\n${[...attributes, ...methods].join('')}}\n`;
  }

  private namesOf(types: Readonly<Record<string, TypeSignature>>): NamesOfTypes {
    const names: NamesOfTypes = {
      isEndless: (type) => standsForItself(type, types),
      hasRequired: (name) => {
        const type = Object.hasOwn(types, name) ? types[name]! : undefined;
        return type !== undefined && 'fields' in type && Object.values(type.fields).some(({ required }) => required);
      },
      base: (type) => (hasBase(type, types) ? names.own(type.base) : undefined),
      own: (name) => (Object.hasOwn(types, name) ? this.nameOf(name, types[name]!, names) : undefined),
      imported: (name) => {
        this.importedNames.add(name);
        return name;
      },
    };
    return names;
  }

  /** The name of a type here. Types of several programs may have the same name. */
  private nameOf(given: string, type: TypeSignature, names: NamesOfTypes): string {
    this.references++;
    const text = this.texts.get(type) ?? JSON.stringify(type);
    this.texts.set(type, text);
    const key = `${given} ${text}`;
    const known = this.names.get(key);
    if (known !== undefined) return known;
    const name = this.taken.typeName(given);
    this.names.set(key, name);
    this.pending.push(() => this.write(name, type, names));
    return name;
  }

  private write(name: string, type: TypeSignature, names: NamesOfTypes): void {
    const before = this.references;
    this.written.set(name, typeText(name, type, names));
    if ('alias' in type && this.references > before && ++this.aliases > MAX_ALIASES)
      throw new Error(
        `the members lead to more than ${MAX_ALIASES} types that are other names of types; a file can have so many: write fewer objects into it`,
      );
  }
}

type TypeAlias = TypeSignature & { alias: string };
type TypeWithBase = TypeSignature & { base: string };

/** True when a type has a base that an interface can extend: a type with fields, whose own bases do not include the type. */
function hasBase(type: TypeSignature, types: Readonly<Record<string, TypeSignature>>): type is TypeWithBase {
  if (!('fields' in type) || type.base === undefined) return false;
  const seen = new Set<TypeSignature>([type]);
  let base: string | undefined = type.base;
  while (base !== undefined) {
    const next: TypeSignature | undefined = Object.hasOwn(types, base) ? types[base] : undefined;
    if (next === undefined || !('fields' in next) || seen.has(next)) return false;
    seen.add(next);
    base = next.base;
  }
  return true;
}

/** Whether an alias is, by others or at once, a member of its own union: `Tree = Union["Tree", int]`. Python's type checkers refuse such a type. */
function standsForItself(type: TypeAlias, types: Readonly<Record<string, TypeSignature>>): boolean {
  const seen = new Set<TypeSignature>();
  const open: TypeAlias[] = [type];
  for (let each = open.pop(); each !== undefined; each = open.pop()) {
    for (const name of namesStoodFor(each.alias)) {
      const next = Object.hasOwn(types, name) ? types[name]! : undefined;
      if (next === type) return true;
      // so many are refused later
      if (next === undefined || !('alias' in next) || seen.has(next) || seen.size > MAX_ALIASES) continue;
      seen.add(next);
      open.push(next);
    }
  }
  return false;
}

function aliasText(name: string, type: TypeAlias, names: NamesOfTypes): string {
  if (!names.isEndless(type))
    return `export type ${name} = ${typescriptType(type.alias, 'result', { ...names, isAlias: true })};\n`;
  const why = `Unknown, because the type of Python is one of the types that it stands for: ${type.alias.replace(/\s+/g, ' ')}`;
  return `${docComment(why)}export type ${name} = unknown;\n`;
}

function typeText(name: string, type: TypeSignature, names: NamesOfTypes): string {
  if ('alias' in type) return aliasText(name, type, names);
  const fields = sortedEntries(type.fields).map(
    ([field, { type: text, required, doc }]) =>
      `${docComment(doc, '  ')}  ${memberName(field)}${required ? '' : '?'}: ${typescriptType(text, 'result', names)};\n`,
  );
  const base = names.base(type);
  return `${docComment(type.doc)}export interface ${name}${base === undefined ? '' : ` extends ${base}`} {\n${fields.join('')}}\n`;
}

function attributeText(name: string, { type, doc, readable, writable }: AttributeSignature, names: TypeNames): string {
  const note = readable ? undefined : 'It can be written, and not read.';
  const text = [doc, note].filter((each) => each !== undefined).join('\n\n');
  return `${docComment(text, '  ')}  ${writable ? '' : 'readonly '}${memberName(name)}: ${typescriptType(type, 'result', names)};\n`;
}

function methodText(name: string, { parameters, returns, doc, oneway, stream }: MethodSignature, names: NamesOfTypes): string {
  const list = parameters === null ? '...args: unknown[]' : parameterTexts(parameters, names).join(', ');
  const result = oneway ? 'void' : typescriptResult(returns, stream, names);
  const notes = [doc, oneway ? 'Oneway: nobody waits for its end.' : undefined];
  const tags = (parameters ?? []).flatMap(({ name: of, doc: text }) => (of !== null && text ? [`@param ${of} ${text}`] : []));
  const comment = [...notes.filter((each) => each !== undefined), tags.join('\n')].filter((each) => each !== '').join('\n\n');
  return `${docComment(comment, '  ')}  ${memberName(name)}(${list}): ${result};\n`;
}

function parameterTexts(parameters: readonly ParameterSignature[], names: NamesOfTypes): string[] {
  const texts: string[] = [];
  const used = new NamesInUse();
  const named = (name: string | null, otherwise: string): string => used.parameterName(name ?? otherwise);
  const keywords = keywordsType(parameters, names);
  const needsKeywords = keywords?.isRequired === true;
  // TypeScript has no required parameter after optional parameters
  const lastRequired = parameters.findLastIndex(({ kind, required }) => required && kind.startsWith('positional'));
  const isOptional = (index: number): boolean => !needsKeywords && index > lastRequired;
  for (const [index, { name, kind, type }] of parameters.entries()) {
    if (kind !== 'positional' && kind !== 'positional-only') continue;
    const text = typescriptType(type, 'argument', names);
    texts.push(`${named(name, `argument${index + 1}`)}${isOptional(index) ? '?' : ''}: ${text}`);
  }
  const others = parameters.find(({ kind }) => kind === 'varargs');
  if (others !== undefined) {
    const array = arrayOf(typescriptType(others.type, 'argument', names), 'result');
    const withKeywords = keywords && `[...${array}, ${keywords.text}]`;
    const list = needsKeywords ? withKeywords : [array, withKeywords].filter(Boolean).join(' | ');
    texts.push(`...${named(others.name, 'others')}: ${list}`);
  } else if (keywords !== undefined) texts.push(`${named(null, 'keywords')}${needsKeywords ? '' : '?'}: ${keywords.text}`);
  return texts;
}

/** The type of `kwargs({ … })`. Undefined for a method that takes no keywords but the names of its positional parameters. */
function keywordsType(
  parameters: readonly ParameterSignature[],
  names: NamesOfTypes,
): { text: string; isRequired: boolean } | undefined {
  if (!parameters.some(({ kind }) => kind === 'keyword' || kind === 'kwargs')) return undefined;
  // a peer may name a parameter twice
  const first = new Map(parameters.map(({ name }, index) => [name, index] as const).toReversed());
  const byName = parameters.filter(
    ({ name, kind }, index) => name !== null && (kind === 'keyword' || kind === 'positional') && first.get(name) === index,
  );
  const others = parameters.find(({ kind }) => kind === 'kwargs');
  const record = others?.type === undefined ? undefined : unpackedName(others.type, names);
  const isRequired = (kind: string, required: boolean): boolean => kind === 'keyword' && required;
  const types = byName.map(({ type }) => typescriptType(type, 'argument', names));
  const members = byName.map(
    ({ name, kind, required }, index) => `${memberName(name!)}${isRequired(kind, required) ? '' : '?'}: ${types[index]}`,
  );
  // TypeScript wants the type of the further members to include those of the members with names
  if (others !== undefined && record === undefined) {
    const further = unionOf([
      typescriptType(others.type, 'argument', names),
      ...types,
      ...(types.length > 0 ? ['undefined'] : []),
    ]);
    members.push(`[${new NamesInUse().parameterName(others.name ?? 'others')}: string]: ${further}`);
  }
  const parts = [
    ...(members.length > 0 ? [`{ ${members.join('; ')} }`] : []),
    ...(record === undefined ? [] : [typescriptType(record, 'argument', names)]),
  ];
  return {
    text: `${names.imported('KeywordArguments')}<${parts.join(' & ')}>`,
    isRequired:
      byName.some(({ kind, required }) => isRequired(kind, required)) || (record !== undefined && names.hasRequired(record)),
  };
}

/** The record of `**options: Unpack[Options]`. */
function unpackedName(type: string, names: TypeNames): string | undefined {
  const name = /^(?:\w+\.)*Unpack\[(\w+)\]$/u.exec(type)?.[1];
  return name !== undefined && names.own(name) !== undefined ? name : undefined;
}
