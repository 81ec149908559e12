/** Most characters of a filter that are read. */
const MAX_FILTER_CHARS = 1_000;
/** Most words of a filter that are read: each costs a search in every object. */
const MAX_WORDS = 20;

/**
 * A filter for texts, of the words of a text that a person or a client gives. It reads the first 1,000 characters of the text, and of them
 * the first 20 words that differ.
 */
export class TextFilter {
  private readonly words: readonly string[];

  constructor(text: string) {
    const words = new Set(text.slice(0, MAX_FILTER_CHARS).toLowerCase().split(/\s+/));
    words.delete('');
    this.words = [...words].slice(0, MAX_WORDS);
  }

  /** True when there is no word: every text fits. */
  get isEmpty(): boolean {
    return this.words.length === 0;
  }

  /** True when every word stands in one of the texts, in upper or lower case. */
  fits(texts: readonly (string | null)[]): boolean {
    if (this.isEmpty) return true;
    const all = texts.join('\n').toLowerCase();
    return this.words.every((word) => all.includes(word));
  }
}
