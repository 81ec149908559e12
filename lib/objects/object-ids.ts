import { randomBytes } from 'node:crypto';
import { DaemonError } from '../protocol/errors.js';
import { peerText } from '../protocol/texts/peer-text.js';
import { shortText } from '../protocol/short-text.js';

/** 128 random bits in hexadecimal. Nobody can guess an id: a client that knows an id was told it. */
export function randomId(): string {
  return randomBytes(16).toString('hex');
}

/** A random id, for an object that is registered without one. */
export function newObjectId(): string {
  return `obj_${randomId()}`;
}

/** True for the ids of {@link newObjectId}. */
export function isRandomId(objectId: string): boolean {
  return objectId.startsWith('obj_');
}

/** Says why a value is no object id; undefined when it is one: a string that is not empty, without white space and `@`. */
export function objectIdFault(objectId: unknown): string | undefined {
  if (typeof objectId === 'string' && objectId !== '' && !/[\s@]/.test(objectId)) return undefined;
  // a method may register an object by an id that its client has sent
  const shown = typeof objectId === 'string' ? JSON.stringify(peerText(objectId)) : shortText(objectId);
  return `object id ${shown} cannot stand in a URI: it must be a string without white space and @`;
}

/**
 * Checks the id that an object is registered with.
 *
 * @returns the id; undefined when no id was given: it is undefined or empty
 * @throws {DaemonError} when the id is no string, or has white space or an @
 */
export function checkObjectId(objectId: string | undefined): string | undefined {
  if (objectId === undefined || objectId === '') return undefined;
  const fault = objectIdFault(objectId);
  if (fault !== undefined) throw new DaemonError(fault);
  return objectId;
}
