import { isIndexKey } from './index-keys.js';
import { SEEDS_INDEX_TEXTS } from './index-text-hash.js';

/** Smaller tables are not checked: even when all keys collide, they take little more time than reading them. */
const LEAST_KEYS = 128;
/** The same for bigints, which take longer to compare. */
const LEAST_BIGINTS = 32;
/** The same for long texts, which take a thousand times longer to compare. */
const LEAST_LONG_TEXTS = 8;
/** The number of keys in one bucket that may happen by chance. */
const USUAL_IN_A_BUCKET = 8;
/**
 * The price of comparisons with colliding keys that one read may take: one to two milliseconds, 30 ms more for each MiB of the message, and
 * 50 ms at most. So many small messages take little longer than large ones. Keys that nobody made to collide cost next to nothing: 0.3 for each
 * hundred, measured up to 500,000 ints, floats, bigints and points in time.
 *
 * Ordinary bigints collide, too: `uuid.uuid1().int` of one host and IPv6 addresses as ints have the same lower 64 bits. 300 of them fit in
 * any message.
 *
 * A reader looks a key up two or three times. A comparison of numbers then takes 3 to 9 ns, of bigints 15 to 50, and 0.7 to 2
 * more for each 64 bits.
 */
const BASE_BUDGET = 600_000;
const BUDGET_PER_BYTE = 16;
const MOST_BUDGET = 24_000_000;
const NUMBER_PRICE = 3;
const BIGINT_PRICE = 15;
/** Hex digits of a bigint that cost one more. */
const DIGITS_PER_PRICE = 32;
/**
 * Characters of a long text for a price of one. A comparison of 16,384 characters takes 1 µs, if they have a byte each, and 2.4 µs with two
 * bytes.
 */
const CHARS_PER_PRICE = 16;

/**
 * V8 takes the length of longer texts as their hash, so that all of one length collide. It compares them character by character. So it is in
 * Node 20.19 to 26.
 *
 * V8 also has one table of the names of all members, for the whole process, in which names stay until a full garbage collection. No limit of
 * one read bounds the time that a long name takes there: beside 6,000 others, 12 ms. So a long text of a peer never becomes the name of a
 * member: its dict is a Map.
 *
 * @see V8, src/objects/string.h, `String::kMaxHashCalcLength`
 */
export const LONGEST_HASHED_TEXT = 16_383;

type Table = ReadonlyMap<unknown, unknown> | ReadonlySet<unknown>;

/**
 * Limits the time that colliding keys of Maps and Sets take in one read.
 *
 * V8 hashes numbers and bigints without a seed, so a peer can compute many numbers that collide. A new key is compared with all
 * colliding keys before it: 100,000 such keys take a minute. Older versions of Node hash texts that look like array indices without a seed,
 * too: see {@link SEEDS_INDEX_TEXTS}. Texts of more than {@link LONGEST_HASHED_TEXT} characters collide, too.
 */
export class HashCollisions {
  /** Made for the first table that is checked. */
  private buckets: WeakMap<Table, Buckets> | undefined = undefined;
  private lastTable: Table | undefined = undefined;
  private lastBuckets: Buckets | undefined = undefined;
  private budget: number;

  /** @param messageBytes of the message that is read; Infinity when nobody knows */
  constructor(
    messageBytes: number,
    private readonly seedsIndexTexts = SEEDS_INDEX_TEXTS,
  ) {
    this.budget = Math.min(BASE_BUDGET + BUDGET_PER_BYTE * messageBytes, MOST_BUDGET);
  }

  /**
   * False when looking up `key` would go over the limit of the read. Always true for keys whose hash has a seed.
   *
   * @param isAdded true when the table lacks the key, and the caller adds it. Default: unknown. Then a key that
   *   is there already counts up to {@link USUAL_IN_A_BUCKET} times
   */
  admits(table: Table, key: unknown, isAdded?: boolean): boolean {
    const { size } = table;
    if (size < leastOf(key) || !this.isComputable(key)) return true;
    const buckets = this.lastTable === table ? this.lastBuckets! : this.bucketsOf(table);
    const hash = hashOf(key);
    const passed = buckets.countAt(hash);
    if (passed > USUAL_IN_A_BUCKET) {
      this.budget -= passed * priceOf(key);
      if (this.budget < 0) return false;
      // looking the key up takes as long as adding it
      if (isAdded ?? (passed < size && (size < LEAST_KEYS || !table.has(key)))) buckets.add(hash);
    } else if (isAdded !== false) {
      buckets.add(hash);
    }
    return true;
  }

  private bucketsOf(table: Table): Buckets {
    const known = (this.buckets ??= new WeakMap());
    let buckets = known.get(table);
    if (buckets === undefined) {
      known.set(table, (buckets = new Buckets()));
      for (const present of table.keys()) if (this.isComputable(present)) buckets.add(hashOf(present));
    }
    this.lastTable = table;
    this.lastBuckets = buckets;
    return buckets;
  }

  /** True for a key whose hash has no seed. */
  private isComputable(key: unknown): key is number | bigint | string {
    if (typeof key === 'string') return isLongText(key) || (!this.seedsIndexTexts && isIndexKey(key));
    return typeof key === 'number' || typeof key === 'bigint';
  }
}

/** Counts the memory of a read, as far as colliding keys need it. */
interface CollidingRead {
  collisions?: HashCollisions | undefined;
  messageBytes?: number | undefined;
  wireBytes?: number | undefined;
}

/**
 * The limit on colliding keys of a read: all tables that the read makes share the limit. It depends on the bytes, not on the value: parts
 * that dicts of marshal share are compared again for each dict, and take no bytes.
 */
export function collisionsOf(read: CollidingRead): HashCollisions {
  return (read.collisions ??= new HashCollisions(read.messageBytes ?? Infinity));
}

