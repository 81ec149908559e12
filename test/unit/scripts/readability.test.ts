import { expect, it } from 'vitest';
import {
  hardToRead,
  MAX_GUIDE_WORDS,
  PAGE_GROUPS,
  readabilityOf,
  sentencesOf,
  tooLong,
  wordsOf,
} from '../../../scripts/readability.js';

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

it('the words of a page are those outside of code blocks and comments, and code in a line is one word', () => {
  expect(wordsOf(PAGE)).toBe(5 + 3 + 5 + 7 + 8);
});

it('a guide of more than 900 words is told, and a page in which people search is not', () => {
  const longest = 'word '.repeat(MAX_GUIDE_WORDS);
  expect(tooLong('docs/streams.md', longest)).toEqual([]);
  expect(tooLong('docs/streams.md', `${longest} more`)).toEqual([
    expect.stringContaining('docs/streams.md: 901 words, at most 900'),
  ]);
  for (const page of ['docs/options.md', 'docs/adr/0001-frames.md', 'README.md'])
    expect(tooLong(page, longest.repeat(2))).toEqual([]);
});
