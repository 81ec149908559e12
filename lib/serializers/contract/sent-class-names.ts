import { processWide } from '../../copies/process-wide.js';

/** Python classes by the number of registrations that send objects of a class as them. Undefined: the default rule sends the objects. */
type NameCounts = Map<string | undefined, number>;

/** By prototype of the class. A registry that is given up for lost keeps nothing here but a number. */
const sentNames = processWide('sent-class-names', () => ({ byPrototype: new WeakMap<object, NameCounts>(), registrations: 0 }));

/** Notes that objects of a class are sent as a Python class. @param name undefined: a converter only reads objects of the class */
export function noteSentName(prototype: object, name: string | undefined): void {
  const { byPrototype } = sentNames;
  let names = byPrototype.get(prototype);
  if (names === undefined) byPrototype.set(prototype, (names = new Map()));
  names.set(name, (names.get(name) ?? 0) + 1);
  sentNames.registrations++;
}

/** Takes a note of {@link noteSentName} back. */
export function forgetSentName(prototype: object, name: string | undefined): void {
  const names = sentNames.byPrototype.get(prototype);
  const count = names?.get(name);
  if (names === undefined || count === undefined) return;
  if (count > 1) names.set(name, count - 1);
  else names.delete(name);
  if (names.size === 0) sentNames.byPrototype.delete(prototype);
  sentNames.registrations--;
}

/**
 * The Python class as which a converter sends an object: that of the nearest registered class on its prototype chain. Undefined when no
 * converter sends the object.
 *
 * Where registries have different names for the class, the name that was registered first counts.
 */
export function sentNameOf(value: object): string | undefined {
  if (sentNames.registrations === 0) return undefined;
  for (let proto = prototypeOf(value); proto !== null; proto = prototypeOf(proto)) {
    const names = sentNames.byPrototype.get(proto);
    if (names !== undefined) return names.keys().next().value;
  }
  return undefined;
}

const prototypeOf = (value: object): object | null => Object.getPrototypeOf(value) as object | null;
