import type { Authorization, AuthorizeRequest } from '../../daemon/contract/authorization.js';
import type { ObjectGuard } from '../../daemon/contract/daemon.js';
import type { HandshakeGuard } from '../metadata/controller-metadata.js';
import type { OnFailure } from '../errors/failures.js';
import { ExecutionContextHost, type Module, type NestContainer } from '../nest-internals.js';
import type { TeardownReporter } from '../pipeline/guarded-teardown.js';
import { askGuards } from '../pipeline/guards.js';
import { GuardResolver } from './guard-resolver.js';
import { HANDSHAKE_CONTEXT_TYPE, PyroHandshakeContext } from './pyro-handshake-context.js';
import { accidentOf, refusalOf, refusedHandshake } from '../errors/guard-refusal.js';

/** The class that guards get by `context.getClass()`: the class of an object, or of the server. */
export interface GuardedClass {
  readonly name: string;
  readonly prototype: object;
}

/** The handler that guards get by `context.getHandler()`; a handshake calls no method. */
function handshake(): void {}

/** Runs the handshake guards of an object, or of a server. Global guards do not run: they expect methods. */
export class HandshakeRunner {
  private readonly teardowns: TeardownReporter = {
    teardownFailed: (error) => this.onFailure(`the teardown of an Observable of ${this.what}`, error),
  };

  private constructor(
    private readonly host: GuardedClass,
    private readonly resolver: GuardResolver,
    private readonly onFailure: OnFailure,
    private readonly what: string,
  ) {}

  /**
   * @param container of the module
   * @param onFailure gets the errors of guards that fail by accident
   * @param what names a guard in the log
   * @throws {Error} when Nest cannot make a guard
   */
  static async create(
    host: GuardedClass,
    guards: readonly HandshakeGuard[],
    module: Module,
    container: NestContainer,
    onFailure: OnFailure,
    what = `a handshake guard of ${host.name}`,
  ): Promise<HandshakeRunner> {
    return new HandshakeRunner(host, await GuardResolver.create(guards, module, container), onFailure, what);
  }

  /** @throws {Error} with the text for the client, when a guard refuses or fails */
  async run(request: AuthorizeRequest): Promise<Authorization> {
    const handshakeContext = new PyroHandshakeContext(request);
    const context = new ExecutionContextHost([handshakeContext, request.connection], this.host as never, handshake);
    context.setType(HANDSHAKE_CONTEXT_TYPE);
    const guards = await this.guardsFor(request);
    let allowed: boolean;
    try {
      allowed = await askGuards(guards, context, this.teardowns);
    } catch (error) {
      throw refusalOf(error, this.what, this.onFailure);
    }
    if (!allowed) throw refusedHandshake();
    return handshakeContext.outcome();
  }

  private async guardsFor({ connection }: AuthorizeRequest): ReturnType<GuardResolver['resolve']> {
    try {
      return await this.resolver.resolve(connection);
    } catch (error) {
      throw accidentOf(error, this.what, this.onFailure);
    }
  }
}

/**
 * The guard of an object that is registered at run time, while Nest still makes its handshake guards.
 *
 * @param onFailure gets the error when Nest cannot make the guards; every client is refused then
 */
export function objectGuard(making: Promise<HandshakeRunner>, typeName: string, onFailure: OnFailure): ObjectGuard {
  const made = making.catch((error: unknown) => accidentOf(error, `making a handshake guard of ${typeName}`, onFailure));
  return async (request) => {
    const runner = await made;
    if (runner instanceof Error) throw runner;
    return runner.run(request);
  };
}
