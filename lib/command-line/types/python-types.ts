import type { FieldSignature, TypeSignature } from '../../daemon/contract/signatures.js';
import type { SourceModule } from './source-module.js';
import type { ModuleMember, SourceModules } from './source-modules.js';
import { childrenOf, type Definition, type SyntaxNode } from './syntax-tree.js';

const RECORDS = /^(?:dataclasses\.)?dataclass\b|^(?:attrs?\.)?(?:s|define|frozen|mutable|dataclass)\b/;
const RECORD_BASES = new Set(['TypedDict', 'BaseModel']);
const ENUM_BASES = new Set(['Enum', 'IntEnum', 'StrEnum', 'IntFlag', 'Flag']);
/** Annotations of names that are no fields. */
const NO_FIELD = /^["']?(?:[\w.]+\.)?(?:ClassVar|InitVar|KW_ONLY)\b/;

/** A class, and the module that defines the class. */
export interface SourceClass {
  readonly module: SourceModule;
  readonly definition: Definition;
}

/** The types that sources define: records become fields; enums, named tuples and aliases other names of types. */
export class PythonTypes {
  private readonly known = new Map<string, TypeSignature | undefined>();

  constructor(private readonly modules: SourceModules) {}

  /** The type with this name; undefined for names of other things. */
  typeNamed(name: string): TypeSignature | undefined {
    if (!this.known.has(name)) {
      this.known.set(name, undefined);
      const place = this.modules.memberNamed(name);
      if (place !== undefined) this.known.set(name, this.typeAt(place));
    }
    return this.known.get(name);
  }

  private typeAt({ module, name }: ModuleMember): TypeSignature | undefined {
    const alias = module.aliases.get(name);
    if (alias !== undefined) return { alias: this.modules.named(alias, module) };
    return this.typeOf({ module, definition: module.classes.get(name)! });
  }

  private typeOf(source: SourceClass): TypeSignature | undefined {
    const line = this.lineOf(source);
    const bases = line.flatMap((each) => basesOf(each)).map(({ name }) => name);
    if (bases.some((base) => ENUM_BASES.has(base))) return { alias: enumValues(source, bases) };
    if (bases.includes('NamedTuple')) {
      const fields = Object.values(this.fieldsOf(line));
      return { alias: `tuple[${fields.map(({ type }) => type).join(', ')}]` };
    }
    const isRecord =
      bases.some((base) => RECORD_BASES.has(base)) ||
      line.some(({ definition }) => definition.decorators.some((text) => RECORDS.test(text)));
    return isRecord ? { fields: this.fieldsOf(line), ...source.module.source.docOf(source.definition) } : undefined;
  }

  /** A class and its base classes in the sources, as Python's `__mro__` from its end: what comes later hides what came before. */
  lineOf(source: SourceClass): SourceClass[] {
    const line = new Map<Definition, SourceClass>();
    const seen = new Set<Definition>();
    const open = [source];
    for (let each = open.at(-1); each !== undefined; each = open.at(-1)) {
      const { module, definition } = each;
      const bases = seen.has(definition) ? [] : basesOf(each).flatMap(({ text }) => this.classNamed(text, module) ?? []);
      seen.add(definition);
      const unseen = bases.filter((base) => !seen.has(base.definition));
      if (unseen.length > 0) open.push(...unseen);
      else line.set(definition, open.pop()!);
    }
    return [...line.values()];
  }

  private classNamed(text: string, by: SourceModule): SourceClass | undefined {
    const place = this.modules.find(text, by);
    const definition = place?.module.classes.get(place.name);
    return definition && { module: place!.module, definition };
  }

  private fieldsOf(line: readonly SourceClass[]): Record<string, FieldSignature> {
    const fields = new Map<string, FieldSignature>();
    for (const { module, definition } of line) {
      const { source } = module;
      const isPartial = /\btotal\s*=\s*False\b/.test(source.textOf(definition.node.getChild('ArgList') ?? { from: 0, to: 0 }));
      for (const statement of source.statements(definition)) {
        const name = statement.getChild('VariableName');
        const type = statement.name === 'AssignStatement' ? source.annotationOf(statement.getChild('TypeDef')) : undefined;
        if (name === null || type === undefined || NO_FIELD.test(type)) continue;
        const [, mark] = /^["']?(?:[\w.]+\.)?(NotRequired|Required)\b/.exec(type) ?? [];
        const isRequired = mark === undefined ? !isPartial : mark === 'Required';
        fields.set(source.textOf(name), { type: this.modules.named(type, module), required: isRequired });
      }
    }
    return Object.fromEntries(fields);
  }
}

/** The base classes of a class: their texts, and the last parts of their names, `BaseModel` for `pydantic.BaseModel`. */
export function basesOf({ module, definition }: SourceClass): { text: string; name: string }[] {
  const list = definition.node.getChild('ArgList');
  return (list === null ? [] : childrenOf(list)).filter(isBase).map((node) => {
    const text = module.source
      .textOf(node)
      .replace(/\[[^]*/, '')
      .replace(/\s+/g, '');
    return { text, name: text.split('.').at(-1)! };
  });
}

function isBase(node: SyntaxNode): boolean {
  const isName = node.name === 'VariableName' || node.name === 'MemberExpression';
  return isName && node.nextSibling?.name !== 'AssignOp' && node.prevSibling?.name !== 'AssignOp';
}

/** The values of an enum, which travel in the place of its members. Members of a Flag are combined: their values are ints. */
function enumValues({ module: { source }, definition }: SourceClass, bases: readonly string[]): string {
  if (bases.some((base) => base === 'Flag' || base === 'IntFlag')) return 'int';
  const values: string[] = [];
  for (const statement of source.statements(definition)) {
    const [target, , value] = childrenOf(statement);
    if (statement.name !== 'AssignStatement' || target?.name !== 'VariableName' || value === undefined) continue;
    const text = source.textOf(value);
    const isAuto = /(?:^|\.)auto\(\)$/.test(text);
    if (value.name === 'String' && !/^r?b/i.test(text)) values.push(JSON.stringify(source.stringOf(value)));
    else if (/^-?\d+$/.test(text)) values.push(text);
    else if (isAuto && bases.includes('StrEnum')) values.push(JSON.stringify(source.textOf(target).toLowerCase()));
    else return bases.includes('IntEnum') ? 'int' : bases.includes('StrEnum') ? 'str' : 'Any';
  }
  return values.length === 0 ? 'Any' : `Literal[${values.join(', ')}]`;
}
