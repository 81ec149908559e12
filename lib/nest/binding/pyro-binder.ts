import { Catch, type ExceptionFilter, Injectable } from '@nestjs/common';
import { ExternalContextCreator, ModulesContainer } from '@nestjs/core';

/** Marks servers, also those of another copy of this library. */
export const PYRO_SERVER = Symbol.for('nestjs-pyro:server');

/** A server that wants to know the container its objects live in. */
export interface BindableServer {
  readonly [PYRO_SERVER]: true;
  bind(modules: ModulesContainer, contexts: ExternalContextCreator): void;
}

/** Never thrown. */
abstract class Nothing {
  protected abstract readonly never: never;
}

/**
 * Brings servers and objects together. Nest gives a strategy no way to the container, but it makes class-level filters
 * in the modules of controllers and providers alike, and announces every strategy in the container's registry: so each
 * `@PyroController` carries this filter, which catches nothing and introduces the container to the servers.
 */
@Catch(Nothing)
@Injectable()
export class PyroBinder implements ExceptionFilter {
  constructor(modules: ModulesContainer, contexts: ExternalContextCreator) {
    modules.getRpcTargetRegistry<Partial<BindableServer> | undefined>().subscribe((server) => {
      if (server?.[PYRO_SERVER]) server.bind!(modules, contexts);
    });
  }

  catch(error: unknown): never {
    throw error;
  }
}
