import type ts from 'typescript';
import type { Project } from './project.js';

/** True for members that travel: no methods, and nothing that is private. */
export function isData({ ts, checker }: Project, member: ts.Symbol): boolean {
  const hidden = ts.ModifierFlags.Private | ts.ModifierFlags.Protected | ts.ModifierFlags.Static;
  const isHidden = (member.declarations ?? []).some((each) => ts.getCombinedModifierFlags(each) & hidden);
  const isMethod =
    Boolean(member.flags & ts.SymbolFlags.Method) || checker.getTypeOfSymbol(member).getCallSignatures().length > 0;
  return !isHidden && !isMethod && !member.name.startsWith('__');
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

/** The doc comment of a symbol, where it has one. */
export function docOf({ ts, checker }: Project, symbol: ts.Symbol | undefined): { doc?: string } {
  const doc = ts.displayPartsToString(symbol?.getDocumentationComment(checker));
  return doc === '' ? {} : { doc };
}
