import type ts from 'typescript';
import type { FieldSignature, TypeSignature } from '../../daemon/contract/signatures.js';
import { type Direction, isIterator, isPromise, knownType } from './known-types.js';
import { NamedTypes } from './named-types.js';
import { docOf, type Project } from './project.js';
import { PythonClassTexts } from './python-class-text.js';
import { PythonClasses } from './python-classes.js';
import { capitalized, unionText } from './python-texts.js';
import { textLiteral } from '../types/text-literal.js';
import { readOnly } from './argument-types.js';
import { argumentsOf, isBitEnum, isData, isForeign } from './type-parts.js';

const MAX_DEPTH = 20;
/** A type whose arguments grow with each step, `interface A<T> { more: A<T[]> }`, ends here. */
const MAX_SUFFIX_CHARS = 40;

/** Makes the texts of Python types from TypeScript's types, and collects the application's types that these name. */
export class PythonTypeTexts {
  private readonly classes: PythonClasses;
  private readonly named: NamedTypes;
  private readonly classTexts: PythonClassTexts;
  private depth = 0;

  /** @param served the names of the classes whose objects travel as proxies */
  constructor(
    private readonly project: Project,
    private readonly served: ReadonlyMap<ts.Symbol, string>,
  ) {
    this.classes = new PythonClasses(project);
    this.named = new NamedTypes(served, new Set(this.printedNames.values()));
    this.classTexts = new PythonClassTexts(project, this.classes, this.named, (...given) => this.textOf(...given));
  }

  /** The names of classes and enums in the module that `nestjs-pyro python classes` prints, by their dotted names. */
  get printedNames(): ReadonlyMap<string, string> {
    return this.classes.printedNames;
  }

  /** By the name in Python. */
  get types(): ReadonlyMap<string, TypeSignature> {
    return this.named.types;
  }

  /** The types of arguments, and the types of results of the same TypeScript types. */
  get resultNames(): ReadonlyMap<string, string> {
    return this.named.resultNames;
  }

  /** @param hint names an object type that has no name */
  textOf(type: ts.Type, direction: Direction, hint: string): string {
    if (this.depth >= MAX_DEPTH) return 'Any';
    this.depth++;
    const text = this.make(type, direction, hint);
    this.depth--;
    if (this.depth === 0) this.named.addPending();
    return text;
  }

