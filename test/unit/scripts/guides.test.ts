import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { guidesOf, onlySiteLinks, siteDocument, withoutTitle } from '../../../scripts/site/guides.js';

it('a map names pages, and folders with their pages and the pages of their folders', async () => {
  const root = await mkdtemp(join(tmpdir(), 'guides-'));
  try {
    for (const folder of ['docs/adr', 'sample/01-a', 'sample/02-b', 'sample/03-empty'])
      await mkdir(join(root, folder), { recursive: true });
    for (const file of ['docs/adr/0001.md', 'sample/README.md', 'sample/01-a/README.md', 'sample/02-b/README.md'])
      await writeFile(join(root, file), '# Title\n');
    const map =
      '## Start\n- [one](one.md), [again](one.md#part), [elsewhere](https://nestjs.com)\n## More\n[d](adr) [s](../sample)';
    expect(await guidesOf(root, 'docs/README.md', map)).toEqual([
      { file: 'docs/one.md', group: 'Start' },
      ...['docs/adr/0001.md', 'sample/README.md', 'sample/01-a/README.md', 'sample/02-b/README.md'].map((file) => ({
        file,
        group: 'More',
      })),
    ]);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
});

it('links of a page of the site lead to its pages, also links to folders; the texts of others stay', () => {
  const files = new Set(['docs/a.md', 'sample/01-a/README.md']);
  const page = '[a](a.md#part) [sample](../sample/01-a) [test](../test/a.ts) [nest](https://nestjs.com)';
  expect(onlySiteLinks('docs/b.md', page, (file) => files.has(file))).toBe(
    '[a](a.md#part) [sample](../sample/01-a/README.md) test [nest](https://nestjs.com)',
  );
});

it('a page of the site has title and group at its top, and must have a title', () => {
  const guide = { file: 'docs/a.md', group: 'Start' };
  expect(siteDocument(guide, '# A "b"\n\nText\n', () => true)).toBe(
    '---\ntitle: "A \\"b\\""\ngroup: "Start"\n---\n\n# A "b"\n\nText\n',
  );
  expect(() => siteDocument(guide, 'Text', () => true)).toThrow('docs/a.md does not begin with a title');
  expect(withoutTitle('# Title\n\nText\n')).toBe('\nText\n');
});
