import { expect, it } from 'vitest';
import { hardToRead, PAGE_GROUPS, readabilityOf, sentencesOf } from '../../../scripts/readability.js';

const PAGE = `# A title is no sentence

<!-- a comment is none -->
The server answers. [It](a.md) waits for \`a b. C\` calls.

| a cell | of a table is none |

- An item is a sentence
  over two lines.

\`\`\`ts
const code = 'Is no sentence either.';
\`\`\`
`;

it('sentences are those of paragraphs and list items, without code, tables, headings and comments', () => {
  expect(sentencesOf(PAGE)).toEqual([
    'The server answers.',
    'It waits for `code` calls.',
    'An item is a sentence over two lines.',
  ]);
});

it('a page is measured by words in a sentence, long sentences and sentences that begin with a pronoun', () => {
  const long = `Word${' word'.repeat(25)}. This page is named.`;
  expect(readabilityOf([PAGE, long])).toEqual({ sentences: 5, words: (3 + 5 + 8 + 26 + 4) / 5, long: 20, pointing: 20 });
});

it('a group whose pages are over its limits is told by figure and limit', () => {
  const [group] = PAGE_GROUPS;
  const limits = { words: 10, long: 5, pointing: 5 };
  expect(hardToRead({ ...group!, name: 'guides', limits }, { sentences: 9, words: 10.26, long: 5, pointing: 6 })).toEqual([
    'guides: words in a sentence 10.3, at most 10',
    'guides: percent of sentences that begin with a pronoun 6.0, at most 5',
  ]);
});
