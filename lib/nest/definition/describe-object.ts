import type { MemberSnapshot, TargetDescription } from '../../daemon/contract/snapshot.js';
import { isGeneratorFunction } from '../../objects/item-iterators.js';
import type { ObjectDefinition } from './object-definition.js';

/** Describes the object of a `@PyroController` for `server.inspect()`. */
export function describeObject({ type, instanceMode, metadata, ...operations }: ObjectDefinition): TargetDescription {
  const { methods, getters, setters } = operations;
  const members: MemberSnapshot[] = [];
  for (const [name, { key, binder, stream }] of methods) {
    const isStream = stream !== undefined || isGeneratorFunction((type.prototype as Record<string, unknown>)[key]);
    members.push({ kind: 'method', name, isOneway: metadata.oneway.has(name), isStream, parameters: binder.describe() ?? null });
  }
  for (const name of metadata.attrs)
    members.push({ kind: 'attribute', name, isReadable: getters.has(name), isWritable: setters.has(name) });
  return { className: type.name, instanceMode, members };
}
