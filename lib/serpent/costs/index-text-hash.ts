/**
 * The first versions of Node whose V8 hashes texts that look like array indices with a seed, one of each line.
 *
 * Measured: a Map with the keys `"0"`, `"65536"`, … of 30,000 multiples took 957 to 1,062 ms of CPU in the versions just before these
 * (20.20.1, 22.22.1, 24.14.0, 25.8.1), and 1 to 6 ms in these. In 26.0.0, the first of its line, it took 10 ms.
 */
const FIRST_WITH_SEED: readonly (readonly [number, number, number])[] = [
  [20, 20, 2],
  [22, 22, 2],
  [24, 14, 1],
  [25, 8, 2],
];

/**
 * False for versions of Node whose V8 hashes the texts `"0"` to `"4294967294"` without a seed. A peer can make such texts collide: reading
 * 60,000 of them as the keys of one Map took 5 s.
 *
 * @see https://nvd.nist.gov/vuln/detail/CVE-2026-21717
 */
export function seedsIndexTexts(nodeVersion: string): boolean {
  const [major = 0, minor = 0, patch = 0] = nodeVersion.split('.').map(Number);
  const first = FIRST_WITH_SEED.find(([line]) => line === major);
  if (first === undefined) return major > FIRST_WITH_SEED.at(-1)![0];
  return minor > first[1] || (minor === first[1] && patch >= first[2]);
}

/** {@link seedsIndexTexts} of this process. */
export const SEEDS_INDEX_TEXTS = seedsIndexTexts(process.versions.node);
