import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { anchorsOf, deadLinks, readLinks } from '../../../scripts/page-links.js';

describe('the links of a page', () => {
  it('the links of a page to other files of the project are found, with their lines', () => {
    const page = [
      '# [Title](a.md)',
      'A [link](b.md#part), [another](#here "with a title") and [`code`](../c).',
      '[Elsewhere](https://example.org/x.md) and [by mail](mailto:a@example.org).',
    ].join('\n');
    expect(readLinks(page)).toEqual([
      { line: 1, target: 'a.md' },
      { line: 2, target: 'b.md#part' },
      { line: 2, target: '#here' },
      { line: 2, target: '../c' },
    ]);
  });

  it('no links are found in code or in comments', () => {
    const page = ['`[a](b.md)`', '```ts', 'x[0](b.md)', '```', '<!-- given', '[a](b.md)', '-->', '[real](c.md)'].join('\n');
    expect(readLinks(page)).toEqual([{ line: 8, target: 'c.md' }]);
  });
});

it('anchors of headings are those of GitHub', () => {
  const page = [
    '# First steps',
    '## Guards, pipes & `PyroContext`',
    '### A [link](b.md)',
    '## What_is `this`? ##',
    '## First steps',
    '```sh',
    '# no heading',
    '```',
  ].join('\n');
  expect([...anchorsOf(page)]).toEqual(['first-steps', 'guards-pipes--pyrocontext', 'a-link', 'what_is-this', 'first-steps-1']);
});

describe('dead links', () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'pages-'));
    await mkdir(join(root, 'docs', 'adr'), { recursive: true });
    await writeFile(join(root, 'docs', 'other.md'), '# Other page\n');
  });
  afterEach(() => rm(root, { recursive: true }));

  const deadIn = async (text: string): Promise<string[]> => {
    await writeFile(join(root, 'docs', 'page.md'), `# Page\n${text}\n`);
    return deadLinks(root, ['docs/page.md']);
  };

  it('no dead link is found when file and heading exist', async () => {
    expect(await deadIn('[a](other.md) [b](other.md#other-page) [c](#page) [d](adr) [e](../docs/adr/)')).toEqual([]);
  });

  it.each([
    ['[a](another.md)', 'another.md: no such file'],
    ['[a](Other.md)', 'Other.md: no such file'],
    ['[a](other.md#nothing)', 'other.md#nothing: no such heading'],
    ['[a](#nothing)', '#nothing: no such heading'],
    ['[a](adr#nothing)', 'adr#nothing: only Markdown has headings'],
    ['[a](../../page.md)', '../../page.md: outside of the project'],
  ])('a dead link is reported with page and line: %s', async (text, message) => {
    expect(await deadIn(text)).toEqual([`docs/page.md, line 2: ${message}`]);
  });

  it('a source file that a map of the code names and that is not there is reported', async () => {
    await mkdir(join(root, 'lib', 'daemon'), { recursive: true });
    await writeFile(join(root, 'lib', 'daemon', 'daemon.ts'), '');
    await writeFile(join(root, 'docs', 'development.md'), '# Map\n`daemon/daemon.ts`, `daemon.ts` and\n`daemon/moved.ts`\n');
    expect(await deadLinks(root, ['docs/development.md'])).toEqual([
      'docs/development.md, line 3: daemon/moved.ts: no such file in the project, lib/ or test/',
    ]);
  });

  it('a file of tests that an audit names and that is not there is reported, also in a command and before the name of a test', async () => {
    await mkdir(join(root, 'test', 'unit'), { recursive: true });
    await mkdir(join(root, 'docs', 'audit'), { recursive: true });
    await writeFile(join(root, 'test', 'unit', 'here.test.ts'), '');
    const names = [
      'unit/here.test.ts',
      'unit/gone.test.ts',
      'npx vitest run test/unit/moved.test.ts',
      'unit/lost.test.ts > a test',
    ];
    await writeFile(join(root, 'docs', 'audit', 'page.md'), names.map((name) => `| a row | \`${name}\` |\n`).join(''));
    const missing = 'no such file in the project, lib/ or test/';
    expect(await deadLinks(root, ['docs/audit/page.md'])).toEqual([
      `docs/audit/page.md, line 2: unit/gone.test.ts: ${missing}`,
      `docs/audit/page.md, line 3: test/unit/moved.test.ts: ${missing}`,
      `docs/audit/page.md, line 4: unit/lost.test.ts: ${missing}`,
    ]);
  });
});
