import type ts from 'typescript';
import type { FieldSignature, TypeSignature } from '../../daemon/contract/signatures.js';
import { pythonNameFor } from '../python/python-names.js';
import { decoratorNamed, decoratorsOf, literalOf } from './decorators.js';
import { MODULE_NAMES } from './module-names.js';
import type { Project } from './project.js';
import { type PythonClass, PythonClasses, type PythonField, shortName } from './python-classes.js';
import { capitalized, pythonText, unionText } from './python-texts.js';

/** The direction of a value: an argument comes from Python, a result goes to Python, a member of a class goes both ways. */
export type Direction = 'argument' | 'result' | 'member';

/** Types of JavaScript and of this package, and the Python types of their values: docs/values.md. */
const NAMED: Readonly<Record<string, string | ({ result: string } & Partial<Record<Direction, string>>) | undefined>> = {
  Date: { argument: 'datetime | str', result: 'str', member: 'datetime' },
  Buffer: 'bytes',
  Uint8Array: 'bytes',
  ArrayBuffer: 'bytes',
  SharedArrayBuffer: 'bytes',
  DataView: 'bytes',
  Float32Array: { argument: 'Sequence[float]', result: 'list[float]' },
  Float64Array: { argument: 'Sequence[float]', result: 'list[float]' },
  // Python reads an array only with a file that the user may or may not load
  NdArray: 'Any',
  PyComplex: 'complex',
  PyFloat: 'float',
  PyTuple: 'tuple[Any, ...]',
  PyFrozenSet: 'frozenset[Any]',
  PyroUri: 'Any',
  ProxyReference: 'Any',
  SerializedBlob: 'Any',
  Error: { argument: 'Any', result: 'Exception' },
  Readable: { argument: 'Any', result: 'Iterator[Any]' },
};
/** JavaScript's classes as types of fields. */
const SCALARS: Readonly<Record<string, string | undefined>> = {
  Number: 'float',
  String: 'str',
  Boolean: 'bool',
  BigInt: 'int',
  Date: 'datetime',
  Buffer: 'bytes',
  Uint8Array: 'bytes',
};
const INTEGERS = /^(?:Int8|Int16|Int32|Uint8Clamped|Uint16|Uint32|BigInt64|BigUint64)Array$/;
const PROMISES = new Set(['Promise', 'PromiseLike']);
const ITERATORS =
  /^(?:Async)?(?:Generator|Iterator|IterableIterator|IteratorObject)$|^AsyncIterable$|^RemoteStream$|^(?:Array|Map|Set|String)Iterator$/;
const MAX_DEPTH = 20;
/** A type whose arguments grow with each step, `interface A<T> { more: A<T[]> }`, ends here. */
const MAX_SUFFIX_CHARS = 40;

/** Makes the texts of Python types from TypeScript's types, and collects the application's types that these name. */
export class PythonTypeTexts {
  /** By the name in Python. */
  readonly types = new Map<string, TypeSignature>();
  private readonly names = new Map<ts.Type | ts.Symbol, string>();
  /** Types whose fields are read after the text that names the type. */
  private readonly pending: (() => void)[] = [];
  private depth = 0;

  /** @param served the names of the classes whose objects travel as proxies */
  private readonly classes: PythonClasses;
  /** Names that only classes and enums of Python have. */
  private readonly pythonNames: ReadonlySet<string>;

  constructor(
    private readonly project: Project,
    private readonly served: ReadonlyMap<ts.Symbol, string>,
  ) {
    this.classes = new PythonClasses(project);
    this.pythonNames = this.classes.shortNames;
  }

  /** @param hint names an object type that has no name */
  textOf(type: ts.Type, direction: Direction, hint: string): string {
    if (this.depth >= MAX_DEPTH) return 'Any';
    this.depth++;
    const text = this.make(type, direction, hint);
    this.depth--;
    while (this.depth === 0 && this.pending.length > 0) this.pending.shift()!();
    return text;
  }

