import { attributeError, type PythonException } from '../protocol/python-exception.js';

/** Python's error for a member that an object does not have, or no longer. */
export function missingMember(object: object, name: string): PythonException {
  const type = (object as { constructor?: { name?: string } }).constructor?.name || 'object';
  return attributeError(`'${type}' object has no attribute '${name}'`);
}
