import type { ObjectGuard, RegisterOptions } from '../../daemon/contract/daemon.js';
import { guardedCaller, type LaterRegistration } from '../../daemon/object/object-guards.js';
import { checkRegistrable, REGISTER_RULES } from '../../daemon/object/registrations.js';
import { idTaken, sourceTaken } from '../../daemon/object/registry.js';
import { tagList } from '../../naming/metadata-tags.js';
import { ANYTHING, anyOf, checkOptions, FULL_TEXT, oneOf, type OptionRules } from '../../options/option-checks.js';
import { checkObjectId, newObjectId } from '../../objects/object-ids.js';
import type { DaemonNames } from '../../pyro/daemon-names.js';
import type { PyroDaemon } from '../../pyro/pyro-daemon.js';
import type { PyroUri } from '../../protocol/uri.js';
import type { GuardedClass } from '../handshake/handshake-runner.js';
import { GUARDS, type HandshakeGuard } from '../metadata/controller-metadata.js';
import { exposedMembers } from '../metadata/member-metadata.js';
import { classOf, refuseLostEnhancers } from './lost-enhancers.js';

/** Options of `PyroServer.register`. */
export interface PyroRegisterOptions extends Omit<RegisterOptions, 'guards'> {
  /**
   * The clients that may use the object. All of them pass the server's own guards first. `inherit`: if a method of a guarded object
   * registers the object, the clients that may use the guarded object; else all. `none`: all. A list: handshake guards of the object.
   * Default `inherit`.
   */
  guards?: 'inherit' | 'none' | HandshakeGuard[];
  /** Id of the object in URIs. Default: a random id. */
  objectId?: string;
  /** Name that a server with `nameServer` registers. Default: none. */
  name?: string;
  /** Tags that are registered with the name. */
  metadata?: readonly string[];
}

/** An object that `PyroServer.register` registered. Disposing it unregisters the object. */
export interface RegisteredObject extends Disposable {
  /** Id of the object. */
  readonly objectId: string;
  /** @throws {Error} before the server listens */
  readonly uri: PyroUri;
  /** Unregisters the object, and removes its name from the name server. A second call does nothing. */
  unregister(): void;
}

const RULES: OptionRules<PyroRegisterOptions> = {
  ...REGISTER_RULES,
  objectId: FULL_TEXT,
  name: FULL_TEXT,
  guards: anyOf(oneOf('inherit', 'none'), GUARDS),
  metadata: ANYTHING,
};

/** The daemon and names of a listening server. */
interface Listening {
  daemon: PyroDaemon;
  names: DaemonNames | undefined;
  /** Makes the guard of an object. @throws {Error} when Nest's container cannot be reached */
  readonly guardOf: (type: GuardedClass, guards: readonly HandshakeGuard[]) => ObjectGuard;
}

interface Entry {
  /** A WeakRef for an object that is registered weakly. */
  object: object | WeakRef<object>;
  options: PyroRegisterOptions & LaterRegistration;
}

/** The objects that `PyroServer.register` registers. Objects that are registered before the server listens wait until it does. */
export class RuntimeObjects {
  private readonly entries = new Map<string, Entry>();
  private listening: Listening | undefined;

  get isEmpty(): boolean {
    return this.entries.size === 0;
  }

  /**
   * @param object an object, or a class with `behavior(…)`, whose members were exposed by `expose`
   * @throws {DaemonError} when the object or the id is registered already, unless forced; when it is no object and no class
   * @throws {TypeError} when the object's class has `@PyroMethod` members; or guards, pipes, interceptors or filters; or handshake guards, but
   * the options name no `guards`
   */
  register(object: object, options: PyroRegisterOptions): RegisteredObject {
    checkOptions(options, RULES, 'register: ');
    checkRegistrable(object, options.weak ?? false);
    if (options.metadata !== undefined) tagList(options.metadata);
    checkKind(object);
    refuseLostEnhancers(object, options.guards);
    const objectId = checkObjectId(options.objectId) ?? newObjectId();
    const entry: Entry = {
      object: options.weak ? new WeakRef(object) : object,
      // the object may be served later, when the method that registers it has ended
      options: { ...options, objectId, guardedBy: guardedCaller() },
    };
    if (this.listening) this.serve(entry, this.listening);
    else if (options.force !== true) this.refuseTaken(object, objectId);
    this.entries.set(objectId, entry);
    const unregister = (): void => {
      if (this.entries.get(objectId) !== entry) return;
      this.entries.delete(objectId);
      this.listening?.daemon.unregister(objectId);
    };
    const uri = (): PyroUri => {
      if (!this.listening) throw new Error(`"${objectId}" has no URI yet: the PyroServer does not listen`);
      return this.listening.daemon.uriFor(objectId);
    };
    return {
      objectId,
      get uri() {
        return uri();
      },
      unregister,
      [Symbol.dispose]: unregister,
    };
  }

  /** Registers the waiting objects, when the server listens. @throws {DaemonError} when the id of an object is taken */
  attach(listening: Listening): void {
    for (const entry of this.entries.values()) this.serve(entry, listening);
    // an object that cannot be served is unregistered, too; the next listen tries it again
    listening.daemon.on('unregistered', (objectId) => this.entries.delete(objectId));
    this.listening = listening;
  }

  detach(): void {
    this.listening = undefined;
  }

  /** Refuses what the daemon would refuse. @throws {DaemonError} when an object that waits has the id, or is the object */
  private refuseTaken(object: object, objectId: string): void {
    for (const [id, waiting] of this.entries) {
      const source = sourceOf(waiting);
      if (source === undefined) this.entries.delete(id);
      else if (source === object) throw sourceTaken(id);
    }
    if (this.entries.has(objectId)) throw idTaken(objectId);
  }

  private serve(entry: Entry, { daemon, names, guardOf }: Listening): void {
    const { objectId, name, metadata, guards, ...registerOptions } = entry.options;
    const source = sourceOf(entry);
    if (source === undefined) return;
    daemon.register(source, objectId, {
      ...registerOptions,
      guards: Array.isArray(guards) ? guardOf(classOf(source) as GuardedClass, guards) : guards,
    });
    if (name === undefined) return;
    try {
      names?.add(objectId!, name, metadata);
    } catch (error) {
      daemon.unregister(objectId!);
      throw error;
    }
  }
}

/** Undefined for an object that was registered weakly, and was collected. */
function sourceOf({ object }: Entry): object | undefined {
  return object instanceof WeakRef ? object.deref() : object;
}

/** The text of a warning about a name or tags that nobody registers at a name server. Undefined when nothing is lost. */
export function unusedOptionText(objectId: string, options: PyroRegisterOptions, registersNames: boolean): string | undefined {
  const { name, metadata = [] } = options;
  if (name === undefined)
    return metadata.length === 0
      ? undefined
      : `the object "${objectId}" has metadata, which a name server keeps with a name, and has no name: give register() a name, too`;
  if (registersNames) return undefined;
  return `nobody registers the name "${name}" at a name server: give PyroServer the option nameServer, or take \`name\` out of the options of register()`;
}

/** Refuses objects with `@PyroMethod` members: only Nest's pipeline can run them, so the daemon would see no members. */
function checkKind(object: object): void {
  const type = classOf(object);
  if (typeof type !== 'function' || exposedMembers(type as never).length === 0) return;
  throw new TypeError(
    `${type.name} has @PyroMethod members, which are served where a module provides the class; ` +
      `objects that are registered at run time have theirs exposed by expose(…)`,
  );
}
