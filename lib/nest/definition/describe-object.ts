import type { MemberSnapshot, TargetDescription } from '../../daemon/contract/snapshot.js';
import { isGeneratorFunction } from '../../objects/item-iterators.js';
import type { ObjectDefinition } from './object-definition.js';
import { describeParameters, hintsOfSetter } from './parameter-hints.js';

/** Describes the object of a `@PyroController` for `server.inspect()`. */
export function describeObject({ type, instanceMode, metadata, ...operations }: ObjectDefinition): TargetDescription {
  const { methods, getters, setters } = operations;
  const members: MemberSnapshot[] = [];
  for (const [name, operation] of methods) {
    const { handler, stream } = operation;
    const isStream = stream !== undefined || isGeneratorFunction(handler);
    const parameters = describeParameters(operation);
    members.push({ kind: 'method', name, isOneway: metadata.oneway.has(name), isStream, parameters });
  }
  for (const name of metadata.attrs) {
    const setter = setters.get(name);
    const hints = setter && hintsOfSetter(setter);
    members.push({ kind: 'attribute', name, isReadable: getters.has(name), isWritable: setter !== undefined, ...hints });
  }
  return { className: type.name, instanceMode, members };
}
