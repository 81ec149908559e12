import type {
  AttributeSignature,
  MethodSignature,
  ObjectSignatures,
  SignatureBook,
  TypeSignature,
} from '../../daemon/contract/signatures.js';
import { isPythonName } from '../python/python-names.js';
import { namesOfTypes } from '../types/reached-types.js';
import { enumText, recordText } from './class-writer.js';
import { nested } from '../types/doc-comment.js';
import { classBody, docString } from './docstrings.js';
import { FROM_TYPING, IMPORTED } from './module-names.js';
import { parameterLists } from './parameter-lists.js';
import { textLiteral } from '../types/text-literal.js';
import { VisibleNames } from './visible-names.js';

const AUTHOR = 'Written by nestjs-pyro pyi';
const HEAD = `${AUTHOR}: run it again instead of changing this file.`;
/** The beginning of a file that `nestjs-pyro pyi` has written. */
export const STUB_HEAD = `"""${AUTHOR}`;
const BYTES_NOTE =
  'Results that are bytes arrive as a dict in serpent, the default serializer: serpent.tobytes(result) makes them bytes.';

/** The Python module that `nestjs-pyro python classes` has printed. */
export interface PrintedModule {
  readonly module: string;
  /** The names of its classes, by their dotted names. */
  readonly names: ReadonlyMap<string, string>;
}

/**
 * Writes a Python module with a protocol for each class, and the types that they name. It is a stub (`.pyi`), and as a `.py` file it
 * can be imported. The same signatures give the same text.
 *
 * @param printed the Python module that has the classes with `@PyroClass`: they are imported, and not defined
 */
export function writeStub({ classes }: SignatureBook, printed?: PrintedModule): string {
  const all = Object.values(classes).sort((one, other) => (one.class! < other.class! ? -1 : 1));
  const types = new Map(all.flatMap((each) => Object.entries(each.types ?? {})));
  const imported = printed === undefined ? [] : [...types].flatMap(([name, type]) => (type.class === undefined ? [] : [name]));
  const defined = [...types].filter(([name]) => !imported.includes(name)).sort(([one], [other]) => (one < other ? -1 : 1));
  const own = new Set([...types.keys(), ...all.map((each) => each.class!)]);
  const definitions = [
    ...basesFirst(defined, types).map(([name, type]) => typeText(name, type, own, types)),
    ...all.map((each) => new ProtocolWriter(each, own).write()),
  ];
  const body = definitions.join('\n\n');
  const hasBytes = all.some((each) => givesBytes(each));
  const head = hasBytes ? `"""${HEAD}\n\n${BYTES_NOTE}\n"""\n` : `"""${HEAD}"""\n`;
  const named = new Set(all.flatMap((each) => [...namesOfTypes(each)]));
  const classImport = printed === undefined || imported.length === 0 ? '' : importOf(imported.sort(), types, printed);
  return `${head}from __future__ import annotations\n\n${importsFor(body, named)}${classImport}\n${body}`;
}

/** `from lab_classes import Gas, Sequence as Sequence_` */
function importOf(
  names: readonly string[],
  types: ReadonlyMap<string, TypeSignature>,
  { module, names: printed }: PrintedModule,
): string {
  const parts = names.map((name) => {
    const own = printed.get(types.get(name)!.class!) ?? name;
    return own === name ? name : `${own} as ${name}`;
  });
  return `from ${module} import ${parts.join(', ')}\n\n`;
}

function givesBytes({ methods, attributes, types = {} }: ObjectSignatures): boolean {
  const given = [...Object.values(methods).map(({ returns }) => returns), ...Object.values(attributes).map(({ type }) => type)];
  return [...given, JSON.stringify(types)].some((text) => /\bbytes\b/.test(text ?? ''));
}

