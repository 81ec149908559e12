import { Logger } from '@nestjs/common';
import type { PyroConnection } from '../context/pyro-context.js';
import type { Authorization, AuthorizeRequest } from '../../daemon/target.js';
import type { HandshakeGuard } from '../decorators/use-handshake-guards.decorator.js';
import { messageOf } from '../errors/python-error.js';
import { FORBIDDEN_MESSAGE, GuardsConsumer, type Module } from '../nest-internals.js';
import { GuardResolver } from './guard-resolver.js';
import { HANDSHAKE_CONTEXT_TYPE, PyroHandshakeContext } from './pyro-handshake-context.js';

/** The handler that guards see; there is no method behind a handshake. */
function handshake(): void {}

/** Runs the handshake guards of an object, or of a server. Global guards have no part in it: they expect methods. */
export class HandshakeRunner {
  private readonly consumer = new GuardsConsumer();
  private readonly logger = new Logger(HandshakeRunner.name);

  private constructor(
    /** What guards get as `context.getClass()`. */
    private readonly host: { readonly prototype: object },
    private readonly resolver: GuardResolver,
  ) {}

  /** @throws {Error} when Nest cannot make a guard */
  static async create(
    host: { readonly prototype: object },
    guards: readonly HandshakeGuard[],
    module: Module,
  ): Promise<HandshakeRunner> {
    return new HandshakeRunner(host, await GuardResolver.create(guards, module));
  }

  /** @throws {Error} with what the client is told, when a guard refuses or fails */
  async run(request: AuthorizeRequest): Promise<Authorization> {
    const guards = await this.guardsFor(request.connection);
    const context = new PyroHandshakeContext(request);
    const instance = { constructor: this.host };
    let allowed: boolean;
    try {
      allowed = await this.consumer.tryActivate(
        guards,
        [context, request.connection],
        instance as never,
        handshake,
        HANDSHAKE_CONTEXT_TYPE,
      );
    } catch (error) {
      throw new Error(messageOf(error), { cause: error });
    }
    if (!allowed) throw new Error(FORBIDDEN_MESSAGE);
    return context.outcome();
  }

  private async guardsFor(connection: PyroConnection): ReturnType<GuardResolver['resolve']> {
    try {
      return await this.resolver.resolve(connection);
    } catch (error) {
      // how this server is built is nothing to tell a stranger
      this.logger.error('a handshake guard could not be made', error instanceof Error ? error.stack : String(error));
      throw new Error(FORBIDDEN_MESSAGE, { cause: error });
    }
  }
}
