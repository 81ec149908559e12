import type ts from 'typescript';
import type { FieldSignature } from '../../daemon/contract/signatures.js';
import { decoratorsOf, literalOf, optionsOf, type SourceDecorator } from './decorators.js';
import { type Direction, fieldType } from './known-types.js';
import type { NamedTypes } from './named-types.js';
import { docOf, type Project } from './project.js';
import type { PythonClass, PythonClasses, PythonField } from './python-classes.js';
import { capitalized } from './python-texts.js';
import { textLiteral } from '../types/text-literal.js';
import { isData, isForeign } from './type-parts.js';

/** Makes the text of any type. */
type TextOf = (type: ts.Type, direction: Direction, hint: string) => string;

/** Makes the texts of classes and enums that are classes and enums of Python, too. */
export class PythonClassTexts {
  constructor(
    private readonly project: Project,
    private readonly classes: PythonClasses,
    private readonly named: NamedTypes,
    private readonly textOf: TextOf,
  ) {}

  /** A class with `@PyroClass`: exceptions are not told. */
  classText(source: PythonClass, type: ts.Type): string {
    const { checker } = this.project;
    if (['message', 'stack'].every((name) => type.getProperty(name))) return 'Any';
    const [base] = checker.getBaseTypes(checker.getDeclaredTypeOfSymbol(source.symbol) as ts.InterfaceType);
    const add = (name: string): void => this.addClass(source, type, base, name);
    return this.named.nameOf(source.symbol, this.classes.printedNames.get(source.name)!, add, true);
  }

  private addClass(source: PythonClass, type: ts.Type, base: ts.Type | undefined, name: string): void {
    const { checker } = this.project;
    const baseClass = this.classes.classOf(base?.symbol);
    const fields: Record<string, FieldSignature> = {};
    const style = this.classes.styleOf(source);
    const doc = docOf(this.project, source.symbol);
    const parent = baseClass && base && this.textOf(base, 'member', name);
    const isBased = parent !== undefined && parent !== 'Any';
    const parts = { ...doc, class: source.name, ...(style && { style }), ...(isBased && { base: parent }) };
    this.named.types.set(name, { fields, ...parts });
    const inherited = (isBased && baseClass && this.classes.fieldsOf(baseClass)) || [];
    const all = this.classes.fieldsOf(source) ?? this.dataFields(type);
    for (const { name: own, wireName, isOptional, type: told } of all) {
      const member = type.getProperty(own);
      if (member === undefined || inherited.some((each) => each.wireName === wireName)) continue;
      const given = checker.getNonNullableType(checker.getTypeOfSymbol(member));
      const text = told === undefined ? this.memberText(member, given, name) : this.optionText(told, name);
      fields[wireName] = { type: text, required: !isOptional, ...docOf(this.project, member) };
    }
  }

  private dataFields(type: ts.Type): PythonField[] {
    const { Optional } = this.project.ts.SymbolFlags;
    const members = type.getProperties().filter((member) => isData(this.project, member));
    return members.map(({ name, flags }) => ({ name, wireName: name, isOptional: Boolean(flags & Optional), type: undefined }));
  }

  private memberText(member: ts.Symbol, type: ts.Type, name: string): string {
    const decorators = (member.declarations ?? []).flatMap((each) => decoratorsOf(this.project, each));
    return this.ruledText(decorators) ?? this.textOf(type, 'member', name + capitalized(member.name));
  }

  /** The type that a rule of class-validator tells. An enum counts if it is registered. */
  private ruledText(decorators: readonly SourceDecorator[]): string | undefined {
    const rule = decorators.find(({ name }) => ['IsInt', 'IsUUID', 'IsEnum'].includes(name));
    const [given] = rule?.args ?? [];
    const symbol = rule?.name === 'IsEnum' && given ? this.classes.symbolOf(given) : undefined;
    const enumName = this.classes.enumOf(symbol);
    const enumText = enumName === undefined ? undefined : this.enumClassText(symbol!, enumName);
    const text = rule?.name === 'IsInt' ? 'int' : rule?.name === 'IsUUID' ? 'UUID' : enumText;
    if (rule === undefined || text === undefined) return undefined;
    return optionsOf(this.project, rule, '')['each'] === true ? `list[${text}]` : text;
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
    const scalar = fieldType(symbol.name);
    if (scalar !== undefined && isForeign(this.project, symbol)) return scalar;
    const enumName = this.classes.enumOf(symbol);
    if (enumName !== undefined) return this.enumClassText(symbol, enumName);
    return symbol.flags & ts.SymbolFlags.Class ? this.textOf(checker.getDeclaredTypeOfSymbol(symbol), 'member', hint) : 'Any';
  }

  /** An enum whose values travel as members of a Python Enum. */
  enumClassText(symbol: ts.Symbol, pythonName: string): string {
    const { ts, checker } = this.project;
    const members: Record<string, string | number> = {};
    for (const member of symbol.declarations?.find((each) => ts.isEnumDeclaration(each))?.members ?? []) {
      const value = checker.getConstantValue(member);
      if (value !== undefined && 'text' in member.name) members[member.name.text] = value;
    }
    const values = Object.values(members).map((value) => (typeof value === 'string' ? textLiteral(value) : String(value)));
    const alias = `Literal[${values.join(', ')}]`;
    const add = (name: string): void => void this.named.types.set(name, { alias, class: pythonName, members });
    return this.named.nameOf(checker.getDeclaredTypeOfSymbol(symbol), this.classes.printedNames.get(pythonName)!, add, true);
  }
}