  /** The text of a result. A promise counts as its value; an Observable as its items if it is a stream, else as its last item. */
  resultOf(type: ts.Type, isStream: boolean, hint: string): string {
    const { ts } = this.project;
    const name = type.symbol?.name;
    const [item] = this.argumentsOf(type);
    if (item !== undefined && PROMISES.has(name)) return this.resultOf(item, isStream, hint);
    if (item !== undefined && name === 'Observable') {
      const text = this.textOf(item, 'result', hint);
      return isStream ? `Iterator[${text}]` : text;
    }
    if (item !== undefined && ITERATORS.test(name)) return `Iterator[${this.textOf(item, 'result', hint)}]`;
    if (
      type.isUnion() &&
      !(type.flags & (ts.TypeFlags.Boolean | ts.TypeFlags.EnumLike)) &&
      type.types.some((each) => PROMISES.has(each.symbol?.name))
    )
      return unionText(type.types.map((each) => this.resultOf(each, isStream, hint)));
    return this.textOf(type, 'result', hint);
  }

  /** The type of the values of `**kwargs`. */
  keywordsOf(type: ts.Type, hint: string): string {
    const values = this.project.checker.getIndexTypeOfType(type, this.project.ts.IndexKind.String);
    if (values !== undefined) return this.textOf(values, 'argument', hint);
    const text = this.textOf(type, 'argument', hint);
    return this.types.has(text) && 'fields' in this.types.get(text)! ? `Unpack[${text}]` : 'Any';
  }

  private make(type: ts.Type, direction: Direction, hint: string): string {
    const { ts, checker } = this.project;
    const { flags } = type;
    const { TypeFlags } = ts;
    if (flags & TypeFlags.EnumLike && type.symbol !== undefined) return this.enumText(type);
    if (flags & (TypeFlags.Void | TypeFlags.Undefined | TypeFlags.Null)) return 'None';
    if (type.isStringLiteral()) return `Literal[${pythonText(type.value)}]`;
    if (type.isNumberLiteral()) return Number.isSafeInteger(type.value) ? `Literal[${type.value}]` : 'float';
    if (flags & TypeFlags.BooleanLiteral) return checker.typeToString(type) === 'true' ? 'Literal[True]' : 'Literal[False]';
    if (flags & TypeFlags.StringLike) return 'str';
    if (flags & TypeFlags.NumberLike) return 'float';
    if (flags & TypeFlags.BigIntLike) return 'int';
    if (flags & TypeFlags.BooleanLike) return 'bool';
    if (type.isUnion()) return this.memberTexts(type, direction, hint);
    if (type.isIntersection()) {
      const primitive = type.types.find(
        (each) => each.flags & (TypeFlags.StringLike | TypeFlags.NumberLike | TypeFlags.BigIntLike),
      );
      return primitive ? this.textOf(primitive, direction, hint) : this.objectText(type, direction, hint);
    }
    if (flags & TypeFlags.Object) return this.objectText(type, direction, hint);
    const constraint = checker.getBaseConstraintOfType(type);
    return constraint === undefined || constraint === type ? 'Any' : this.textOf(constraint, direction, hint);
  }

  private memberTexts(type: ts.UnionType, direction: Direction, hint: string): string {
    const make = (name: string): string => unionText(type.types.map((each) => this.textOf(each, direction, name)));
    const { aliasSymbol } = type;
    if (aliasSymbol === undefined || type.aliasTypeArguments !== undefined || this.isForeign(aliasSymbol)) return make(hint);
    return this.named(aliasSymbol, aliasSymbol.name, (name) => this.types.set(name, { alias: make(name) }));
  }

  private enumText(type: ts.Type): string {
    const { ts, checker } = this.project;
    const isMember = Boolean(type.symbol.flags & ts.SymbolFlags.EnumMember);
    if (isMember) return this.literalText(type);
    const declaration = type.symbol.declarations?.find((each) => ts.isEnumDeclaration(each));
    const values = declaration?.members.map((member) => {
      const value = checker.getConstantValue(member);
      return typeof value === 'string' ? pythonText(value) : Number.isSafeInteger(value) ? String(value) : undefined;
    });
    const isKnown = values !== undefined && values.length > 0 && values.every((each) => each !== undefined);
    // the Python Enum has the name of the enum
    const suffix = this.classes.enumOf(type.symbol) === undefined ? '' : 'Value';
    return this.named(type.symbol, type.symbol.name + suffix, (name) =>
      this.types.set(name, { alias: isKnown ? `Literal[${values.join(', ')}]` : 'str | float' }),
    );
  }

