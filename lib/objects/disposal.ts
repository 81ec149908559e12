import { classNameOf } from '../protocol/literal-object.js';

interface Closable extends Partial<AsyncDisposable & Disposable> {
  close?: () => unknown;
}

/** True for an object that {@link disposeObject} disposes. */
export function isDisposable(object: object): boolean {
  const { [Symbol.asyncDispose]: asyncDispose, [Symbol.dispose]: dispose } = object as Closable;
  return typeof asyncDispose === 'function' || typeof dispose === 'function';
}

/** The text that names the disposal of an object, for reports. */
export function disposalOf(object: object): string {
  return `the disposal of ${instanceText(object)}`;
}

/** An object for reports: the name of its class, or `an object`. */
export function instanceText(object: object): string {
  return classNameOf(object) ?? 'an object';
}

/**
 * Calls `Symbol.asyncDispose` of an object, or else `Symbol.dispose`.
 *
 * @returns false when the object has neither
 * @throws the error of the object's own method
 */
export async function disposeObject(object: object): Promise<boolean> {
  const { [Symbol.asyncDispose]: asyncDispose, [Symbol.dispose]: dispose } = object as Closable;
  if (typeof asyncDispose === 'function') await asyncDispose.call(object);
  else if (typeof dispose === 'function') dispose.call(object);
  else return false;
  return true;
}

/** Disposes a resource, or else calls its `close`. @throws the error of the resource's own method */
export async function closeResource(resource: object): Promise<void> {
  if (await disposeObject(resource)) return;
  const { close } = resource as Closable;
  if (typeof close === 'function') await close.call(resource);
}
