/** Bits of a sign. So many tags that watches ask for have a bit of their own; further ones share bits. */
const SIGN_BITS = 2_048;
const SIGN_WORDS = SIGN_BITS / 32;

/** The bits of the tags that a watch asks for: the index of a word of the sign, its bits, and so on. */
export type TagMask = Uint32Array;

/** A tag that open watches ask for. */
interface WatchedTag {
  readonly bit: number;
  watches: number;
}

/**
 * Tells whether the record of a change may have all tags of a watch, in a few machine instructions, however many tags both have.
 *
 * A change has a sign: a bit for each of its tags that some open watch asks for. A watch compares the sign with a mask. Bits are given at
 * random: nobody can choose tags that share a bit.
 */
export class WatchedTags {
  private readonly tags = new Map<string, WatchedTag>();
  /** How many tags have each bit. */
  private readonly uses = new Uint32Array(SIGN_BITS);
  /** The signs of the changes: 256 bytes each. Empty until a watch asks for tags. */
  private signs = new Uint32Array(0);

  /** @param places places of changes, from 0 */
  constructor(private readonly places: number) {}

  /** Signs of later changes have the bits of these tags. @param tags each once */
  open(tags: readonly string[]): TagMask {
    if (this.signs.length === 0) this.signs = new Uint32Array(this.places * SIGN_WORDS);
    const bits = new Uint32Array(SIGN_WORDS);
    for (const text of tags) {
      let tag = this.tags.get(text);
      if (tag === undefined) {
        tag = { bit: this.freeBit(), watches: 0 };
        this.tags.set(text, tag);
        this.uses[tag.bit]!++;
      }
      tag.watches++;
      setBit(bits, 0, tag.bit);
    }
    return Uint32Array.from([...bits.entries()].filter(([, word]) => word !== 0).flat());
  }

  /** @param tags those of `open` */
  close(tags: readonly string[]): void {
    for (const text of tags) {
      const tag = this.tags.get(text)!;
      if (--tag.watches > 0) continue;
      this.tags.delete(text);
      this.uses[tag.bit]!--;
    }
    if (this.tags.size === 0) this.signs = new Uint32Array(0);
  }

  /** Writes the sign of the change at a place. */
  sign(place: number, tags: ReadonlySet<string> | undefined): void {
    if (this.tags.size === 0) return;
    const start = place * SIGN_WORDS;
    this.signs.fill(0, start, start + SIGN_WORDS);
    for (const text of tags ?? []) {
      const tag = this.tags.get(text);
      if (tag !== undefined) setBit(this.signs, start, tag.bit);
    }
  }

  /** False when the change at a place, which came after `open`, has not all tags of the mask. */
  mayHave(place: number, mask: TagMask): boolean {
    const { signs } = this;
    const start = place * SIGN_WORDS;
    for (let index = 0; index < mask.length; index += 2) {
      const bits = mask[index + 1]!;
      if ((signs[start + mask[index]!]! & bits) >>> 0 === bits) continue;
      if (index > 0) moveToFront(mask, index);
      return false;
    }
    return true;
  }

  /** A bit that no tag has, or any bit when each has a tag. */
  private freeBit(): number {
    const random = Math.floor(Math.random() * SIGN_BITS);
    if (this.tags.size >= SIGN_BITS) return random;
    let bit = random;
    while (this.uses[bit]! > 0) bit = (bit + 1) % SIGN_BITS;
    return bit;
  }
}

/** The words that one change lacks, the next ones often lack, too. */
function moveToFront(mask: TagMask, index: number): void {
  const [word, bits] = [mask[index]!, mask[index + 1]!];
  mask[index] = mask[0]!;
  mask[index + 1] = mask[1]!;
  mask[0] = word;
  mask[1] = bits;
}

function setBit(words: Uint32Array, start: number, bit: number): void {
  words[start + (bit >>> 5)]! |= 1 << (bit & 31);
}
