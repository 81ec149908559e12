import { ClassRegistry } from '../../lib/serializers/contract/class-registry.js';
import { registerClass } from '../../lib/classes/register-class.js';
import { ValueBudget } from '../../lib/serializers/contract/value-budget.js';
import { SERIALIZER_IDS } from '../../lib/protocol/constants.js';
import { ProxyReference } from '../../lib/protocol/proxy-reference.js';
import { pyroProxies } from '../../lib/pyro/pyro-proxy.js';
import type { SerializerName, ValueMode } from '../../lib/serializers/contract/serializer.js';
import { createSerializers } from '../../lib/serializers/serializers.js';
import { type SecondCost, secondSteps } from './second-steps.js';
import { wireOf } from './wire-bytes.js';
import { hasClassDicts, type InstanceClass, MEMBERS, type WireTree } from './wire-tree.js';

/** The cost of an input. */
export interface Cost {
  wireBytes: number;
  /** The estimate of the reader. */
  estimatedBytes: number;
  /** The largest memory of the value in the heap, Buffers included. */
  heapBytes: number;
  /** CPU time of the fastest of some reads: a busy machine makes a read take several times as long. */
  cpuMs: number;
  /** The reason why the input was refused. */
  refused: string | undefined;
  /** The cost of the value after the read; undefined when it was refused. */
  second: SecondCost | undefined;
}

/** The classes of the instances. */
export const CLASSES = new ClassRegistry();
const register = (name: InstanceClass, type: 'any' | ['any']): void =>
  registerClass(class {}, { name, fields: Object.fromEntries(MEMBERS.map((member) => [member, type])) }, CLASSES);
register('bench.Members', 'any');
register('bench.Lists', ['any']);

/** Writes arrays in the form that costs most. */
const lists = createSerializers({ classes: CLASSES, arrays: { write: 'list' } });
/** Makes the proxies that the reply of a server, or the request of a client, has. */
const makeProxy = pyroProxies.makerOfReceived({});
const MOST_BYTES = 2 ** 40;
/** Reads that are kept and measured. */
const COPIES = 5;

/** The memory of all live objects, in bytes. Needs `node --expose-gc`. */
export async function aliveBytes(): Promise<number> {
  // V8 frees some objects only in a later turn, or at a later collection
  for (let round = 0; round < 4; round++) {
    globalThis.gc!();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Reads copies of a tree, about `wireBytes` of them, and measures the cost. */
export async function measure(
  tree: WireTree,
  name: SerializerName,
  values: ValueMode,
  isVaried: boolean,
  wireBytes: number,
): Promise<Cost> {
  const serializer = createSerializers({ values, classes: CLASSES }).get(SERIALIZER_IDS[name])!;
  const one = wireOf(tree, name, 2, isVaried).length - wireOf(tree, name, 1, isVaried).length;
  const data = wireOf(tree, name, Math.max(1, Math.floor(wireBytes / one)), isVaried);
  const budget = new ValueBudget(MOST_BYTES);
  const decodeProxy = (state: readonly unknown[]): unknown =>
    makeProxy(ProxyReference.fromState(state), { remoteAddress: 'h:1' }, undefined);
  const read = (): unknown => {
    // each read has its own limit on colliding keys
    budget.collisions = undefined;
    return serializer.loads(data, { budget, decodeProxy });
  };
  let refused: string | undefined;
  let refusedMs = Infinity;
  for (let round = 0; round < 3; round++) {
    const begun = process.cpuUsage();
    try {
      read();
    } catch (error) {
      refused = (error as Error).message.slice(0, 100);
    }
    const { user, system } = process.cpuUsage(begun);
    refusedMs = Math.min(refusedMs, (user + system) / 1_000);
  }
  if (refused !== undefined)
    return { wireBytes: data.length, estimatedBytes: 0, heapBytes: 0, cpuMs: refusedMs, refused, second: undefined };
  budget.spentBytes = 0;
  const { heapBytes, cpuMs } = await keep(read);
  const estimatedBytes = budget.spentBytes / COPIES;
  // the dicts of classes are all there before the first of them becomes an object
  const plain = hasClassDicts(tree) ? await keep(() => serializer.loads(data, { plain: true })) : undefined;
  const second = secondSteps(read(), lists.get(SERIALIZER_IDS[name])!);
  return {
    wireBytes: data.length,
    estimatedBytes,
    heapBytes: Math.max(heapBytes, plain?.heapBytes ?? 0),
    cpuMs,
    refused,
    second,
  };
}

/** Measures the memory of a value, and the time to read it. */
async function keep(read: () => unknown): Promise<Pick<Cost, 'heapBytes' | 'cpuMs'>> {
  const kept: unknown[] = [];
  const before = await aliveBytes();
  let cpuMs = Infinity;
  for (let copy = 0; copy < COPIES; copy++) {
    const begun = process.cpuUsage();
    kept.push(read());
    const { user, system } = process.cpuUsage(begun);
    cpuMs = Math.min(cpuMs, (user + system) / 1_000);
  }
  const heapBytes = ((await aliveBytes()) - before) / kept.length;
  return { heapBytes, cpuMs };
}

const MIB = 2 ** 20;
export const msPerMiB = ({ cpuMs, wireBytes }: Cost): number => (cpuMs / wireBytes) * MIB;
export const ratioOf = ({ estimatedBytes, heapBytes }: Cost): number => estimatedBytes / heapBytes;
export const bytesPerByte = ({ heapBytes, wireBytes }: Cost): number => heapBytes / wireBytes;
