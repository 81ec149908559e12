import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';

/** A page of the site. */
export interface Guide {
  /** Below the root of the project, `docs/streams.md`. */
  file: string;
  /** The heading of the map under which it stands. */
  group: string;
}

const HEADING = /^## (?<group>.+)$/;
const LINK = /(?<!!)\[(?<text>(?:[^\]\\]|\\.)*)\]\((?<target>[^()\s]+)\)/g;
const FOLDER_PAGE = 'README.md';
const TITLE = /^# (?<title>.+)\n/;
const ELSEWHERE = /^(?:[a-z][a-z+.-]*:|#)/i;

/**
 * The pages that a map links to, each once, in its order. A link to a folder stands for all its pages, and for the page README.md of each
 * folder in it.
 *
 * @param map name of the map below `root`
 */
export async function guidesOf(root: string, map: string, markdown: string): Promise<Guide[]> {
  const guides = new Map<string, Guide>();
  let group = '';
  for (const line of markdown.split('\n')) {
    group = HEADING.exec(line)?.groups!.group ?? group;
    for (const { groups } of line.matchAll(LINK)) {
      if (ELSEWHERE.test(groups!.target!)) continue;
      const path = targetOf(map, groups!.target!);
      const files = path.endsWith('.md') ? [path] : await pagesIn(root, path);
      for (const file of files) if (!guides.has(file)) guides.set(file, { file, group });
    }
  }
  return [...guides.values()];
}

/**
 * A page in the form that typedoc reads: title and group at its top, and no links to files that the site does not have; their texts
 * stay.
 *
 * @param onSite whether the site has a file of the project
 * @throws {Error} when the page does not begin with a title
 */
export function siteDocument({ file, group }: Guide, markdown: string, onSite: (file: string) => boolean): string {
  const title = TITLE.exec(markdown)?.groups!.title;
  if (title === undefined) throw new Error(`${file} does not begin with a title`);
  return `---\ntitle: ${JSON.stringify(title)}\ngroup: ${JSON.stringify(group)}\n---\n\n${onlySiteLinks(file, markdown, onSite)}`;
}

/** A page whose links to files that the site does not have are plain text. A link to a folder leads to the page README.md in it. */
export function onlySiteLinks(file: string, markdown: string, onSite: (file: string) => boolean): string {
  return markdown.replace(LINK, (link, text: string, target: string) => {
    if (ELSEWHERE.test(target) || onSite(targetOf(file, target))) return link;
    return onSite(join(targetOf(file, target), FOLDER_PAGE)) ? `[${text}](${join(target, FOLDER_PAGE)})` : text;
  });
}

/** A page without its title. */
export function withoutTitle(markdown: string): string {
  return markdown.replace(TITLE, '');
}

async function pagesIn(root: string, folder: string): Promise<string[]> {
  const names = (await readdir(join(root, folder))).sort();
  const pages = names.map((name) => join(folder, name.endsWith('.md') ? name : join(name, FOLDER_PAGE)));
  const own = join(folder, FOLDER_PAGE);
  return [own, ...pages.filter((page) => page !== own)].filter((page) => existsSync(join(root, page)));
}

function targetOf(page: string, target: string): string {
  return normalize(join(dirname(page), target.split('#')[0]!)).replace(/\/$/, '');
}
