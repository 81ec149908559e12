/** Names with this prefix: 100, or all when there are fewer. The same as in servers/names.py. */
export const PREFIX = 'lab0.';
const PREFIXED = 100;

export const nameAt = (index: number): string => `lab${Math.floor(index / PREFIXED)}.instrument${index}`;
export const uriAt = (index: number): string => `PYRO:obj_${index}@192.168.1.5:${4_000 + (index % 1_000)}`;
/** Each name has this tag. */
export const TAG = 'class:bench.Instrument';

export function prefixedNames(count: number): number[] {
  return Array.from({ length: Math.min(count, PREFIXED) }, (_, index) => index);
}
