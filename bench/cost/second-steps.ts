import { argumentsText } from '../../lib/logging/access-log.js';
import type { Serializer } from '../../lib/serializers/contract/serializer.js';

/** The cost of a value that was read, and is shown or sent back. */
export interface SecondCost {
  /** CPU time of the slowest text of the value: `String`, and the line of a log. Texts are cut, so it must not grow with the value. */
  textMs: number;
  /** CPU time for each MiB that is written, or for the whole when less is written. */
  writeMs: number;
}

const MIB = 2 ** 20;
const ROUNDS = 3;

/** Makes texts of a value, and writes it. @param serializer writes arrays as lists, which costs most */
export function secondSteps(value: unknown, serializer: Serializer): SecondCost {
  const items = Array.isArray(value) ? value.slice(0, 20) : [value];
  const texts = items.map((item) => cpuMs(() => String(item)));
  const line = cpuMs(() => argumentsText({ args: items, kwargs: {} }));
  let written = 0;
  const writeMs = cpuMs(() => {
    written = serializer.dumps(value).length;
  });
  return { textMs: Math.max(line, ...texts), writeMs: writeMs / Math.max(1, written / MIB) };
}

/** The fastest of some rounds: a busy machine makes one take several times as long. What fails counts, too. */
function cpuMs(work: () => unknown): number {
  let best = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const begun = process.cpuUsage();
    try {
      work();
    } catch {
      // a dict may have a member `toString`, a value may have no counterpart in another format
    }
    const { user, system } = process.cpuUsage(begun);
    best = Math.min(best, (user + system) / 1_000);
  }
  return best;
}
