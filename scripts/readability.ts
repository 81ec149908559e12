/** Figures that tell how hard prose is for people whose second language is English. Code, headings and tables do not count. */
export interface Readability {
  sentences: number;
  /** Mean number of words in a sentence. */
  words: number;
  /** Percent of sentences with more than 25 words. */
  long: number;
  /** Percent of sentences that begin with a pronoun, which points at something instead of naming it. */
  pointing: number;
}

/** Pages that have the same limits. */
export interface PageGroup {
  name: string;
  pages: RegExp;
  limits: Omit<Readability, 'sentences'>;
}

/** Longest guide, in words: a person reads it in about five minutes. */
export const MAX_GUIDE_WORDS = 900;

const GUIDES = 'guides';
/** Pages in which people search, and which nobody reads from the beginning to the end. They may be longer than a guide. */
const REFERENCE = /^docs\/(?:options|limits|troubleshooting|threat-model)\.md$/;
const LONG_SENTENCE_WORDS = 25;
const COMMENT = /<!--.*?-->/gs;
const CODE_BLOCK = /^(`{3,}|~{3,}).*?^\1\s*$/gms;
const NO_PROSE = /^(?:#|\s*\||!\[)/;
const WORD = /[\p{L}\p{N}]/u;
const LIST_ITEM = /^\s*(?:[-*]|\d+\.)\s+/;
const SENTENCE_END = /(?<=[.!?])\s+(?=[A-Z`"([])/;
const PRONOUN = /^(?:it|this|that|these|those|they|there|he|she|one|its|their|such|both|ours|others|neither|some)\b/i;
/** `This page`: the noun follows, so the sentence names it. */
const NAMED =
  /^(?:this|that|these|those|such|both|some|neither) (?:page|table|library|option|package|method|project|way|guide|file)s?\b/i;

/** The groups, each page in the first that fits. The limits are a little above the figures of November 2026, which evidence.md tells. */
export const PAGE_GROUPS: readonly PageGroup[] = [
  {
    name: 'pages about the code and its speed',
    pages: /^docs\/(?:performance|benchmarks|development)\.md$/,
    limits: { words: 17, long: 15, pointing: 9 },
  },
  { name: 'audits', pages: /^docs\/audit\//, limits: { words: 15, long: 6, pointing: 4 } },
  { name: 'decisions', pages: /^docs\/adr\//, limits: { words: 16, long: 8, pointing: 3 } },
  { name: 'samples', pages: /^sample\//, limits: { words: 14, long: 3, pointing: 4 } },
  { name: GUIDES, pages: /^docs\//, limits: { words: 13.5, long: 1.5, pointing: 2 } },
  {
    name: 'README and the other pages of the root',
    pages: /^(?:README|SECURITY|CONTRIBUTING|CODE_OF_CONDUCT)\.md$/,
    limits: { words: 14, long: 3, pointing: 4 },
  },
];

/** The group of a page: the first one that the name fits. */
export function groupOf(page: string): PageGroup | undefined {
  return PAGE_GROUPS.find(({ pages }) => pages.test(page));
}

/** Counts the words of a Markdown page, headings and tables included. Code blocks and comments do not count, code in a line is one word. */
export function wordsOf(markdown: string): number {
  const text = withoutMarks(markdown.replace(COMMENT, '').replace(CODE_BLOCK, ''));
  return text.split(/\s+/).filter((word) => WORD.test(word)).length;
}

/** The limit of {@link MAX_GUIDE_WORDS} that a page does not keep, as a sentence. */
export function tooLong(page: string, markdown: string): string[] {
  if (groupOf(page)?.name !== GUIDES || REFERENCE.test(page)) return [];
  const words = wordsOf(markdown);
  if (words <= MAX_GUIDE_WORDS) return [];
  return [`${page}: ${words} words, at most ${MAX_GUIDE_WORDS}: make two pages of it, or leave out what another page says`];
}

/** Measures texts together. */
export function readabilityOf(pages: readonly string[]): Readability {
  const sentences = pages.flatMap(sentencesOf);
  const lengths = sentences.map((sentence) => sentence.split(/\s+/).length);
  const percent = (count: number): number => (100 * count) / Math.max(1, sentences.length);
  return {
    sentences: sentences.length,
    words: lengths.reduce((sum, length) => sum + length, 0) / Math.max(1, sentences.length),
    long: percent(lengths.filter((length) => length > LONG_SENTENCE_WORDS).length),
    pointing: percent(sentences.filter((sentence) => PRONOUN.test(sentence) && !NAMED.test(sentence)).length),
  };
}

/** The sentences of a Markdown page with three words or more. Code in a sentence is one word. */
export function sentencesOf(markdown: string): string[] {
  const paragraphs: string[][] = [[]];
  for (const line of markdown.replace(COMMENT, '').replace(CODE_BLOCK, '').split('\n')) {
    if (line.trim() === '' || NO_PROSE.test(line)) paragraphs.push([]);
    else if (LIST_ITEM.test(line)) paragraphs.push([line.replace(LIST_ITEM, '')]);
    else paragraphs.at(-1)!.push(line.trim());
  }
  return paragraphs
    .map((lines) => lines.join(' '))
    .flatMap((text) => withoutMarks(text).split(SENTENCE_END))
    .filter((sentence) => sentence.trim().split(/\s+/).length >= 3);
}

/** The limits that a group of pages does not keep, each as a sentence. */
export function hardToRead({ name, limits }: PageGroup, found: Readability): string[] {
  const over = (figure: keyof typeof limits, told: string): string[] =>
    found[figure] > limits[figure] ? [`${name}: ${told} ${found[figure].toFixed(1)}, at most ${limits[figure]}`] : [];
  return [
    ...over('words', 'words in a sentence'),
    ...over('long', `percent of sentences over ${LONG_SENTENCE_WORDS} words`),
    ...over('pointing', 'percent of sentences that begin with a pronoun'),
  ];
}

function withoutMarks(text: string): string {
  return text
    .replace(/\[((?:[^\]\\]|\\.)*)\]\([^)]*\)/g, '$1')
    .replaceAll('**', '')
    .replace(/`[^`]*`/g, '`code`');
}
