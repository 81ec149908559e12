import type { CanActivate, FactoryProvider, ModuleMetadata, Type } from '@nestjs/common';
import type { InspectorOptions } from '../../inspector/contract/inspector-options.js';
import { INSPECTOR_RULES } from '../../inspector/contract/inspector-options.js';
import { ANYTHING, anyOf, checkOptions, FUNCTION, oneOf, type OptionRules, TEXT } from '../../options/option-checks.js';
import { MODULE_RULES, type PyroModuleOptions } from '../client/client-registry.js';
import { GUARDS } from '../metadata/controller-metadata.js';

/** The path of the inspector, and the guards that decide who may see it. */
export interface PyroInspectorPlace {
  /** Path of the page below the application's prefix. Default `pyro`. */
  path?: string;
  /**
   * Guards of the page and everything below it, as in `@UseGuards`. `global`: the guards that hold for the whole application decide
   * alone. Default none: only this machine may use the page, and with `NODE_ENV=production` the application does not start.
   */
  guards?: readonly (CanActivate | Type<CanActivate>)[] | 'global';
}

/** Options of the inspector without its path and guards. */
export interface PyroInspectorSettings extends InspectorOptions {
  /** Options of the proxies that call objects: `tls`, for a server with TLS; `serializer`; `handshake`, unless the page gives one. */
  client?: PyroModuleOptions;
}

/** Options of `PyroInspectorModule.forRoot`. */
export interface PyroInspectorOptions extends PyroInspectorPlace, PyroInspectorSettings {}

/** Options of `PyroInspectorModule.forRootAsync`. Nest needs the path and the guards of the page before factories run. */
export interface PyroInspectorAsyncOptions
  extends PyroInspectorPlace, Pick<ModuleMetadata, 'imports'>, Pick<FactoryProvider, 'inject'> {
  /** Gives the other options. Its parameters are the providers that `inject` names. */
  // oxlint-disable-next-line typescript/no-explicit-any -- as in Nest's own FactoryProvider
  useFactory: (...dependencies: any[]) => PyroInspectorSettings | Promise<PyroInspectorSettings>;
}

const PLACE_RULES: OptionRules<PyroInspectorPlace> = { path: TEXT, guards: anyOf(GUARDS, oneOf('global')) };

/** The rules of the options of the module. */
export const SETTINGS_RULES: OptionRules<PyroInspectorSettings> = {
  ...INSPECTOR_RULES,
  client: { takes: 'an object', fits: (value) => typeof value === 'object' && value !== null },
};

const OPTIONS_RULES: OptionRules<PyroInspectorOptions> = { ...PLACE_RULES, ...SETTINGS_RULES };

const ASYNC_RULES: OptionRules<PyroInspectorAsyncOptions> = {
  ...PLACE_RULES,
  imports: ANYTHING,
  inject: ANYTHING,
  useFactory: FUNCTION,
};

/** @throws {PyroError} `CONFIG`, when an option is wrong */
export function checkInspectorOptions(options: PyroInspectorOptions): void {
  checkOptions(options, OPTIONS_RULES, 'PyroInspectorModule.forRoot: ');
  if (options.client) checkOptions(options.client, MODULE_RULES, 'PyroInspectorModule.forRoot: client.');
}

/** @throws {PyroError} `CONFIG`, when an option is wrong */
export function checkAsyncOptions(options: PyroInspectorAsyncOptions): void {
  checkOptions(options, ASYNC_RULES, 'PyroInspectorModule.forRootAsync: ');
}
