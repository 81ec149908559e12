import type {
  AttributeSignature,
  MethodSignature,
  ObjectSignatures,
  ParameterSignature,
  TypeSignature,
} from '../../daemon/contract/signatures.js';
import { docComment } from './doc-comment.js';
import { memberName, parameterNameFor, typeNameFor } from './typescript-names.js';
import { arrayOf, type TypeNames, typescriptResult, typescriptType } from './typescript-type.js';

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
}

class InterfaceFile {
  private readonly taken: Set<string>;
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
    this.taken = new Set(interfaces);
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
    const attributes = entriesOf(signatures.attributes).map(([member, each]) => attributeText(member, each, names));
    const methods = entriesOf(signatures.methods).map(([member, each]) => methodText(member, each, names));
    return `${docComment(signatures.doc)}export interface ${name} {\n${[...attributes, ...methods].join('')}}\n`;
  }

  private namesOf(types: Readonly<Record<string, TypeSignature>>): NamesOfTypes {
    const names: NamesOfTypes = {
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
    const name = typeNameFor(given, this.taken);
    this.taken.add(name);
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

function typeText(name: string, type: TypeSignature, names: NamesOfTypes): string {
  if ('alias' in type) return `export type ${name} = ${typescriptType(type.alias, 'result', names)};\n`;
  const fields = entriesOf(type.fields).map(
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

function methodText(name: string, { parameters, returns, doc, oneway, stream }: MethodSignature, names: TypeNames): string {
  const list = parameters === null ? '...args: unknown[]' : parameterTexts(parameters, names).join(', ');
  const result = oneway ? 'void' : typescriptResult(returns, stream, names);
  const notes = [doc, oneway ? 'Oneway: nobody waits for its end.' : undefined, keywordNote(parameters ?? [], names)];
  const tags = (parameters ?? []).flatMap(({ name: of, doc: text }) => (of !== null && text ? [`@param ${of} ${text}`] : []));
  const comment = [...notes.filter((each) => each !== undefined), tags.join('\n')].filter((each) => each !== '').join('\n\n');
  return `${docComment(comment, '  ')}  ${memberName(name)}(${list}): ${result};\n`;
}

function parameterTexts(parameters: readonly ParameterSignature[], names: TypeNames): string[] {
  const texts: string[] = [];
  const used = new Set<string>();
  const named = (name: string | null, otherwise: string): string => {
    const text = parameterNameFor(name ?? otherwise, used);
    used.add(text);
    return text;
  };
  const needsKeywords = parameters.some(({ kind, required }) => kind === 'keyword' && required);
  // TypeScript has no required parameter after optional parameters
  const isOptional = (index: number): boolean =>
    !needsKeywords && parameters.slice(index).every(({ kind, required }) => !required || !kind.startsWith('positional'));
  for (const [index, { name, kind, type }] of parameters.entries()) {
    if (kind === 'positional' || kind === 'positional-only') {
      const text = typescriptType(type, 'argument', names);
      texts.push(`${named(name, `argument${index + 1}`)}${isOptional(index) ? '?' : ''}: ${text}`);
    }
    if (kind === 'varargs' && !needsKeywords) {
      const text = typescriptType(type, 'argument', names);
      texts.push(`...${named(name, 'others')}: ${arrayOf(text, 'result')}`);
    }
  }
  if (needsKeywords) texts.push(`${named(null, 'keywords')}: ${names.imported('KeywordArguments')}`);
  return texts;
}

/** The note about keywords of `kwargs({ … })` that are no parameters of the interface. */
function keywordNote(parameters: readonly ParameterSignature[], names: TypeNames): string | undefined {
  const texts = parameters.flatMap(({ name, kind, required, type }) => {
    if (kind === 'keyword') return [`${name}${required ? '' : '?'}: ${typescriptType(type, 'argument', names)}`];
    return kind === 'kwargs' ? [`…${name ?? ''}: ${typescriptType(type, 'argument', names)}`] : [];
  });
  return texts.length === 0 ? undefined : `Keywords: \`kwargs({ ${texts.join(', ')} })\``;
}

function entriesOf<T>(members: Readonly<Record<string, T>>): [string, T][] {
  return Object.entries(members).sort(([one], [other]) => (one < other ? -1 : 1));
}
