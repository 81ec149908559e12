/** What a fenced block is to its example. */
export type SnippetRole = 'server' | 'client' | 'types';

/** A fenced block with a mark before it. */
export interface Snippet {
  role: SnippetRole;
  language: 'ts' | 'python';
  /** Line of the opening fence, counted from 1. */
  line: number;
  code: string;
  /** What it must print: the block marked as output that follows it. */
  output?: string;
}

const MARK = /^<!-- (run: (?<role>server|client|types)|(?<output>output)) -->$/;
const ALMOST_MARK = /^<!--\s*(run|output)\b/i;
const FENCE = /^```(\w*)$/;
const LANGUAGES: Readonly<Record<string, Snippet['language'] | undefined>> = {
  ts: 'ts',
  typescript: 'ts',
  python: 'python',
  py: 'python',
};

/**
 * Reads the runnable blocks of a Markdown page.
 *
 * A block is marked by an HTML comment of its own line before it: `<!-- run: server -->` (a program that runs on), `<!-- run: client -->`
 * (one that runs to its end, against the server before it if there is one), `<!-- run: types -->` (TypeScript that is only compiled), and
 * `<!-- output -->`: what the client before it prints.
 *
 * @throws {Error} that names the line when a mark has no block, a role it does not know or a language that cannot run
 */
export function readSnippets(markdown: string): Snippet[] {
  const lines = markdown.split('\n');
  const snippets: Snippet[] = [];
  let index = 0;
  while (index < lines.length) {
    const mark = MARK.exec(lines[index]!);
    if (mark === null) {
      if (ALMOST_MARK.test(lines[index]!)) throw new Error(`line ${index + 1}: "${lines[index]}" is no mark of a runnable block`);
      // an unmarked block is passed over as a whole: it may show a mark
      index = FENCE.test(lines[index]!) ? blockAt(lines, index).end : index + 1;
      continue;
    }
    const markLine = index + 1;
    index += 1;
    while (lines[index] === '') index += 1;
    if (index >= lines.length || !FENCE.test(lines[index]!))
      throw new Error(`line ${markLine}: no fenced block follows the mark`);
    const { language: tag, code, end } = blockAt(lines, index);
    if (mark.groups!.output) {
      const client = snippets.at(-1);
      if (client?.role !== 'client') throw new Error(`line ${markLine}: output without a client before it`);
      client.output = code;
    } else {
      const language = LANGUAGES[tag];
      const role = mark.groups!.role as SnippetRole;
      if (language === undefined || (role === 'types' && language !== 'ts'))
        throw new Error(`line ${index + 1}: cannot run "${tag}" as ${role}`);
      snippets.push({ role, language, line: index + 1, code });
    }
    index = end;
  }
  return snippets;
}

function blockAt(lines: readonly string[], start: number): { language: string; code: string; end: number } {
  const close = lines.indexOf('```', start + 1);
  if (close < 0) throw new Error(`line ${start + 1}: the fenced block is not closed`);
  const code = lines.slice(start + 1, close).map((line) => `${line}\n`);
  return { language: FENCE.exec(lines[start]!)![1]!, code: code.join(''), end: close + 1 };
}
