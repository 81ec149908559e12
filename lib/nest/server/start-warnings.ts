import type { ModulesContainer } from '@nestjs/core';
import { isInitialized } from '../application-phase.js';
import type { NestContainer } from '../nest-internals.js';

/**
 * The warning of a server whose application was initialized, and which does not listen.
 *
 * @param container an application of `createMicroservice` has no adapter for HTTP in it
 */
export function notStartedText(container: NestContainer): string {
  return ((container.getHttpAdapterRef() as unknown) ?? null) === null
    ? 'the PyroServer is the strategy of a microservice that does not listen: nobody called app.listen()'
    : 'the PyroServer is connected to the application but does not listen: nobody called app.startAllMicroservices()';
}

/**
 * Says what is probably wrong with a server that is about to listen.
 *
 * @param modules the modules of the application; undefined when the server knows none
 * @param hasObjects true when the server has objects to serve
 */
export function startWarnings(modules: ModulesContainer | undefined, hasObjects: boolean): string[] {
  const warnings: string[] = [];
  if (!hasObjects) {
    const remedy = modules ? '' : '; where a factory or a value gives the object, import PyroModule, too';
    warnings.push(`no @PyroController for this server among controllers and providers: it serves no objects${remedy}`);
  }
  if (modules && !isInitialized(modules)) {
    warnings.push(
      'the application is not initialized: clients may call objects before onModuleInit has run; await app.init() before app.startAllMicroservices()',
    );
  }
  return warnings;
}
