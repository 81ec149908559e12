import type { ObjectSignatures } from '../../daemon/contract/signatures.js';
import { CommandFailure, EXIT_CODES } from '../terminal/exit-codes.js';
import { isTypeName } from './typescript-names.js';

/** The name of an interface: the last part of the name of a class or object, `Camera` for `lab.camera`, and `MapObject` for `lab.map`. */
export function interfaceName(name: string): string {
  const words = (name.split('.').at(-1) ?? '').split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  const text = words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join('');
  const named = /^[A-Z]/.test(text) ? text : `Object${text}`;
  return isTypeName(named) ? named : `${named}Object`;
}

/**
 * Finds the class of an object in its source: the class with the chosen name, or the class with exactly the members of the object.
 *
 * @param chosen the name that the user gave
 * @throws {CommandFailure} when there is none, or several
 */
export function classInSource(
  { class: told, methods, attributes }: ObjectSignatures,
  chosen: string | undefined,
  classes: readonly ObjectSignatures[],
  uri: string,
): ObjectSignatures {
  const members = membersOf({ methods, attributes });
  const fitting = classes.filter((each) => missing(members, each).length === 0 && members.length === membersOf(each).length);
  const named = classes.find((each) => each.class === (chosen ?? told));
  if (named !== undefined && !fitting.includes(named)) {
    const [lacks, adds] = [missing(members, named), membersOf(named).filter((name) => !members.includes(name))];
    const parts = [lacks.length > 0 ? `it lacks ${lacks.join(', ')}` : '', adds.length > 0 ? `it has ${adds.join(', ')}` : ''];
    throw failure(
      `the class ${named.class} of the source is not that of ${uri}: ${parts.filter((part) => part !== '').join(', and ')}`,
    );
  }
  const found = named === undefined ? fitting : [named];
  if (found.length === 1) return found[0]!;
  if (found.length === 0)
    throw failure(`no class of the source exposes just the members of ${uri}: ${members.sort().join(', ')}`);
  throw failure(`${found.map((each) => each.class).join(' and ')} of the source fit ${uri}: choose one, Name=URI`);
}

/** The names of the members; those of attributes are marked, so that an attribute is not the method of the same name. */
function membersOf({ methods, attributes }: Pick<ObjectSignatures, 'methods' | 'attributes'>): string[] {
  return [...Object.keys(methods), ...Object.keys(attributes).map((name) => `${name} (attribute)`)];
}

function missing(members: readonly string[], of: ObjectSignatures): string[] {
  const known = membersOf(of);
  return members.filter((name) => !known.includes(name));
}

function failure(text: string): CommandFailure {
  return new CommandFailure(text, EXIT_CODES.failed.code);
}
