import type { FieldSignature, TypeSignature } from '../../daemon/contract/signatures.js';
import { type Definition, type PythonSource, childrenOf, nodesIn, type SyntaxNode } from './syntax-tree.js';

const RECORDS = /^(?:dataclasses\.)?dataclass\b|^(?:attrs?\.)?(?:s|define|frozen|mutable|dataclass)\b/;
const RECORD_BASES = new Set(['TypedDict', 'BaseModel']);
const ENUM_BASES = new Set(['Enum', 'IntEnum', 'StrEnum', 'IntFlag', 'Flag']);

/** The types that a source defines: records become fields; enums, named tuples and aliases other names of types. */
export class PythonTypes {
  private readonly classes = new Map<string, Definition>();
  private readonly aliases = new Map<string, string>();
  private readonly known = new Map<string, TypeSignature | undefined>();

  constructor(
    private readonly source: PythonSource,
    classes: Iterable<Definition>,
  ) {
    for (const definition of classes) this.classes.set(definition.name, definition);
    for (const node of nodesIn(source.root, true)) this.noteAlias(node);
  }

  /** The type with this name; undefined for names of other things. */
  typeNamed(name: string): TypeSignature | undefined {
    if (!this.known.has(name)) {
      this.known.set(name, undefined);
      const alias = this.aliases.get(name);
      const definition = this.classes.get(name);
      if (alias !== undefined) this.known.set(name, { alias });
      else if (definition !== undefined) this.known.set(name, this.typeOf(definition));
    }
    return this.known.get(name);
  }

  private noteAlias(node: SyntaxNode): void {
    if (node.name !== 'AssignStatement' && node.name !== 'TypeDefinition') return;
    const [first, ...rest] = childrenOf(node).filter(({ name }) => name !== 'type' && name !== 'TypeDef' && name !== 'AssignOp');
    const value = rest.at(-1);
    if (first?.name !== 'VariableName' || value === undefined || rest.length !== 1) return;
    const isType = ['VariableName', 'MemberExpression', 'BinaryExpression', 'String'].includes(value.name);
    const [, newType] = /^(?:typing\.)?NewType\([^,]+,([^]+)\)$/.exec(this.source.textOf(value)) ?? [];
    if (isType || newType !== undefined)
      this.aliases.set(this.source.textOf(first), newType?.trim() ?? this.source.textOf(value));
  }

  private typeOf(definition: Definition): TypeSignature | undefined {
    const bases = this.basesOf(definition);
    if (bases.some((base) => ENUM_BASES.has(base))) return { alias: this.enumValues(definition, bases) };
    if (bases.includes('NamedTuple')) {
      const fields = Object.values(this.fieldsOf(definition));
      return { alias: `tuple[${fields.map(({ type }) => type).join(', ')}]` };
    }
    const isRecord = this.lineOf(definition).some(
      (each) => each.decorators.some((text) => RECORDS.test(text)) || this.basesOf(each).some((base) => RECORD_BASES.has(base)),
    );
    return isRecord ? { fields: this.fieldsOf(definition), ...this.source.docOf(definition) } : undefined;
  }

  /** The last parts of the names of the base classes: `BaseModel` for `pydantic.BaseModel`. */
  private basesOf({ node }: Definition): string[] {
    const list = node.getChild('ArgList');
    return list === null ? [] : childrenOf(list).flatMap((each) => this.baseOf(each));
  }

  private baseOf(node: SyntaxNode): string[] {
    if (node.name !== 'VariableName' && node.name !== 'MemberExpression') return [];
    if (node.nextSibling?.name === 'AssignOp') return [];
    return [
      this.source
        .textOf(node)
        .replace(/\[[^]*/, '')
        .split('.')
        .at(-1)!,
    ];
  }

  /** A class and its base classes in the source, as Python's `__mro__` from its end: what comes later hides what came before. */
  lineOf(definition: Definition): Definition[] {
    const line = new Set<Definition>();
    const seen = new Set<Definition>();
    const open = [definition];
    for (let each = open.at(-1); each !== undefined; each = open.at(-1)) {
      const bases = seen.has(each) ? [] : this.basesOf(each).flatMap((name) => this.classes.get(name) ?? []);
      seen.add(each);
      const unseen = bases.filter((base) => !seen.has(base));
      if (unseen.length > 0) open.push(...unseen);
      else line.add(open.pop()!);
    }
    return [...line];
  }

  private fieldsOf(definition: Definition): Record<string, FieldSignature> {
    const fields = new Map<string, FieldSignature>();
    for (const each of this.lineOf(definition)) {
      const isPartial = /\btotal\s*=\s*False\b/.test(this.source.textOf(each.node.getChild('ArgList') ?? { from: 0, to: 0 }));
      for (const statement of this.source.statements(each)) {
        const name = statement.getChild('VariableName');
        const type = statement.name === 'AssignStatement' ? this.source.annotationOf(statement.getChild('TypeDef')) : undefined;
        if (name === null || type === undefined || /^(?:[\w.]+\.)?(?:ClassVar|KW_ONLY)\b/.test(type)) continue;
        const [, mark] = /^["']?(?:[\w.]+\.)?(NotRequired|Required)\b/.exec(type) ?? [];
        const isRequired = mark === undefined ? !isPartial : mark === 'Required';
        fields.set(this.source.textOf(name), { type, required: isRequired });
      }
    }
    return Object.fromEntries(fields);
  }

  /** The values of an enum, which travel in the place of its members. */
  private enumValues(definition: Definition, bases: readonly string[]): string {
    const values: string[] = [];
    for (const statement of this.source.statements(definition)) {
      const [target, , value] = childrenOf(statement);
      if (statement.name !== 'AssignStatement' || target?.name !== 'VariableName' || value === undefined) continue;
      const text = this.source.textOf(value);
      const isAuto = /(?:^|\.)auto\(\)$/.test(text);
      if (value.name === 'String') values.push(JSON.stringify(this.source.stringOf(value)));
      else if (/^-?\d+$/.test(text)) values.push(text);
      else if (isAuto && bases.includes('StrEnum')) values.push(JSON.stringify(this.source.textOf(target).toLowerCase()));
      else
        return bases.some((base) => base.startsWith('Int') || base === 'Flag')
          ? 'int'
          : bases.includes('StrEnum')
            ? 'str'
            : 'Any';
    }
    return values.length === 0 ? 'Any' : `Literal[${values.join(', ')}]`;
  }
}
