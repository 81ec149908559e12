import { AsyncLocalStorage } from 'node:async_hooks';
import { currentCall } from '../../calls/current-call.js';
import { processWide } from '../../copies/process-wide.js';
import { type OptionRule, oneOf } from '../../options/option-checks.js';
import type { ObjectGuard, RegisterOptions } from '../contract/daemon.js';
import type { GuardedObject, PyroTarget } from '../contract/target.js';

/** The guards of a registered object, as its target has them. */
export interface ObjectGuards {
  readonly authorize?: ObjectGuard;
  readonly guardedBy?: GuardedObject;
}

/** Takes the option `guards` of `register` and `lease`. */
export const OBJECT_GUARDS: OptionRule = {
  takes: "'inherit', 'none' or a function",
  fits: (value) => typeof value === 'function' || oneOf('inherit', 'none').fits(value),
};

const UNGUARDED: ObjectGuards = {};

/** The object whose hook runs outside of a call. */
const hookOwner = processWide('hook-owner', () => new AsyncLocalStorage<GuardedObject | undefined>());

/** The object that guards a target: the target itself, or the object whose method registered it. Undefined: nobody guards it. */
export function guardedObject(target: PyroTarget, objectId: string): GuardedObject | undefined {
  return target.guardedBy ?? (target.authorize && { target, objectId });
}

/** Runs a hook of an object. Objects that the hook registers inherit the guards of the object. */
export function runHookOf<T>(target: PyroTarget, objectId: string, hook: () => T): T {
  const owner = guardedObject(target, objectId);
  return owner === undefined ? hook() : hookOwner.run(owner, hook);
}

/** The guarded object whose method or hook runs this code; undefined outside of both, and where the object has no guards. */
export function guardedCaller(): GuardedObject | undefined {
  const call = currentCall() as { request?: { guardedObject?: GuardedObject } } | undefined;
  return call ? call.request?.guardedObject : hookOwner.getStore();
}

/** Options of an object that is registered when the method that registered it may have ended. */
export interface LaterRegistration {
  /** The object whose guards are inherited, in place of the object whose method runs. */
  guardedBy?: GuardedObject | undefined;
}

/** The guards of an object that is registered by this code. */
export function guardsFor({
  guards = 'inherit',
  guardedBy = guardedCaller(),
}: RegisterOptions & LaterRegistration): ObjectGuards {
  if (typeof guards === 'function') return { authorize: guards };
  return guards === 'none' || guardedBy === undefined ? UNGUARDED : { guardedBy };
}

/** True when the same guards decide about both. */
export function areSameGuards(one: ObjectGuards, other: ObjectGuards): boolean {
  return one.authorize === other.authorize && one.guardedBy?.target === other.guardedBy?.target;
}