/**
 * Tells the bytes of a message before it is read. A text inside, which is read by itself, does not count again. Of a compressed message,
 * only the bytes on the wire count: otherwise a thousand zeros would buy time for the price of one byte.
 *
 * @param inflatedBytes of the message, as it is read
 */
export function tellMessageBytes(read: CollidingRead, inflatedBytes: number): void {
  const { wireBytes = inflatedBytes } = read;
  const bytes = Math.min(inflatedBytes, wireBytes);
  if (read.messageBytes === undefined || read.messageBytes < bytes) read.messageBytes = bytes;
}

/** Why keys are refused that are long texts; undefined for other keys. */
export function longKeysReason(key: unknown): string | undefined {
  if (typeof key !== 'string' || !isLongText(key)) return undefined;
  return (
    `too many dict keys or set members of ${key.length} characters: over ${LONGEST_HASHED_TEXT} characters, keys of the same length ` +
    `collide; use shorter keys, or send fewer of them at once`
  );
}

/** Ends the error of a name that is refused: why, when it is a long text; empty for other names. */
export function longNameReason(name: unknown): string {
  if (typeof name !== 'string' || !isLongText(name)) return '';
  return `: it has ${name.length} characters, of at most ${LONGEST_HASHED_TEXT}; use a shorter name`;
}

/** True for a text whose hash is its length. See {@link LONGEST_HASHED_TEXT}. */
export function isLongText({ length }: string): boolean {
  return length > LONGEST_HASHED_TEXT;
}

function leastOf(key: unknown): number {
  if (typeof key === 'bigint') return LEAST_BIGINTS;
  return typeof key === 'string' && isLongText(key) ? LEAST_LONG_TEXTS : LEAST_KEYS;
}

/** The price of one comparison with a key. A shorter bigint, and a text of another length, are told from it by their length. */
function priceOf(key: number | bigint | string): number {
  if (typeof key === 'string' && isLongText(key)) return key.length / CHARS_PER_PRICE;
  return typeof key === 'bigint' ? BIGINT_PRICE + Math.floor(key.toString(16).length / DIGITS_PER_PRICE) : NUMBER_PRICE;
}

/** The number of keys in each bucket of a table: as in V8, there is a bucket for each two keys for which the table has room. */
class Buckets {
  private hashes = new Int32Array(LEAST_BIGINTS);
  private counts = new Uint32Array(LEAST_BIGINTS / 2);
  private size = 0;

  countAt(hash: number): number {
    return this.counts[hash & (this.counts.length - 1)]!;
  }

  add(hash: number): void {
    if (this.size === this.hashes.length) this.grow();
    this.hashes[this.size++] = hash;
    this.counts[hash & (this.counts.length - 1)]!++;
  }

  private grow(): void {
    const { hashes } = this;
    this.hashes = new Int32Array(hashes.length * 2);
    this.counts = new Uint32Array(hashes.length);
    this.hashes.set(hashes);
    for (const hash of hashes) this.counts[hash & (this.counts.length - 1)]!++;
  }
}

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);
/** Takes the lower 64 bits of a bigint. */
const low64 = new BigUint64Array(double.buffer);
const WORD = 2 ** 32;

/** Bits of the number in the hash of a text that looks like an array index. The length of the text stands above them. */
const INDEX_BITS = 24;

/**
 * The hash of V8 for a key. If V8 changes its hash, this is merely another hash.
 *
 * @see V8, src/objects, `Object::GetSimpleHash`; src/strings, `StringHasher::MakeArrayIndexHash`
 */
function hashOf(key: number | bigint | string): number {
  // mixed, so that texts of other lengths do not seem to collide
  if (typeof key === 'string' && isLongText(key)) return mixed32(key.length);
  if (typeof key === 'string') return (key.length << INDEX_BITS) | (Number(key) & (2 ** INDEX_BITS - 1));
  if (typeof key === 'bigint') {
    low64[0] = key < 0n ? -key : key;
    return mixed64(words[1]!, words[0]!);
  }
  if ((key | 0) === key) return mixed32(key);
  double[0] = key;
  // here and above, the words are in little-endian order; on s390x, which is big-endian, this is another hash
  return mixed64(words[1]!, words[0]!);
}

function mixed32(key: number): number {
  let hash = ~key + (key << 15);
  hash ^= hash >>> 12;
  hash += hash << 2;
  hash ^= hash >>> 4;
  hash = Math.imul(hash, 2057);
  return hash ^ (hash >>> 16);
}

/**
 * The lower 32 bits of this hash of 64 bits: `key = ~key + (key << 18); key ^= key >> 31; key *= 21; key ^= key >> 11; key += key << 6; key
 * ^= key >> 22`.
 */
function mixed64(high: number, low: number): number {
  let sum = (~low >>> 0) + ((low << 18) >>> 0);
  let h = (~high + ((high << 18) | (low >>> 14)) + (sum >= WORD ? 1 : 0)) | 0;
  let l = sum | 0;
  l ^= (l >>> 31) | (h << 1);
  h ^= h >>> 31;
  const [times4, times16] = [(l << 2) >>> 0, (l << 4) >>> 0];
  sum = (l >>> 0) + times4 + times16;
  h = (h + ((h << 2) | (l >>> 30)) + ((h << 4) | (l >>> 28)) + Math.floor(sum / WORD)) | 0;
  l = sum | 0;
  l ^= (l >>> 11) | (h << 21);
  h ^= h >>> 11;
  sum = (l >>> 0) + ((l << 6) >>> 0);
  h = (h + ((h << 6) | (l >>> 26)) + (sum >= WORD ? 1 : 0)) | 0;
  l = sum | 0;
  return l ^ ((l >>> 22) | (h << 10));
}
