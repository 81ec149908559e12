import { docLines } from './doc-comment.js';
import { unquoted } from '../../objects/python-type.js';

/** The package `@lezer/python`. */
export type PythonParser = typeof import('@lezer/python');

/** A node of the tree that the parser makes of a source. */
export type SyntaxNode = ReturnType<PythonParser['parser']['parse']>['topNode'];

/** A definition of a class or function, with its decorators. */
export interface Definition {
  readonly node: SyntaxNode;
  readonly name: string;
  /** Their texts without `@`: `Pyro5.api.expose`, `dataclass(frozen=True)`. */
  readonly decorators: readonly string[];
}

/** The nodes in a node, without comments. */
export function childrenOf(node: SyntaxNode): SyntaxNode[] {
  const children: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) if (child.name !== 'Comment') children.push(child);
  return children;
}

/**
 * The node and all nodes in it, except those in functions, classes and lambdas below it if `isShallow`. An expression may have thousands of
 * nodes inside each other: `'a' + 'b' + …`
 */
export function* nodesIn(node: SyntaxNode, isShallow = false): Iterable<SyntaxNode> {
  const open = [node];
  for (let each = open.pop(); each !== undefined; each = open.pop()) {
    yield each;
    const below = childrenOf(each).filter(
      ({ name }) => !isShallow || !/^(?:Function|Class)Definition$|^LambdaExpression$/.test(name),
    );
    open.push(...below.reverse());
  }
}

/** Nodes whose statements belong to the class or function around them. */
const BLOCKS = new Set(['Body', 'IfStatement', 'TryStatement', 'WithStatement', 'StatementGroup']);

export class PythonSource {
  readonly root: SyntaxNode;

  constructor(
    private readonly text: string,
    { parser }: PythonParser,
  ) {
    this.root = parser.parse(text).topNode;
  }

  textOf({ from, to }: { from: number; to: number }): string {
    return this.text.slice(from, to);
  }

  /** A definition of a class or function; undefined when its name is missing. */
  definition(node: SyntaxNode): Definition | undefined {
    const name = node.getChild('VariableName');
    if (name === null) return undefined;
    const decorators = node.parent?.name === 'DecoratedStatement' ? node.parent.getChildren('Decorator') : [];
    return { node, name: this.textOf(name), decorators: decorators.map((each) => this.textOf(each).replace(/^@\s*/, '').trim()) };
  }

  /** The statements in the body of a definition, also those under `if` and `try`; a decorated one stands for its definition. */
  statements({ node }: Definition): SyntaxNode[] {
    const statements: SyntaxNode[] = [];
    const open = node.getChildren('Body').reverse();
    for (let each = open.pop(); each !== undefined; each = open.pop()) {
      if (BLOCKS.has(each.name)) open.push(...childrenOf(each).reverse());
      else statements.push(each.name === 'DecoratedStatement' ? childrenOf(each).at(-1)! : each);
    }
    return statements;
  }

  /** The doc of a definition: a text that is its first statement. */
  docOf(definition: Definition): { doc?: string } {
    const [first] = this.statements(definition).filter(({ name }) => name !== ':');
    const literal = first?.name === 'ExpressionStatement' ? first.getChild('String') : null;
    return literal === null ? {} : { doc: docLines(this.stringOf(literal)).join('\n') };
  }

  /** The text that a string literal stands for. */
  stringOf(node: SyntaxNode): string {
    const [, prefix = '', quotes = '"', content = ''] = /^([a-z]*)("""|'''|"|')([^]*)\2$/i.exec(this.textOf(node)) ?? [];
    return /r/i.test(prefix) ? content : unquoted(quotes + content + quotes, quotes.length);
  }

  /** The text of an annotation, `: int` or `-> int`. */
  annotationOf(node: SyntaxNode | null): string | undefined {
    return node === null ? undefined : this.textOf(node).replace(/^(?:->|:)\s*/, '');
  }
}