  private literalText(type: ts.Type): string {
    if (type.isStringLiteral()) return `Literal[${pythonText(type.value)}]`;
    return type.isNumberLiteral() && Number.isSafeInteger(type.value) ? `Literal[${type.value}]` : 'float';
  }

  private objectText(type: ts.Type, direction: Direction, hint: string): string {
    const { checker } = this.project;
    const symbol = type.aliasSymbol ?? type.symbol;
    if (checker.isTupleType(type)) return this.tupleText(type, direction, hint);
    const text = (each: ts.Type | undefined): string => (each === undefined ? 'Any' : this.textOf(each, direction, hint));
    const [first, second] = this.argumentsOf(type);
    const isArgument = direction === 'argument';
    if (checker.isArrayType(type)) return `${isArgument ? 'Sequence' : 'list'}[${text(first)}]`;
    const served = type.symbol && this.served.get(type.symbol);
    if (served !== undefined) return isArgument ? 'Any' : served;
    const name = type.symbol?.name ?? '';
    if (PROMISES.has(name) || name === 'Observable') return text(first);
    if (ITERATORS.test(name)) return isArgument ? 'Any' : `Iterator[${text(first)}]`;
    if (INTEGERS.test(name)) return isArgument ? 'Sequence[int]' : 'list[int]';
    if (name === 'Map' || name === 'ReadonlyMap') return `${isArgument ? 'Mapping' : 'dict'}[${text(first)}, ${text(second)}]`;
    if (name === 'Set' || name === 'ReadonlySet') return `set[${text(first)}]`;
    const plain = Object.hasOwn(NAMED, name) ? NAMED[name] : undefined;
    if (plain !== undefined) return typeof plain === 'string' ? plain : (plain[direction] ?? plain.result);
    return this.recordText(type, symbol, direction, hint);
  }

  private tupleText(type: ts.Type, direction: Direction, hint: string): string {
    const items = this.argumentsOf(type).map((each) => this.textOf(each, direction, hint));
    // an array travels as a list, and a tuple of Python arrives as an array
    const list = `${direction === 'argument' ? 'Sequence' : 'list'}[${items.length === 0 ? 'Any' : unionText(items)}]`;
    const { target } = type as ts.TupleTypeReference;
    const isFixed = target.elementFlags.every((flag) => flag === this.project.ts.ElementFlags.Required);
    return direction === 'argument' && isFixed && items.length > 0 ? `tuple[${items.join(', ')}]` : list;
  }

  /** The text of a dict: with named fields, or with values of one type. */
  private recordText(type: ts.Type, symbol: ts.Symbol | undefined, direction: Direction, hint: string): string {
    const { ts, checker } = this.project;
    const values = checker.getIndexTypeOfType(type, ts.IndexKind.String);
    const members = checker.getPropertiesOfType(type).filter((member) => this.isData(member));
    if (type.getCallSignatures().length > 0 || /^(?:RemoteProxy|PyroProxy)$/.test(type.symbol?.name)) return 'Any';
    if (members.length === 0 && values !== undefined)
      return `${direction === 'argument' ? 'Mapping' : 'dict'}[str, ${this.textOf(values, direction, hint)}]`;
    const isMapped = type.symbol === undefined || type.symbol.name.startsWith('__');
    if (members.length === 0 || (!isMapped && this.isForeign(type.symbol))) return 'Any';
    const isProxy = type.isIntersection() && type.types.some((each) => /^(?:RemoteProxy|PyroProxy)$/.test(each.symbol?.name));
    if (isProxy) return 'Any';
    const pythonClass = this.classes.classOf(type.symbol);
    if (pythonClass !== undefined) return this.classText(pythonClass, type);
    const isNamed = symbol !== undefined && !symbol.name.startsWith('__') && !this.isForeign(symbol);
    const args = type.aliasSymbol ? (type.aliasTypeArguments ?? []) : this.argumentsOf(type);
    const suffix = isNamed ? args.map((each) => capitalized(this.textOf(each, 'result', hint))).join('') : '';
    if (suffix.length > MAX_SUFFIX_CHARS) return 'Any';
    const name = isNamed ? symbol.name + suffix : hint;
    return this.named(isNamed && args.length === 0 ? symbol : type, name, (own) => this.addRecord(type, own, members));
  }

