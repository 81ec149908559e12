import ts from 'typescript';

/** The title of a test, as its file has it: placeholders are not filled in. */
export interface TestTitle {
  title: string;
  /** Counted from 1. */
  line: number;
}

const TEST_FUNCTIONS = new Set(['it', 'test']);
/** `%s`, `%.20s`, `%#`, `$name.member` and `${name}`. */
const PLACEHOLDER = /%(?:\.\d+)?[a-zA-Z#$]|\$\{[^}]*\}|\$[\w.]+/g;
/** A placeholder in front of the sentence, as in `%s: a list is read`. */
const LABEL = new RegExp(`^(?:(?:${PLACEHOLDER.source}),? ?)+: `);
const FIRST_WORD = /^[A-Za-z]+(?=[\s,:]|$)/;

/** Words that need a word before them. */
const PREPOSITIONS = new Set(['of', 'that', 'over', 'after', 'with', 'by', 'from']);
const PRONOUNS = new Set(['it', 'its', 'they', 'their', 'them', 'also', 'so']);
const AUXILIARIES = new Set(
  'is are was were has have had does do did can cannot could may might must shall should will would'.split(' '),
);
/** Verbs in whose place no test title has a noun in the plural. */
const VERBS = new Set(
  (
    'accepts adds admits allows applies arrives asks becomes begins belongs binds brings carries comes compares compresses connects ' +
    'contains converts counts creates decides decodes delivers depends detects disconnects disposes drains emits encodes enters excludes ' +
    'expects exposes fails fetches fills finds finishes follows forgets forwards frees gets gives goes hides holds ignores includes ' +
    'inherits injects keeps knows learns leaves lets listens locates loses makes merges obeys opens parses passes ' +
    'prefers prevents produces provides puts raises reaches receives recognises recognizes refuses rejects remembers removes renders ' +
    'replaces resolves restores resumes retries says sees sends serves shuts skips speaks spends survives takes tells throws ' +
    'translates treats tries understands unregisters unsubscribes unwraps validates wakes warns wins works wraps'
  ).split(' '),
);
/** Words that follow a verb and no noun: `limits the objects`, but not `limits of objects`. */
const OBJECT = /^[a-z]+s (?:the|an?|it|its|them|their|itself|themselves|nothing|nobody|every|what|whether|until)\b/;

/** The titles of the tests of a file: of calls of Vitest's `it` and `test`. Titles that a variable holds are left out. */
export function testTitlesOf(file: string, text: string): TestTitle[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest);
  const names = namesOfVitest(source);
  const titles: TestTitle[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && node.arguments.length > 1 && names.has(calledName(node.expression))) {
      const title = textOf(node.arguments[0]!, source);
      if (title !== undefined) titles.push({ title, line: source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1 });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return titles;
}

/**
 * Why a title cannot be read without the `describe` around it; undefined when nothing is wrong with its beginning.
 *
 * A title begins with its subject. A title that begins with a finite verb, with a preposition, or with a pronoun has its subject in
 * `describe`, and so has a title without words.
 */
export function unreadableTitle(title: string): string | undefined {
  if (!/[A-Za-z]/.test(title.replaceAll(PLACEHOLDER, ''))) return 'is only a placeholder';
  const sentence = title.replace(LABEL, '');
  const first = FIRST_WORD.exec(sentence)?.[0];
  if (first === undefined) return undefined;
  if (AUXILIARIES.has(first) || VERBS.has(first) || OBJECT.test(sentence)) return `begins with the verb "${first}"`;
  if (PREPOSITIONS.has(first)) return `begins with "${first}"`;
  if (PRONOUNS.has(first)) return `begins with "${first}", which stands for the title of its describe`;
  return undefined;
}

/** The names under which a file has imported `it` and `test` of Vitest. */
function namesOfVitest(source: ts.SourceFile): Set<string> {
  const names = new Set<string>();
  for (const statement of source.statements) {
    if (!ts.isImportDeclaration(statement) || (statement.moduleSpecifier as ts.StringLiteral).text !== 'vitest') continue;
    const bindings = statement.importClause?.namedBindings;
    if (!bindings || !ts.isNamedImports(bindings)) continue;
    for (const { name, propertyName } of bindings.elements)
      if (TEST_FUNCTIONS.has((propertyName ?? name).text)) names.add(name.text);
  }
  return names;
}

/** `it` of `it(…)`, `it.each(…)(…)`, `` it.each`…`(…) `` and `it.skipIf(…)(…)`. */
function calledName(called: ts.Expression): string {
  if (ts.isIdentifier(called)) return called.text;
  if (ts.isCallExpression(called) || ts.isPropertyAccessExpression(called)) return calledName(called.expression);
  return ts.isTaggedTemplateExpression(called) ? calledName(called.tag) : '';
}

function textOf(title: ts.Expression, source: ts.SourceFile): string | undefined {
  if (ts.isStringLiteralLike(title)) return title.text;
  return ts.isTemplateExpression(title) ? title.getText(source).slice(1, -1) : undefined;
}