  /** The text of a result. A promise counts as its value; an Observable as its items if it is a stream, else as its last item. */
  resultOf(type: ts.Type, isStream: boolean, hint: string): string {
    const { ts } = this.project;
    const name = type.symbol?.name;
    const [item] = argumentsOf(this.project, type);
    if (item !== undefined && isPromise(name)) return this.resultOf(item, isStream, hint);
    if (item !== undefined && name === 'Observable') {
      const text = this.textOf(item, 'result', hint);
      return isStream ? `Iterator[${text}]` : text;
    }
    if (item !== undefined && isIterator(name)) return `Iterator[${this.textOf(item, 'result', hint)}]`;
    if (
      type.isUnion() &&
      !(type.flags & (ts.TypeFlags.Boolean | ts.TypeFlags.EnumLike)) &&
      type.types.some((each) => isPromise(each.symbol?.name))
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
    if (flags & TypeFlags.EnumLike && type.symbol !== undefined) return this.enumText(type, direction);
    if (flags & (TypeFlags.Void | TypeFlags.Undefined | TypeFlags.Null)) return 'None';
    if (type.isStringLiteral()) return `Literal[${textLiteral(type.value)}]`;
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
    const { aliasSymbol } = type;
    if (aliasSymbol === undefined || type.aliasTypeArguments !== undefined || isForeign(this.project, aliasSymbol))
      return unionText(type.types.map((each) => this.textOf(each, direction, hint)));
    return this.named.directedNameOf(aliasSymbol, aliasSymbol.name, direction, (name, own, resultName) =>
      this.named.types.set(name, {
        alias: unionText(type.types.map((each) => this.textOf(each, own, resultName))),
      }),
    );
  }

  private enumText(type: ts.Type, direction: Direction): string {
    const { ts, checker } = this.project;
    const isMember = Boolean(type.symbol.flags & ts.SymbolFlags.EnumMember);
    if (isMember) return this.literalText(type);
    const declaration = type.symbol.declarations?.find((each) => ts.isEnumDeclaration(each));
    const values = declaration?.members.map((member) => {
      const value = checker.getConstantValue(member);
      return typeof value === 'string' ? textLiteral(value) : Number.isSafeInteger(value) ? String(value) : undefined;
    });
    const isKnown = values !== undefined && values.length > 0 && values.every((each) => each !== undefined);
    const literals = isKnown ? `Literal[${values.join(', ')}]` : 'str | float';
    const alias = declaration !== undefined && isBitEnum(this.project, declaration) ? 'int' : literals;
    const pythonName = this.classes.enumOf(type.symbol);
    // the Python Enum has the name of the enum
    const suffix = pythonName === undefined ? '' : 'Value';
    const own = this.named.nameOf(type.symbol, type.symbol.name + suffix, (name) => this.named.types.set(name, { alias }));
    if (direction !== 'argument' || pythonName === undefined) return own;
    // a member of the Enum arrives as its value
    return unionText([this.classTexts.enumClassText(type.symbol, pythonName), own]);
  }

  private literalText(type: ts.Type): string {
    if (type.isStringLiteral()) return `Literal[${textLiteral(type.value)}]`;
    return type.isNumberLiteral() && Number.isSafeInteger(type.value) ? `Literal[${type.value}]` : 'float';
  }

  private objectText(type: ts.Type, direction: Direction, hint: string): string {
    const { checker } = this.project;
    const symbol = type.aliasSymbol ?? type.symbol;
    if (checker.isTupleType(type)) return this.tupleText(type, direction, hint);
    const text = (each: ts.Type | undefined): string => (each === undefined ? 'Any' : this.textOf(each, direction, hint));
    const [first, second] = argumentsOf(this.project, type);
    const isArgument = direction === 'argument';
    if (checker.isArrayType(type)) return `${isArgument ? 'Sequence' : 'list'}[${text(first)}]`;
    const served = type.symbol && this.served.get(type.symbol);
    if (served !== undefined) return isArgument ? 'Any' : served;
    const name = type.symbol?.name ?? '';
    if (isPromise(name) || name === 'Observable') return text(first);
    if (isIterator(name)) return isArgument ? 'Any' : `Iterator[${text(first)}]`;
    if (name === 'Map' || name === 'ReadonlyMap') return `${isArgument ? 'Mapping' : 'dict'}[${text(first)}, ${text(second)}]`;
    if (name === 'Set' || name === 'ReadonlySet') return `${isArgument ? 'AbstractSet' : 'set'}[${text(first)}]`;
    return knownType(name, direction) ?? this.recordText(type, symbol, direction, hint);
  }

  private tupleText(type: ts.Type, direction: Direction, hint: string): string {
    const items = argumentsOf(this.project, type).map((each) => this.textOf(each, direction, hint));
    const item = items.length === 0 ? 'Any' : unionText(items);
    // an array travels as a list, and a tuple of Python arrives as an array
    if (direction !== 'argument') return `list[${item}]`;
    const { target } = type as ts.TupleTypeReference;
    const isFixed = target.elementFlags.every((flag) => flag === this.project.ts.ElementFlags.Required);
    return isFixed && items.length > 0 ? `list[${item}] | tuple[${items.join(', ')}]` : `Sequence[${item}]`;
  }

  /** The text of a dict: with named fields, or with values of one type. */
  private recordText(type: ts.Type, symbol: ts.Symbol | undefined, direction: Direction, hint: string): string {
    const { ts, checker } = this.project;
    const values = checker.getIndexTypeOfType(type, ts.IndexKind.String);
    const members = checker.getPropertiesOfType(type).filter((member) => isData(this.project, member));
    if (type.getCallSignatures().length > 0 || /^(?:RemoteProxy|PyroProxy)$/.test(type.symbol?.name)) return 'Any';
    if (members.length === 0 && values !== undefined)
      return `${direction === 'argument' ? 'Mapping' : 'dict'}[str, ${this.textOf(values, direction, hint)}]`;
    const isMapped = type.symbol === undefined || type.symbol.name.startsWith('__');
    if (members.length === 0 || (!isMapped && isForeign(this.project, type.symbol))) return 'Any';
    const isProxy = type.isIntersection() && type.types.some((each) => /^(?:RemoteProxy|PyroProxy)$/.test(each.symbol?.name));
    if (isProxy) return 'Any';
    const pythonClass = this.classes.classOf(type.symbol);
    if (pythonClass !== undefined) return this.classTexts.classText(pythonClass, type);
    const isNamed = symbol !== undefined && !symbol.name.startsWith('__') && !isForeign(this.project, symbol);
    const args = type.aliasSymbol ? (type.aliasTypeArguments ?? []) : argumentsOf(this.project, type);
    const suffix = isNamed ? args.map((each) => capitalized(this.textOf(each, 'result', hint))).join('') : '';
    if (suffix.length > MAX_SUFFIX_CHARS) return 'Any';
    const name = isNamed ? symbol.name + suffix : hint;
    const key = isNamed && args.length === 0 ? symbol : type;
    return this.named.directedNameOf(key, name, direction, (...added) => this.addRecord(type, members, ...added));
  }

  private addRecord(type: ts.Type, members: readonly ts.Symbol[], name: string, direction: Direction, resultName: string): void {
    const { ts, checker } = this.project;
    const fields: Record<string, FieldSignature> = {};
    this.named.types.set(name, { fields, ...docOf(this.project, type.symbol) });
    for (const member of members) {
      const isOptional = Boolean(member.flags & ts.SymbolFlags.Optional);
      const given = checker.getTypeOfSymbol(member);
      const own = isOptional ? checker.getNonNullableType(given) : given;
      const text = this.textOf(own, direction, resultName + capitalized(member.name));
      const isNullable = isOptional && given.isUnion() && given.types.some(({ flags }) => flags & ts.TypeFlags.Null);
      const shown = isNullable ? unionText([text, 'None']) : text;
      fields[member.name] = {
        type: direction === 'argument' ? readOnly(shown) : shown,
        required: !isOptional,
        ...docOf(this.project, member),
      };
    }
  }
}
