import { ValueBudget } from '../../lib/serializers/contract/value-budget.js';
import { SERIALIZER_IDS, type SerializerName, type ValueMode } from '../../lib/serializers/contract/serializer.js';
import { createSerializers } from '../../lib/serializers/serializers.js';
import { wireOf, type WireTree } from './wire-tree.js';

/** What one input costs. */
export interface Cost {
  wireBytes: number;
  /** The estimate of the reader. */
  estimatedBytes: number;
  /** What the heap really takes for the value, Buffers included. */
  heapBytes: number;
  /** CPU time of one read, garbage collection included. */
  cpuMs: number;
  /** Why it was not read. */
  refused: string | undefined;
}

const MOST_BYTES = 2 ** 40;
/** Reads that are kept and measured. */
const COPIES = 3;

/** All that is alive, in bytes. Needs `node --expose-gc`. */
async function aliveBytes(): Promise<number> {
  // V8 frees some things only in a later turn, or at a later collection
  for (let round = 0; round < 4; round++) {
    globalThis.gc!();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Reads copies of a tree, about `wireBytes` of them, and measures what that costs. */
export async function measure(
  tree: WireTree,
  name: SerializerName,
  values: ValueMode,
  isVaried: boolean,
  wireBytes: number,
): Promise<Cost> {
  const serializer = createSerializers({ values }).get(SERIALIZER_IDS[name])!;
  const one = wireOf(tree, name, 2, isVaried).length - wireOf(tree, name, 1, isVaried).length;
  const data = wireOf(tree, name, Math.max(1, Math.floor(wireBytes / one)), isVaried);
  const budget = new ValueBudget(MOST_BYTES);
  const decodeProxy = (): undefined => undefined;
  const read = (): unknown => serializer.loads(data, { budget, decodeProxy });
  let refused: string | undefined;
  try {
    read();
    read();
  } catch (error) {
    refused = (error as Error).message.slice(0, 100);
  }
  const kept: unknown[] = [];
  const before = await aliveBytes();
  const begun = process.cpuUsage();
  budget.spentBytes = 0;
  const copies = refused === undefined ? COPIES : 0;
  for (let copy = 0; copy < copies; copy++) kept.push(read());
  const { user, system } = process.cpuUsage(begun);
  const heapBytes = (await aliveBytes()) - before;
  return {
    wireBytes: data.length,
    estimatedBytes: budget.spentBytes / COPIES,
    heapBytes: heapBytes / Math.max(1, kept.length),
    cpuMs: (user + system) / 1_000 / COPIES,
    refused,
  };
}

const MIB = 2 ** 20;
export const msPerMiB = ({ cpuMs, wireBytes }: Cost): number => (cpuMs / wireBytes) * MIB;
export const ratioOf = ({ estimatedBytes, heapBytes }: Cost): number => estimatedBytes / heapBytes;
export const bytesPerByte = ({ heapBytes, wireBytes }: Cost): number => heapBytes / wireBytes;
