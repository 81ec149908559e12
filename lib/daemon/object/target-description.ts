import type { TargetDescription } from '../contract/snapshot.js';
import type { PyroTarget } from '../contract/target.js';

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
