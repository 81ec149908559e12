import type { TestReport } from './test-report.js';

/** A row of a table: something of Python's or of Nest's, and its counterpart in this project. */
export interface Claim {
  /** Names of Python; `*` stands for any letters. */
  names: string[];
  /** Tests of this project: `file > describe > test`. */
  tests: string[];
  /** True when the last cell says more than names of tests: a reason, or what differs. */
  hasText: boolean;
  /** Counted from 1. */
  line: number;
}

const HEADING = /^#+ (.*)$/;
const PYTHON_FILE = /^\w+\.py$/;
const DEFAULT_FILE = /^Tests without a file are those of `([^`]+)`/;
const ROW = /^\|(.+)\|$/;
const RULE = /^[\s|:-]+$/;
const CODE = /`([^`]+)`/g;
const TEST = /^(?:(?:unit|interop|e2e|fuzz)\/[\w./-]+\.test\.ts)? ?> /;

/** Shorthands for tests that run with each serializer, or in each kind of Nest application. */
const SHORTHANDS: Readonly<Record<string, string>> = {
  '{each}': '{serpent,marshal,json,msgpack}',
  '{way}': '{hybrid,standalone,testing,testing standalone}',
};

/**
 * Reads the tables whose first column has a title.
 *
 * The first cell of a row has the names of Python, without the `file.py::` of the section's heading. In the other cells, text between
 * backticks of the form `file > describe > test` is a test of this project. The file is relative to test/; a test without a file belongs to
 * the file that the section names. `{a,b}` in a name stands for both, `{each}` for every serializer, `{way}` for every kind of application.
 *
 * @param title of the first column; other tables are passed over
 */
export function readClaims(page: string, title: string): Claim[] {
  return rowsOf(page, title).map(({ first, others, prefix, file, line }) => {
    const { names, ...rest } = claimOf(first, others, file);
    return { names: names.map((name) => prefix + name), ...rest, line };
  });
}

/** A row of a table whose first column has the title that was asked for. */
interface Row {
  first: string;
  others: string[];
  /** Prefix of the names of Python. */
  prefix: string;
  /** The file of tests that name no file. */
  file: string;
  line: number;
}

function rowsOf(page: string, title: string): Row[] {
  const rows: Row[] = [];
  let [prefix, file] = ['', ''];
  let inTable = false;
  for (const [index, line] of page.split('\n').entries()) {
    const heading = HEADING.exec(line)?.[1];
    if (heading !== undefined) [prefix, file] = [PYTHON_FILE.test(heading) ? `${heading}::` : '', ''];
    file = DEFAULT_FILE.exec(line)?.[1]!.replace(/^test\//, '') ?? file;
    const row = ROW.exec(line)?.[1];
    if (row === undefined) {
      inTable = false;
      continue;
    }
    const [first = '', ...others] = row.split(/(?<!\\)\|/).map((cell) => cell.trim());
    if (first === title) inTable = true;
    else if (inTable && !RULE.test(row)) rows.push({ first, others, prefix, file, line: index + 1 });
  }
  return rows;
}

/**
 * Finds the reasons that are no sentence: placeholders and single words.
 *
 * A sentence has at least three words, begins with a capital letter or with code, and ends with a full stop.
 *
 * @param title title of the first column, as for {@link readClaims}
 */
export function unfinishedReasons(page: string, title: string): string[] {
  return rowsOf(page, title).flatMap(({ others, line }) => {
    const reason = reasonIn(others);
    // a sentence may introduce the tests that follow: `It tells where it listens: `
    const sentence = (others.at(-1) ?? '').includes('`') ? reason.replace(/:$/, '.') : reason;
    return reason === '' || isSentence(sentence)
      ? []
      : [`line ${line}: the reason ${JSON.stringify(reason)} is no full sentence`];
  });
}

/** The last cell without its tests. */
function reasonIn(others: readonly string[]): string {
  const last = others.at(-1) ?? '';
  const tests = codeOf(last).filter((code) => TEST.test(code.replaceAll(String.raw`\|`, '|')));
  return tests
    .reduce((text, code) => text.replace(`\`${code}\``, ''), last)
    .replaceAll('<br>', ' ')
    .trim();
}

function isSentence(text: string): boolean {
  const words = text.split(/\s+/).filter((word) => /\w/.test(word));
  return words.length >= 3 && /^[\p{Lu}`"(]/u.test(text) && /[.!?][)"`]?$/.test(text);
}

function claimOf(first: string, others: readonly string[], file: string): Omit<Claim, 'line'> {
  const codes = others.flatMap((cell) => codeOf(cell).map((code) => code.replaceAll(String.raw`\|`, '|')));
  const named = codes.filter((code) => TEST.test(code));
  const rest = named.reduce((text, code) => text.replace(`\`${code}\``, ''), others.at(-1) ?? '');
  const tests = named.map((code) => (code.startsWith('>') ? `${file} ${code}` : code)).flatMap(expanded);
  return { names: codeOf(first), tests, hasText: /\w/.test(rest) };
}

function codeOf(cell: string): string[] {
  return [...cell.matchAll(CODE)].map((match) => match[1]!);
}

function expanded(text: string): string[] {
  const plain = Object.entries(SHORTHANDS).reduce((all, [from, to]) => all.replaceAll(from, to), text);
  const match = /\{([^{}]+,[^{}]+)\}/.exec(plain);
  if (match === null) return [plain];
  return match[1]!.split(',').flatMap((choice) => expanded(plain.replace(match[0], choice)));
}

/**
 * The faults of claims: names without a row, rows for unknown names, rows without a test or a reason, and tests that do not exist or did
 * not pass.
 *
 * @param names all names that must have a row; undefined: there is no list of names, and rows are reported by their lines
 */
export function faultsOf(claims: readonly Claim[], names: readonly string[] | undefined, report: TestReport): string[] {
  const faults: string[] = [];
  const claimed = new Set<string>();
  for (const { names: patterns, tests, hasText, line } of claims) {
    if (names && patterns.length === 0) faults.push(`line ${line}: the first cell names nothing between backticks`);
    for (const pattern of names ? patterns : []) {
      const matches = names!.filter(matcherOf(pattern));
      if (matches.length === 0) faults.push(`line ${line}: ${pattern} is not there in Python (any more)`);
      for (const name of matches) claimed.add(name);
    }
    if (tests.length === 0 && !hasText)
      faults.push(`line ${line}: ${names ? patterns.join(', ') : 'the row'} has neither a test nor a reason`);
    for (const test of tests) {
      const outcome = report.outcomeOf(test);
      if (outcome !== 'passed') faults.push(`line ${line}: ${test}: ${outcome ?? 'there is no such test in the report'}`);
    }
  }
  return [...faults, ...(names ?? []).filter((name) => !claimed.has(name)).map((name) => `${name} has no row`)];
}

/** Rows that no test with a Python peer shows, and that do not say why. */
export function withoutPeer(claims: readonly Claim[]): string[] {
  return claims
    .filter(({ tests, hasText }) => !hasText && !tests.some((test) => test.startsWith('interop/')))
    .map(({ names, line }) => `line ${line}: ${names.join(', ')}: no test with Python as the peer, and no reason why`);
}

function matcherOf(pattern: string): (name: string) => boolean {
  if (!pattern.includes('*')) return (name) => name === pattern;
  const parts = pattern.split('*').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
  const expression = new RegExp(`^${parts.join('.*')}$`);
  return (name) => expression.test(name);
}