  /** The text of a class with `@PyroClass`. Exceptions are left out. */
  private classText(source: PythonClass, type: ts.Type): string {
    const { checker } = this.project;
    if (['message', 'stack'].every((name) => type.getProperty(name))) return 'Any';
    const [base] = checker.getBaseTypes(checker.getDeclaredTypeOfSymbol(source.symbol) as ts.InterfaceType);
    const baseClass = this.classes.classOf(base?.symbol);
    return this.named(
      source.symbol,
      shortName(source.name),
      (name) => {
        const fields: Record<string, FieldSignature> = {};
        const style = this.classes.styleOf(source);
        const doc = this.docOf(source.symbol);
        const parent = baseClass && base && this.textOf(base, 'member', name);
        const isBased = parent !== undefined && parent !== 'Any';
        this.types.set(name, { fields, ...doc, class: source.name, ...(style && { style }), ...(isBased && { base: parent }) });
        const inherited = (isBased && baseClass && this.classes.fieldsOf(baseClass)) || [];
        const all = this.classes.fieldsOf(source) ?? this.dataFields(type);
        for (const { name: field, isOptional, type: given } of all) {
          const member = type.getProperty(field);
          if (member === undefined || inherited.some((each) => each.name === field)) continue;
          const own = checker.getNonNullableType(checker.getTypeOfSymbol(member));
          const text = given === undefined ? this.memberText(member, own, name) : this.optionText(given, name);
          fields[field] = { type: text, required: !isOptional, ...this.docOf(member) };
        }
      },
      true,
    );
  }

  private dataFields(type: ts.Type): PythonField[] {
    const { Optional } = this.project.ts.SymbolFlags;
    const members = type.getProperties().filter((member) => this.isData(member));
    return members.map(({ name, flags }) => ({ name, isOptional: Boolean(flags & Optional), type: undefined }));
  }

  private memberText(member: ts.Symbol, type: ts.Type, name: string): string {
    const decorators = (member.declarations ?? []).flatMap((each) => decoratorsOf(this.project, each));
    if (decoratorNamed(decorators, 'IsInt')) return 'int';
    return decoratorNamed(decorators, 'IsUUID') ? 'UUID' : this.textOf(type, 'member', name + capitalized(member.name));
  }

  /** The type that the option `fields` gives. */
  private optionText(type: ts.Expression, hint: string): string {
    const { ts, checker } = this.project;
    if (ts.isArrayLiteralExpression(type)) return `list[${type.elements[0] ? this.optionText(type.elements[0], hint) : 'Any'}]`;
    const text = literalOf(this.project, type);
    if (typeof text === 'string') {
      const named = this.classes.classNamed(text);
      if (named !== undefined) return this.textOf(checker.getDeclaredTypeOfSymbol(named.symbol), 'member', hint);
      return text === 'number' ? 'float' : text === 'any' || text.includes('.') ? 'Any' : text;
    }
    const symbol = this.classes.symbolOf(type);
    if (symbol === undefined) return 'Any';
    const scalar = SCALARS[symbol.name];
    if (scalar !== undefined && this.isForeign(symbol)) return scalar;
    const enumName = this.classes.enumOf(symbol);
    if (enumName !== undefined) return this.enumClassText(symbol, enumName);
    return symbol.flags & ts.SymbolFlags.Class ? this.textOf(checker.getDeclaredTypeOfSymbol(symbol), 'member', hint) : 'Any';
  }

