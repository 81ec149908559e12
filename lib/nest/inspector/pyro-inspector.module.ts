import { type DynamicModule, Module } from '@nestjs/common';
import { configError } from '../../options/option-checks.js';
import { INSPECTOR_PLACE, INSPECTOR_SETTINGS, InspectorHost } from './inspector-host.js';
import { inspectorController } from './inspector-controller.js';
import {
  checkAsyncOptions,
  checkInspectorOptions,
  type PyroInspectorAsyncOptions,
  type PyroInspectorOptions,
  type PyroInspectorPlace,
} from './inspector-module-options.js';

const DEFAULT_PATH = 'pyro';

/**
 * A page that shows the PyroServers of the application: objects, connections, streams, limits, names and failures, live; and lets a
 * person call the objects, if `allowCalls` says so. Works with every platform of Nest.
 *
 * ```ts
 * imports: [PyroInspectorModule.forRoot({ path: 'pyro', guards: [AdminGuard], allowCalls: true })]
 * ```
 */
@Module({})
export class PyroInspectorModule {
  /**
   * Mounts the page.
   *
   * @throws {PyroError} `CONFIG`, when an option is wrong, or when `NODE_ENV` is `production` and there are no guards
   */
  static forRoot(options: PyroInspectorOptions = {}): DynamicModule {
    checkInspectorOptions(options);
    const { path, guards, ...settings } = options;
    return moduleAt({ path, guards }, { providers: [{ provide: INSPECTOR_SETTINGS, useValue: settings }] });
  }

  /** Like `forRoot`, with options from a factory. The path and the guards are given next to the factory. */
  static forRootAsync(options: PyroInspectorAsyncOptions): DynamicModule {
    checkAsyncOptions(options);
    const { path, guards, imports = [], inject = [], useFactory } = options;
    return moduleAt({ path, guards }, { imports, providers: [{ provide: INSPECTOR_SETTINGS, inject, useFactory }] });
  }
}

function moduleAt(
  { path = DEFAULT_PATH, guards = [] }: PyroInspectorPlace,
  { imports = [], providers = [] }: Pick<DynamicModule, 'imports' | 'providers'>,
): DynamicModule {
  if (guards.length === 0 && process.env.NODE_ENV === 'production')
    throw configError(
      "PyroInspectorModule has no guards, and NODE_ENV is production: everybody would see who is connected. Give it guards: [YourGuard], or guards: 'global' where the guards of the whole application decide",
    );
  const place: Required<PyroInspectorPlace> = { path: path.replace(/^\/+|\/+$/g, ''), guards };
  return {
    module: PyroInspectorModule,
    imports,
    controllers: [inspectorController(place)],
    providers: [{ provide: INSPECTOR_PLACE, useValue: place }, ...providers, InspectorHost],
  };
}
