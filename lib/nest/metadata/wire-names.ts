import { oneOf, type OptionRule } from '../../options/option-checks.js';
import { isPrivateName } from '../../objects/private-names.js';

/** Makes wire names of the names of members and parameters: the same name, or snake case. Names in options are not changed. */
export type PyroNaming = 'same' | 'snake_case';

/** Takes the option `naming`. */
export const NAMING: OptionRule = oneOf('same', 'snake_case');

/** With `snake_case`: `takeItem` → `take_item`, `getHTTPStatus` → `get_http_status`. Names in snake case stay as they are. */
export function wireNameOf(name: string, naming: PyroNaming | undefined): string {
  if (naming !== 'snake_case') return name;
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1_$2')
    .toLowerCase();
}

/**
 * Refuses wire names that no client could use.
 *
 * @param where the member, for the error: `Class.member`
 * @throws {TypeError}
 * @see Pyro5/server.py, `is_private_attribute`
 */
export function checkWireName(name: string, where: string): string {
  if (name === '') throw new TypeError(`${where}: the wire name is empty`);
  if (name.startsWith('$'))
    throw new TypeError(`${where}: "${name}" cannot be a wire name, names that begin with $ belong to proxies; give another one`);
  if (isPrivateName(name))
    throw new TypeError(`${where}: "${name}" is private in Python and cannot be exposed; give another wire name`);
  return name;
}