  /** An enum whose values travel as members of a Python Enum. */
  private enumClassText(symbol: ts.Symbol, pythonName: string): string {
    const { ts, checker } = this.project;
    const members: Record<string, string | number> = {};
    for (const member of symbol.declarations?.find((each) => ts.isEnumDeclaration(each))?.members ?? []) {
      const value = checker.getConstantValue(member);
      if (value !== undefined && 'text' in member.name) members[member.name.text] = value;
    }
    const values = Object.values(members).map((value) => (typeof value === 'string' ? pythonText(value) : String(value)));
    return this.named(
      checker.getDeclaredTypeOfSymbol(symbol),
      shortName(pythonName),
      (name) => this.types.set(name, { alias: `Literal[${values.join(', ')}]`, class: pythonName, members }),
      true,
    );
  }

  private docOf(symbol: ts.Symbol): { doc?: string } {
    const doc = this.project.ts.displayPartsToString(symbol.getDocumentationComment(this.project.checker));
    return doc === '' ? {} : { doc };
  }

  private addRecord(type: ts.Type, name: string, members: readonly ts.Symbol[]): void {
    const { ts, checker } = this.project;
    const fields: Record<string, FieldSignature> = {};
    const doc = ts.displayPartsToString(type.symbol?.getDocumentationComment(checker));
    this.types.set(name, { fields, ...(doc !== '' && { doc }) });
    for (const member of members) {
      const isOptional = Boolean(member.flags & ts.SymbolFlags.Optional);
      const given = checker.getTypeOfSymbol(member);
      const text = this.textOf(isOptional ? checker.getNonNullableType(given) : given, 'result', name + capitalized(member.name));
      const isNullable = isOptional && given.isUnion() && given.types.some(({ flags }) => flags & ts.TypeFlags.Null);
      const memberDoc = ts.displayPartsToString(member.getDocumentationComment(checker));
      fields[member.name] = {
        type: isNullable ? unionText([text, 'None']) : text,
        required: !isOptional,
        ...(memberDoc !== '' && { doc: memberDoc }),
      };
    }
  }

  /** True for members that travel: no methods, and nothing that is private. */
  private isData(member: ts.Symbol): boolean {
    const { ts, checker } = this.project;
    const hidden = ts.ModifierFlags.Private | ts.ModifierFlags.Protected | ts.ModifierFlags.Static;
    const isHidden = (member.declarations ?? []).some((each) => ts.getCombinedModifierFlags(each) & hidden);
    const isMethod =
      Boolean(member.flags & ts.SymbolFlags.Method) || checker.getTypeOfSymbol(member).getCallSignatures().length > 0;
    return !isHidden && !isMethod && !member.name.startsWith('__');
  }

  private isForeign(symbol: ts.Symbol): boolean {
    const files = (symbol.declarations ?? []).map((each) => each.getSourceFile());
    return files.length > 0 && files.every((file) => this.project.isForeign(file));
  }

  private argumentsOf(type: ts.Type): readonly ts.Type[] {
    const { ts, checker } = this.project;
    const isReference =
      (type.flags & ts.TypeFlags.Object) !== 0 && ((type as ts.ObjectType).objectFlags & ts.ObjectFlags.Reference) !== 0;
    // the last type argument of a class is `this`
    return isReference
      ? checker.getTypeArguments(type as ts.TypeReference).slice(0, (type as ts.TypeReference).target.typeParameters?.length ?? 0)
      : [];
  }

  /** The name of a type, which `add` adds when it is new. */
  private named(key: ts.Type | ts.Symbol, wanted: string, add: (name: string) => void, isPython = false): string {
    const known = this.names.get(key);
    if (known !== undefined) return known;
    const base = pythonNameFor(wanted, MODULE_NAMES);
    const taken = new Set([...this.names.values(), ...this.served.values(), ...(isPython ? [] : this.pythonNames)]);
    let name = base;
    for (let number = 2; taken.has(name); number++) name = `${base}${number}`;
    this.names.set(key, name);
    this.pending.push(() => add(name));
    return name;
  }
}
