import type ts from 'typescript';
import type { Project } from './project.js';

/** True for members that travel: no methods, no accessors of classes, and nothing that is private. */
export function isData({ ts, checker }: Project, member: ts.Symbol): boolean {
  const isHidden = (member.declarations ?? []).some((each) => isHiddenDeclaration(ts, each));
  // an optional method is a union with undefined: `Partial<Step>`
  const type = checker.getNonNullableType(checker.getTypeOfSymbol(member));
  const isMethod = Boolean(member.flags & ts.SymbolFlags.Method) || type.getCallSignatures().length > 0;
  return !isHidden && !isMethod && !member.name.startsWith('__');
}

/** True for private members, and for accessors of classes: an instance has no value of its own there. */
function isHiddenDeclaration(compiler: Project['ts'], declaration: ts.Declaration): boolean {
  const { Private, Protected, Static } = compiler.ModifierFlags;
  const name = compiler.getNameOfDeclaration(declaration);
  const isAccessor = compiler.isAccessor(declaration) || compiler.isAutoAccessorPropertyDeclaration(declaration);
  return (
    (compiler.getCombinedModifierFlags(declaration) & (Private | Protected | Static)) !== 0 ||
    (name !== undefined && compiler.isPrivateIdentifier(name)) ||
    (isAccessor && compiler.isClassLike(declaration.parent))
  );
}

/**
 * True for an enum whose members are bits that a program combines: a member is written with `<<` or `|`, or all members are powers of two
 * and one of them is 4 or more. Other values than those of the members have the type of the enum, too.
 */
export function isBitEnum({ ts, checker }: Project, { members }: ts.EnumDeclaration): boolean {
  const values = members.map((member) => checker.getConstantValue(member));
  const isBits = (value: unknown): boolean => typeof value === 'number' && Number.isInteger(value) && value >= 0;
  if (!values.every(isBits)) return false;
  const { BarToken, LessThanLessThanToken } = ts.SyntaxKind;
  const isCombined = members.some(
    ({ initializer }) =>
      initializer !== undefined &&
      ts.isBinaryExpression(initializer) &&
      [BarToken, LessThanLessThanToken].includes(initializer.operatorToken.kind),
  );
  const bits = values.map(Number).filter((value) => value > 0);
  return isCombined || (bits.some((value) => value >= 4) && bits.every((value) => Number.isInteger(Math.log2(value))));
}

/** True for symbols of TypeScript's library and of Node's types. */
export function isForeign(project: Project, symbol: ts.Symbol): boolean {
  const files = (symbol.declarations ?? []).map((each) => each.getSourceFile());
  return files.length > 0 && files.every((file) => project.isForeign(file));
}

/** The type arguments of a type. */
export function argumentsOf({ ts, checker }: Project, type: ts.Type): readonly ts.Type[] {
  const isReference =
    (type.flags & ts.TypeFlags.Object) !== 0 && ((type as ts.ObjectType).objectFlags & ts.ObjectFlags.Reference) !== 0;
  // `this` of a class is the last one
  return isReference
    ? checker.getTypeArguments(type as ts.TypeReference).slice(0, (type as ts.TypeReference).target.typeParameters?.length ?? 0)
    : [];
}
