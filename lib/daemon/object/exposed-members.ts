import { parametersOf } from '../../objects/argument-binder.js';
import { decoratedFunctionsOf } from '../../objects/decorated-functions.js';
import { type AnyClass, findDescriptor } from '../../objects/decorated-member.js';
import { isGeneratorFunction } from '../../objects/item-iterators.js';
import type { InstanceMode } from '../../objects/keyed-instances.js';
import type { MemberSnapshot, TargetDescription } from '../contract/snapshot.js';
import { metadataFor } from './expose.js';

/** Describes a registered object, or a registered class. */
export function describeExposed(source: object, instanceMode: InstanceMode): TargetDescription {
  const isClass = typeof source === 'function';
  const described = isClass ? ((source as unknown as AnyClass).prototype as object) : source;
  const { methods, attrs, oneway } = metadataFor(source);
  const members = [
    ...[...methods].map((name) => describeMethod(described, name, oneway.has(name))),
    ...[...attrs].map((name) => describeAttribute(described, name)),
  ];
  return { className: described.constructor?.name || null, instanceMode, members };
}

function describeMethod(described: object, name: string, isOneway: boolean): MemberSnapshot {
  // a decorator above may have made a getter of the method
  const fn: unknown = findDescriptor(described, name)?.value ?? decoratedFunctionsOf(described, name)[0];
  const parameters = typeof fn === 'function' ? parametersOf(described, name, fn as () => unknown) : undefined;
  return { kind: 'method', name, isOneway, isStream: isGeneratorFunction(fn), parameters: parameters ?? null };
}

function describeAttribute(described: object, name: string): MemberSnapshot {
  const descriptor = findDescriptor(described, name);
  return { kind: 'attribute', name, isReadable: descriptor?.get !== undefined, isWritable: descriptor?.set !== undefined };
}
