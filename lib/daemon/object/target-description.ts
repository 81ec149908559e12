import { decoratedFunctionsOf } from '../../objects/decorated-functions.js';
import { parametersOf } from '../../objects/parameters/argument-binder.js';
import { findDescriptor, memberSource } from '../../objects/decorated-member.js';
import { isGeneratorFunction } from '../../objects/item-iterators.js';
import type { InstanceMode } from '../../objects/keyed-instances.js';
import type { MemberSnapshot, TargetDescription } from '../contract/snapshot.js';
import type { PyroTarget } from '../contract/target.js';
import { metadataFor } from './expose.js';

/** Describes a registered object: as its target does, or else by its metadata. An object that was collected has no members. */
export function describeTarget(target: PyroTarget): TargetDescription {
  try {
    return target.describe?.() ?? describeMetadata(target);
  } catch {
    // a weakly registered object was collected
    return { className: null, instanceMode: null, members: [] };
  }
}

function describeMetadata({ metadata: { methods, oneway, attrs } }: PyroTarget): TargetDescription {
  const members: TargetDescription['members'] = [
    ...[...methods].map((name) => ({
      kind: 'method' as const,
      name,
      isOneway: oneway.has(name),
      isStream: false,
      parameters: null,
    })),
    ...[...attrs].map((name) => ({ kind: 'attribute' as const, name, isReadable: true, isWritable: true })),
  ];
  return { className: null, instanceMode: null, members };
}

/** Describes a registered object, or a registered class. */
export function describeExposed(source: object, instanceMode: InstanceMode): TargetDescription {
  const described = memberSource(source);
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
