import { oneOf, type OptionRule } from '../../options/option-checks.js';
import { NAMINGS } from '../../objects/naming.js';
import { isPrivateName, isProxyName, PROXY_NAME_FAULT } from '../../objects/private-names.js';

/** Takes the option `naming`. */
export const NAMING: OptionRule = oneOf(...NAMINGS);

/**
 * Refuses wire names that no client could use.
 *
 * @param where the member, for the error: `Class.member`
 * @throws {TypeError}
 * @see Pyro5/server.py, `is_private_attribute`
 */
export function checkWireName(name: string, where: string): string {
  if (name === '') throw new TypeError(`${where}: the wire name is empty`);
  if (isProxyName(name)) throw new TypeError(`${where}: "${name}" cannot be a wire name: ${PROXY_NAME_FAULT}; give another one`);
  if (isPrivateName(name))
    throw new TypeError(`${where}: "${name}" is private in Python and cannot be exposed; give another wire name`);
  return name;
}
