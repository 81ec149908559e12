import { DAEMON_OBJECT_ID } from '../../protocol/constants.js';
import { checkIsObject, checkOptions, type OptionRules, SWITCH } from '../../options/option-checks.js';
import { DaemonError } from '../../protocol/errors.js';
import { safeText } from '../../protocol/texts/safe-text.js';
import { ExposedClass, ExposedObject } from './exposed-object.js';
import { checkObjectId, newObjectId } from '../../objects/object-ids.js';
import { areSameGuards, guardsFor, OBJECT_GUARDS, type LaterRegistration, type ObjectGuards } from './object-guards.js';
import { warnOfNothingExposed, warnOfUnexposedFields } from './registration-warnings.js';
import { ObjectRegistry } from './registry.js';
import type { RegisterOptions } from '../contract/daemon.js';
import type { CleanUps } from '../contract/clean-ups.js';
import type { EventReporter } from '../options/daemon-events.js';
import type { RunningRequest } from '../contract/running-request.js';
import type { PyroTarget } from '../contract/target.js';

/** The rules of the options of `register`. */
export const REGISTER_RULES: OptionRules<RegisterOptions> = { force: SWITCH, weak: SWITCH, guards: OBJECT_GUARDS };

/** The users of the objects of a daemon: its connections, and their requests and streams. */
export interface ObjectUsers {
  /** Drops the answers of the guards of an object, which no registered object needs. */
  forgetAnswers(target: PyroTarget): void;
  /** The running requests that use an object, and the requests whose streams have not ended. */
  requestsOf(target: PyroTarget): Pick<RunningRequest, 'onEnd'>[];
  /** An object was released: connections do not tell it of their end any more. */
  forget(target: PyroTarget): void;
}

/** Makes targets of the objects and classes that the application registers, and releases these targets in the end. */
export class Registrations {
  readonly objects = new ObjectRegistry();
  private readonly releases = new Set<Promise<void>>();
  /** Targets that were unregistered, and that requests or streams still use. */
  private readonly inUse = new Set<PyroTarget>();
  private readonly collected: FinalizationRegistry<{ objectId: string; target: PyroTarget }>;

  /** @param users gives what uses the objects; called when an object is unregistered */
  constructor(
    private readonly reporter: EventReporter,
    private readonly cleanUps: CleanUps,
    private readonly users: () => ObjectUsers,
  ) {
    this.collected = new FinalizationRegistry(({ objectId, target }) => {
      if (this.objects.get(objectId) === target) this.unregister(objectId);
    });
  }

  /**
   * @param objectId default: a new random one
   * @returns the id
   * @throws {DaemonError} when the object or the id is registered already, unless forced
   */
  register(objectOrClass: object, objectId: string | undefined, given: RegisterOptions & LaterRegistration): string {
    checkIsObject(given, 'register: ');
    const { guardedBy, ...options } = given;
    checkOptions(options, REGISTER_RULES);
    const { force = false, weak = false } = options;
    checkRegistrable(objectOrClass, weak);
    const id = checkObjectId(objectId) ?? newObjectId();
    const target = this.targetOf(objectOrClass, weak, guardsFor({ ...options, guardedBy }));
    this.end(this.objects.add(id, target, objectOrClass, force));
    if (weak) this.collected.register(objectOrClass, { objectId: id, target });
    warnOfNothingExposed(objectOrClass);
    if (typeof objectOrClass !== 'function') warnOfUnexposedFields(objectOrClass);
    return id;
  }

  /** Registers a target of another kind. @throws {DaemonError} when the id is taken */
  registerTarget(objectId: string, target: PyroTarget): void {
    this.objects.add(checkObjectId(objectId)!, target, target.instance, false);
  }

  /** Unregisters an object with all its ids, or one id. The object `Pyro.Daemon` stays. @throws {DaemonError} when an object is not registered */
  unregister(objectOrId: object | string): void {
    const ids = typeof objectOrId === 'string' ? [objectOrId] : this.objects.idsOf(objectOrId);
    if (ids.length === 0) throw new DaemonError("object isn't registered");
    for (const id of ids) if (id !== DAEMON_OBJECT_ID) this.unregisterId(id);
  }

  /** Releases all targets now, whoever uses them. Resolves when every release has ended, earlier releases included. */
  async releaseAll(): Promise<void> {
    const inUse = [...this.inUse];
    this.inUse.clear();
    for (const target of [...this.objects.targets(), ...inUse]) this.release(target);
    await Promise.all(this.releases);
  }

  /** A class that is registered already, with the same guards, shares its instances with its further ids. */
  private targetOf(objectOrClass: object, weak: boolean, guards: ObjectGuards): PyroTarget {
    if (typeof objectOrClass !== 'function')
      return weak ? ExposedObject.weakly(objectOrClass, guards) : ExposedObject.of(objectOrClass, guards);
    const known = this.objects.idsOf(objectOrClass).map((id) => this.objects.get(id));
    const shared = known.find((target) => target instanceof ExposedClass && areSameGuards(target, guards));
    return shared ?? new ExposedClass(objectOrClass as new () => object, this.cleanUps, guards);
  }

  private unregisterId(id: string): void {
    const target = this.objects.remove(id);
    if (target === undefined) return;
    this.end(target);
    this.reporter.emit('unregistered', id);
  }

  private end(target: PyroTarget | undefined): void {
    if (target === undefined) return;
    for (const guarding of [target, target.guardedBy?.target]) {
      if (guarding !== undefined && !this.objects.needsGuardsOf(guarding)) this.users().forgetAnswers(guarding);
    }
    this.releaseAfterUse(target);
  }

  /** Releases a target when the requests and streams have ended that use it, as the end of a connection does. */
  private releaseAfterUse(target: PyroTarget): void {
    if (target.released === undefined) return;
    const requests = this.users().requestsOf(target);
    if (requests.length === 0) return this.releaseUnused(target);
    this.inUse.add(target);
    const ended = requests.map((request) => new Promise<void>((resolve) => request.onEnd(resolve)));
    void Promise.all(ended).then(() => {
      if (this.inUse.delete(target)) this.releaseUnused(target);
    });
  }

  private releaseUnused(target: PyroTarget): void {
    this.users().forget(target);
    this.release(target);
  }

  private release(target: PyroTarget): void {
    if (target.released === undefined) return;
    const releasing = Promise.resolve(target.released())
      .catch((error: unknown) => this.reporter.error(error))
      .finally(() => this.releases.delete(releasing));
    this.releases.add(releasing);
  }
}

/** @throws {DaemonError} when a value is no object and no class, or a class that is to be registered weakly */
export function checkRegistrable(what: unknown, weak: boolean): void {
  const isClass = typeof what === 'function';
  if (isClass ? typeof (what.prototype as unknown) !== 'object' : typeof what !== 'object' || what === null)
    throw new DaemonError(`${isClass ? 'a function' : safeText(what)} cannot be registered: it is no object and no class`);
  if (isClass && weak) throw new DaemonError('classes cannot be registered weakly');
}