function importsFor(body: string, named: ReadonlySet<string>): string {
  // docs and texts may name anything
  const code = body.replace(/"""[^]*?"""|'(?:[^'\\\n]|\\.)*'/g, (text) => (text.startsWith('"""') ? '' : text));
  const isReadOnly = named.has('ReadOnly') && body.includes('ReadOnly[');
  const isIn = (text: string, name: string): boolean => new RegExp(String.raw`(?<!_typing\.)\b${name}\b`).test(text);
  // types in texts, of names that are defined further down
  const isUsed = (name: string): boolean => isIn(code, name) || (named.has(name) && isIn(body, name));
  const names = [...FROM_TYPING].filter((name) => (name === 'TYPE_CHECKING' ? isReadOnly : isUsed(name)));
  const lines = [
    ...['builtins', 'typing'].filter((name) => code.includes(`_${name}.`)).map((name) => `import ${name} as _${name}`),
    ...(/^@dataclass\b/m.test(code) ? ['from dataclasses import dataclass'] : []),
    ...importLines(Object.keys(IMPORTED).filter((name) => named.has(name) && new RegExp(String.raw`\b${name}\b`).test(code))),
    ...(/\(Enum\):$/m.test(code) ? ['from enum import Enum'] : []),
    ...(names.length > 0 ? [`from typing import ${names.join(', ')}`] : []),
    // Python has it since 3.13; checkers always have it
    ...(isReadOnly ? ['', 'if TYPE_CHECKING:', '    from typing_extensions import ReadOnly'] : []),
  ];
  return lines.length === 0 ? '' : `${lines.join('\n')}\n\n`;
}

/** `from datetime import date, datetime` */
function importLines(names: readonly string[]): string[] {
  const modules = [...new Set(names.map((name) => IMPORTED[name]!))].sort();
  return modules.map((module) => `from ${module} import ${names.filter((name) => IMPORTED[name] === module).join(', ')}`);
}

/** Types in their order, but none before the class that it extends. */
function basesFirst(
  sorted: readonly [string, TypeSignature][],
  types: ReadonlyMap<string, TypeSignature>,
): [string, TypeSignature][] {
  const depthOf = (type: TypeSignature | undefined): number =>
    type !== undefined && 'fields' in type && type.base !== undefined ? 1 + depthOf(types.get(type.base)) : 0;
  return sorted.slice().sort(([, one], [, other]) => depthOf(one) - depthOf(other));
}

function typeText(
  name: string,
  type: TypeSignature,
  own: ReadonlySet<string>,
  types: ReadonlyMap<string, TypeSignature>,
): string {
  if (type.class !== undefined) return 'alias' in type ? enumText(name, type) : recordText(name, type, types, own);
  if ('alias' in type) {
    // names in the text may be defined further down
    const isLater = namesIn(type.alias).some((each) => own.has(each));
    return `${name}: TypeAlias = ${isLater ? textLiteral(type.alias) : type.alias}\n`;
  }
  const fields = Object.entries(type.fields).map(([field, { type: text, required, doc }]) => ({
    field,
    text: required ? text : `NotRequired[${text}]`,
    doc,
  }));
  const used = new Set(fields.flatMap(({ text }) => namesIn(text)));
  // in a class, a field hides a type of the same name
  if (fields.every(({ field }) => isPythonName(field) && !used.has(field))) {
    const lines = fields.flatMap(({ field, text, doc }) => [`${field}: ${text}`, ...docString(doc)]);
    return `class ${name}(TypedDict):\n${classBody([...docString(type.doc), ...lines])}`;
  }
  const items = fields.map(({ field, text }) => `    ${textLiteral(field)}: ${textLiteral(text)},\n`);
  return `${name} = TypedDict('${name}', {\n${items.join('')}})\n`;
}

/** Writes the protocol of a class. Its members hide types of the same name. */
class ProtocolWriter {
  private readonly visible: VisibleNames;

  /** @param own the names of the types and classes of the module */
  constructor(
    private readonly signatures: ObjectSignatures,
    own: ReadonlySet<string>,
  ) {
    const { class: name, methods, attributes } = signatures;
    this.visible = new VisibleNames(name!, [...Object.keys(methods), ...Object.keys(attributes)], own);
  }

  write(): string {
    const { class: name, doc, methods, attributes } = this.signatures;
    const members = [
      ...Object.entries(attributes).map(([member, each]) => [member, this.attributeLines(member, each)] as const),
      ...Object.entries(methods).map(([member, each]) => [member, this.methodLines(member, each)] as const),
    ];
    const lines = members.flatMap(([member, each]) =>
      isPythonName(member) ? ['', ...each] : ['', `# ${textLiteral(member)} is no name of Python: getattr(…)`],
    );
    const docs = docString(doc);
    const body = [...docs, ...(docs.length > 0 ? lines : lines.slice(1))];
    return [...this.visible.aliases, `class ${name}(Protocol):\n${classBody(body)}`].join('\n\n');
  }

  private attributeLines(name: string, { type = 'Any', setType = type, doc, readable, writable }: AttributeSignature): string[] {
    const [text, setText] = [this.visible.in(type), this.visible.in(setType)];
    if (readable && writable && setText === text) return [`${name}: ${text}`, ...docString(doc)];
    const told = readable ? doc : `${doc ?? ''}\n\nIt can be written, and not read.`.trim();
    // None is refused wherever a value is used
    const getter = `def ${name}(self) -> ${readable ? text : 'None'}:`;
    return [
      `@${this.visible.in('property')}`,
      getter,
      ...nested([...docString(told), '...']),
      ...(writable || !readable ? [`@${name}.setter`, `def ${name}(self, value: ${setText}) -> None: ...`] : []),
    ];
  }

  private methodLines(name: string, { parameters, returns = 'Any', doc }: MethodSignature): string[] {
    const [result, any] = [this.visible.in(returns), this.visible.in('Any')];
    const lists = (parameters === null ? [`*args: ${any}, **kwargs: ${any}`] : parameterLists(parameters, this.visible)).map(
      (list) => ['self', list].filter((text) => text !== '').join(', '),
    );
    const told = (parameters ?? []).flatMap(({ name: of, doc: text }) => (of !== null && text ? [`:param ${of}: ${text}`] : []));
    const docs = docString([doc, told.join('\n')].filter((text) => text).join('\n\n'));
    const mark = lists.length > 1 ? [`@${this.visible.in('overload')}`] : [];
    return lists.flatMap((list) => [...mark, `def ${name}(${list}) -> ${result}:`, ...nested([...docs, '...'])]);
  }
}

function namesIn(text: string): string[] {
  return [...text.matchAll(/[\p{ID_Start}_][\p{ID_Continue}]*/gu)].map(([name]) => name);
}
