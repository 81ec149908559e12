import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import ts from 'typescript';

/** The errors that peers send to each other, and the functions that make some of them. */
const REMOTE_ERRORS =
  /^(?:(?:Communication|ConnectionClosed|Timeout|Security|Naming|Daemon|Protocol|Serialize|Pyro)Error|RequestRefusal|pythonTypeError|attributeError|valueError)$/;

/** An error that the library makes. */
interface ThrownText {
  /** The file, from `lib/` on. */
  readonly file: string;
  /** `…` stands for the parts that change. */
  readonly text: string;
}

/**
 * The texts of the errors of Pyro that the files of some folders make: those that stand in the call of the error, or in a constant of the
 * same file.
 *
 * @param folders below `lib`
 */
export async function thrownTexts(lib: string, folders: readonly string[]): Promise<ThrownText[]> {
  const names = await readdir(lib, { recursive: true });
  const files = names.filter((name) => name.endsWith('.ts') && folders.some((folder) => name.startsWith(`${folder}/`)));
  const texts = await Promise.all(files.map(async (file) => textsOf(file, await readFile(join(lib, file), 'utf8'))));
  return texts.flat();
}

function textsOf(file: string, source: string): ThrownText[] {
  const parsed = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true);
  const constants = new Map<string, ts.Expression>();
  const errors: ts.Expression[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isVariableDeclaration(node) && node.initializer !== undefined) constants.set(node.name.getText(), node.initializer);
    if ((ts.isNewExpression(node) || ts.isCallExpression(node)) && REMOTE_ERRORS.test(node.expression.getText()))
      errors.push(...(node.arguments ?? []));
    ts.forEachChild(node, visit);
  };
  visit(parsed);
  const found = errors.flatMap((given) => alternatives(given, constants));
  // the other arguments of an error are a code, options or a variable of another function
  return [...new Set(found)].filter((text) => / \w/.test(text.replaceAll('…', ''))).map((text) => ({ file, text }));
}

/** The texts that an expression may have. */
function alternatives(node: ts.Expression, constants: ReadonlyMap<string, ts.Expression>): string[] {
  if (ts.isStringLiteralLike(node)) return [node.text];
  if (ts.isTemplateExpression(node)) {
    return [`${node.head.text}${node.templateSpans.map(({ literal }) => `…${literal.text}`).join('')}`];
  }
  if (ts.isConditionalExpression(node)) return [node.whenTrue, node.whenFalse].flatMap((each) => alternatives(each, constants));
  if (ts.isParenthesizedExpression(node)) return alternatives(node.expression, constants);
  const named = ts.isIdentifier(node) ? constants.get(node.text) : undefined;
  return named === undefined || named === node ? [] : alternatives(named, new Map());
}
