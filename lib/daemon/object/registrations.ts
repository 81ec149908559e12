import { DAEMON_OBJECT_ID } from '../../protocol/constants.js';
import { checkIsObject, checkOptions, type OptionRules, SWITCH } from '../../options/option-checks.js';
import { DaemonError } from '../../protocol/errors.js';
import { safeText } from '../../protocol/safe-text.js';
import { ExposedClass, ExposedObject } from './exposed-object.js';
import { checkObjectId, newObjectId } from '../../objects/object-ids.js';
import { areSameGuards, guardsFor, OBJECT_GUARDS, type LaterRegistration, type ObjectGuards } from './object-guards.js';
import { warnOfNothingExposed, warnOfUnexposedFields } from './registration-warnings.js';
import { ObjectRegistry } from './registry.js';
import type { RegisterOptions } from '../contract/daemon.js';
import type { EventReporter } from '../options/daemon-events.js';
import type { PyroTarget } from '../contract/target.js';

/** The rules of the options of `register`. */
export const REGISTER_RULES: OptionRules<RegisterOptions> = { force: SWITCH, weak: SWITCH, guards: OBJECT_GUARDS };

/** Makes targets of the objects and classes that the application registers, and releases these targets in the end. */
export class Registrations {
  readonly objects = new ObjectRegistry();
  private readonly releases = new Set<Promise<void>>();
  private readonly collected: FinalizationRegistry<{ objectId: string; target: PyroTarget }>;

  /** @param forget drops what connections keep of an object that was unregistered; the answer of its guards only when no object needs it */
  constructor(
    private readonly reporter: EventReporter,
    private readonly forget: (target: PyroTarget, isNeeded: boolean) => void,
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

  /** Releases all targets. Resolves when every release has ended, earlier releases included. */
  async releaseAll(): Promise<void> {
    for (const target of this.objects.targets()) this.release(target);
    await Promise.all(this.releases);
  }

  /** A class that is registered already, with the same guards, shares its instances with its further ids. */
  private targetOf(objectOrClass: object, weak: boolean, guards: ObjectGuards): PyroTarget {
    if (typeof objectOrClass !== 'function')
      return weak ? ExposedObject.weakly(objectOrClass, guards) : ExposedObject.of(objectOrClass, guards);
    const known = this.objects.idsOf(objectOrClass).map((id) => this.objects.get(id));
    const shared = known.find((target) => target instanceof ExposedClass && areSameGuards(target, guards));
    return shared ?? new ExposedClass(objectOrClass as new () => object, guards);
  }

  private unregisterId(id: string): void {
    const target = this.objects.remove(id);
    if (target === undefined) return;
    this.end(target);
    this.reporter.emit('unregistered', id);
  }

  private end(target: PyroTarget | undefined): void {
    if (target === undefined) return;
    this.forget(target, this.objects.needsGuardsOf(target));
    const guarding = target.guardedBy?.target;
    if (guarding !== undefined && !this.objects.needsGuardsOf(guarding)) this.forget(guarding, false);
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
