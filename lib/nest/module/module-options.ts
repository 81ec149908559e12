import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { PyroProxyOptions } from '../../client/proxy-options.js';

/**
 * Options of the module: defaults of all clients that it makes, name server and handshake data included. Objects of the
 * application travel as proxies, unless `autoproxy` says otherwise.
 */
export interface PyroModuleOptions extends PyroProxyOptions {}

export const MODULE_OPTIONS_TOKEN = Symbol('PyroModule options');

export const { ConfigurableModuleClass, ASYNC_OPTIONS_TYPE } = new ConfigurableModuleBuilder<PyroModuleOptions>({
  optionsInjectionToken: MODULE_OPTIONS_TOKEN,
})
  .setClassMethodName('forRoot')
  // those who make clients are in other modules
  .setExtras({}, (definition) => ({ ...definition, global: true, exports: [MODULE_OPTIONS_TOKEN] }))
  .build();
