/**
 * The use of a block. `server`: a program that keeps running. `client`: a program that runs to its end. `compiled`: code that is only
 * compiled.
 */
export type SnippetRole = 'server' | 'client' | 'compiled';

/** A fenced block of TypeScript or Python. */
export interface Snippet {
  role: SnippetRole;
  /** Other blocks of the page import it by this name. */
  file: string;
  language: 'ts' | 'python';
  /** Line of the opening fence, counted from 1. */
  line: number;
  /** The code of the block on the page, after the `given` code. */
  code: string;
  /** The expected output: the following block that is marked as output. */
  output?: string;
}

interface Marks {
  line: number;
  role?: SnippetRole;
  file?: string;
  given?: string;
  output?: true;
}

const MARK = /^<!-- (?:run: (?<role>server|client)|file: (?<file>[\w.-]+)|(?<output>output)) -->$/;
const GIVEN = '<!-- given';
const HIDDEN = /^<!-- hidden: (?<name>server|[\w.-]+\.ts)$/;
const ALMOST_MARK = /^<!--\s*(run|output|file|given|hidden)\b/i;
const FENCE = /^```(\w*)$/;
const EXTENSIONS = { ts: 'ts', python: 'py' } as const;
const LANGUAGES: Readonly<Record<string, Snippet['language'] | undefined>> = {
  ts: 'ts',
  typescript: 'ts',
  python: 'python',
  py: 'python',
};

/**
 * Reads the TypeScript and Python blocks of a Markdown page.
 *
 * HTML comments before a block, each on separate lines, say how the block is used:
 *
 * - `<!-- run: server -->`: a program that keeps running; `<!-- run: client -->`: a program that runs to its end, against the previous
 *   server, if any
 * - `<!-- output -->`, before a block of text: what the client before it prints
 * - `<!-- file: NAME -->`: the name by which other blocks of the page import it
 * - `<!-- hidden: server`, or `<!-- hidden: NAME`, lines of TypeScript, `-->`: a block that the page need not show at all
 * - `<!-- given`, lines of code, `-->`: what a block needs that the page need not show, such as imports and declarations
 *
 * A block that is not run is compiled.
 *
 * @throws {Error} that names the line when a mark has no block, is none of these, or stands before a language that cannot run
 */
export function readSnippets(markdown: string): Snippet[] {
  const lines = markdown.split('\n');
  const snippets: Snippet[] = [];
  let marks: Marks | undefined;
  let index = 0;
  while (index < lines.length) {
    const line = lines[index]!;
    if (FENCE.test(line)) {
      const block = blockAt(lines, index);
      take(snippets, marks, block);
      marks = undefined;
      index = block.end;
    } else if (line === GIVEN || HIDDEN.test(line)) {
      const end = lines.indexOf('-->', index);
      if (end < 0) throw new Error(`line ${index + 1}: "${line}" is not closed by a line "-->"`);
      const code = textOf(lines.slice(index + 1, end));
      if (line === GIVEN) marks = { line: index + 1, ...marks, given: code };
      else snippets.push(hiddenSnippet(HIDDEN.exec(line)!.groups!.name!, index + 1, code));
      index = end + 1;
    } else {
      const mark = MARK.exec(line)?.groups;
      if (mark) marks = { line: index + 1, ...marks, ...markOf(mark) };
      else if (ALMOST_MARK.test(line)) throw new Error(`line ${index + 1}: "${line}" is no mark of a block`);
      else if (line !== '' && marks) throw new Error(`line ${marks.line}: no fenced block follows the mark`);
      index += 1;
    }
  }
  if (marks) throw new Error(`line ${marks.line}: no fenced block follows the mark`);
  return snippets;
}

interface Block {
  tag: string;
  line: number;
  code: string;
  end: number;
}

function take(snippets: Snippet[], marks: Marks | undefined, { tag, line, code }: Block): void {
  if (marks?.output) {
    const client = snippets.at(-1);
    if (client?.role !== 'client') throw new Error(`line ${marks.line}: output without a client before it`);
    client.output = code;
    return;
  }
  const language = LANGUAGES[tag];
  if (language === undefined) {
    if (marks) throw new Error(`line ${line}: "${tag}" can neither be run nor compiled`);
    return;
  }
  snippets.push({
    role: marks?.role ?? 'compiled',
    file: marks?.file ?? `line-${line}.${EXTENSIONS[language]}`,
    language,
    line,
    code: (marks?.given ?? '') + code,
  });
}

function hiddenSnippet(name: string, line: number, code: string): Snippet {
  const isServer = name === 'server';
  return { role: isServer ? 'server' : 'compiled', file: isServer ? `line-${line}.ts` : name, language: 'ts', line, code };
}

function markOf({ role, file, output }: Record<string, string | undefined>): Omit<Marks, 'line'> {
  if (output) return { output: true };
  return role ? { role: role as SnippetRole } : { file: file! };
}

function blockAt(lines: readonly string[], start: number): Block {
  const close = lines.indexOf('```', start + 1);
  if (close < 0) throw new Error(`line ${start + 1}: the fenced block is not closed`);
  return { tag: FENCE.exec(lines[start]!)![1]!, line: start + 1, code: textOf(lines.slice(start + 1, close)), end: close + 1 };
}

function textOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}
