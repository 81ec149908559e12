import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';

/** A link to a file of the project, or to a heading. */
export interface Link {
  /** Counted from 1. */
  line: number;
  /** As it is written, `file.md#heading`; either part may be missing. */
  target: string;
}

const LINK = /\[(?:[^\]\\]|\\.)*\]\((?<target>[^()\s]+)(?: "[^"]*")?\)/g;
/** A source file that a page names in code, such as `daemon/call/reply.ts`. */
const FILE_NAME = /`(?<target>(?:[\w.-]+\/)+[\w-]+(?:\.[\w-]+)*\.(?:ts|py))`/g;
/** A file of tests in code, alone, in a command or before the name of a test. */
const TEST_FILE = /(?<target>(?:[\w.-]+\/)+[\w.-]+\.test\.ts)/g;
/** Pages that name files of tests. */
const AUDITS = /^docs\/audit\//;
/** Pages that name files of the code, and the folders that these names begin in. */
const MAPS = ['docs/development.md', 'docs/threat-model.md'];
const MAPPED_FOLDERS = ['', 'lib', 'test'];
const ELSEWHERE = /^[a-z][a-z+.-]*:/i;
const HEADING = /^#{1,6} +(?<text>.*?)(?: +#+)?$/;

/** Links of a Markdown page to other files and headings of the project. Links in code are ignored. */
export function readLinks(markdown: string): Link[] {
  return prose(markdown).flatMap((text, index) =>
    [...text.replace(/`[^`]*`/g, '``').matchAll(LINK)]
      .map((match) => ({ line: index + 1, target: match.groups!.target! }))
      .filter(({ target }) => !ELSEWHERE.test(target)),
  );
}

/** Source files that a page names in code, with their folders. */
export function readFileNames(markdown: string): Link[] {
  return namesIn(prose(markdown), FILE_NAME);
}

/** Files of tests that a page names in code, with their folders. */
export function readTestFiles(markdown: string): Link[] {
  return namesIn(
    prose(markdown).map((text) => (text.match(/`[^`]*`/g) ?? []).join(' ')),
    TEST_FILE,
  );
}

function namesIn(lines: readonly string[], pattern: RegExp): Link[] {
  return lines.flatMap((text, index) =>
    [...text.matchAll(pattern)].map((match) => ({ line: index + 1, target: match.groups!.target! })),
  );
}

/** The texts that a link may have after its `#`: the anchors that GitHub makes of the headings of a page. */
export function anchorsOf(markdown: string): Set<string> {
  const anchors = new Set<string>();
  for (const line of prose(markdown)) {
    const heading = HEADING.exec(line)?.groups!.text;
    if (heading === undefined) continue;
    const plain = heading.replace(LINK, (link) => link.slice(1, link.indexOf('](')));
    const slug = plain
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\p{M}\p{Pc} -]/gu, '')
      .replaceAll(' ', '-');
    let anchor = slug;
    for (let again = 1; anchors.has(anchor); again++) anchor = `${slug}-${again}`;
    anchors.add(anchor);
  }
  return anchors;
}

/**
 * Reports dead links of the pages, and files that do not exist: source files that maps of the code name, and files of tests that audits name.
 *
 * @param pages names below `root`
 */
export async function deadLinks(root: string, pages: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const page of pages) {
    const text = await readFile(join(root, page), 'utf8');
    for (const { line, target } of readLinks(text)) {
      const reason = await whyDead(root, page, target);
      if (reason !== undefined) found.push(`${page}, line ${line}: ${target}: ${reason}`);
    }
    const files = MAPS.includes(page) ? readFileNames(text) : AUDITS.test(page) ? readTestFiles(text) : [];
    for (const { line, target } of files) {
      const inFolders = await Promise.all(MAPPED_FOLDERS.map((folder) => exists(root, join(folder, target))));
      if (!inFolders.includes(true)) found.push(`${page}, line ${line}: ${target}: no such file in the project, lib/ or test/`);
    }
  }
  return found;
}

async function whyDead(root: string, page: string, target: string): Promise<string | undefined> {
  const [path, anchor] = decodeURI(target).split('#') as [string, string?];
  const file = path === '' ? page : normalize(join(dirname(page), path));
  if (file.startsWith('..')) return 'outside of the project';
  if (!(await exists(root, file))) return 'no such file';
  if (anchor === undefined) return undefined;
  if (!file.endsWith('.md')) return 'only Markdown has headings';
  return anchorsOf(await readFile(join(root, file), 'utf8')).has(anchor) ? undefined : 'no such heading';
}

/** Upper and lower case count, on every file system. */
async function exists(root: string, file: string): Promise<boolean> {
  let folder = root;
  for (const name of file.split('/').filter((part) => part !== '' && part !== '.')) {
    const names = await readdir(folder).catch(() => [] as string[]);
    if (!names.includes(name)) return false;
    folder = join(folder, name);
  }
  return true;
}

/** Lines outside of fenced blocks and comments; the others are empty. */
function prose(markdown: string): string[] {
  let fence: string | undefined;
  let isComment = false;
  return markdown.split('\n').map((line) => {
    if (fence !== undefined) {
      if (line.trim() === fence) fence = undefined;
      return '';
    }
    if (isComment || line.startsWith('<!--')) {
      isComment = !line.includes('-->');
      return '';
    }
    fence = /^\s*(?<marker>`{3,})/.exec(line)?.groups!.marker;
    return fence === undefined ? line : '';
  });
}
