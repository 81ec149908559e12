import { Catch, type ExceptionFilter, Injectable } from '@nestjs/common';
import { ExternalContextCreator, ModulesContainer } from '@nestjs/core';
import { sharedSymbol } from '../../copies/process-wide.js';
import { followApplication } from '../application-phase.js';

/** Marks PyroServers, of this copy of the library and of others. */
export const PYRO_SERVER = Symbol.for('nestjs-pyro:server');
const BINDER = sharedSymbol('binder');

/** The part of a PyroServer that the binder uses. */
export interface BindableServer {
  readonly [PYRO_SERVER]: true;
  /** `name` of the server's options. */
  readonly name: string | undefined;
  /** True when the server registers names at a name server. */
  readonly registersNames?: boolean;
  /** Gives the server the container that has its objects. */
  bind(modules: ModulesContainer, contexts: ExternalContextCreator): void;
}

/** The PyroServers that are announced to a container by now. */
export function serversOf<Server extends BindableServer>(modules: ModulesContainer): Server[] {
  const servers = new Set<Server>();
  watchServers<Server>(modules, (server) => servers.add(server)).unsubscribe();
  return [...servers];
}

/** Calls `then` for each PyroServer of a container: at once for the announced servers, and later for each new server. */
function watchServers<Server extends BindableServer>(
  modules: ModulesContainer,
  then: (server: Server) => void,
): { unsubscribe(): void } {
  return modules.getRpcTargetRegistry<Server | undefined>().subscribe((server) => {
    if (server?.[PYRO_SERVER]) then(server);
  });
}

/** An error class that is never thrown. */
abstract class Nothing {
  protected abstract readonly never: never;
}

/**
 * Gives servers the container of their application. Nest gives a strategy no access to the container. But Nest makes class-level
 * filters in the modules of controllers and providers alike, and announces every strategy in a registry of the container. So each
 * `@PyroController` has this filter: it catches nothing, and calls `bind` of each server.
 */
@Catch(Nothing)
@Injectable()
export class PyroBinder implements ExceptionFilter {
  static {
    Object.defineProperty(this, BINDER, { value: true });
  }

  constructor(modules: ModulesContainer, contexts: ExternalContextCreator) {
    followApplication(modules);
    watchServers(modules, (server) => server.bind(modules, contexts));
  }

  catch(error: unknown): never {
    throw error;
  }
}

/** True for {@link PyroBinder}, also that of another copy of this package. */
export function isBinder(type: object): boolean {
  return BINDER in type;
}
