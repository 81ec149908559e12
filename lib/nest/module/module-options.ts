import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { PyroProxyOptions } from '../../client/options/proxy-options.js';
import type { PyroWireLog } from '../logging/wire-log.js';

/**
 * Options of clients in Nest; of the module: defaults of all clients that it makes, name server and handshake data included.
 * Objects of the application travel as proxies, unless `autoproxy` says otherwise.
 */
export interface PyroModuleOptions extends Omit<PyroProxyOptions, 'wireLog'> {
  /** Log every message as `debug` of `PyroWire`; see {@link PyroWireLog}. Default: what `PYRO_LOGWIRE` says, or false. */
  wireLog?: PyroWireLog;
}

export const MODULE_OPTIONS_TOKEN = Symbol('PyroModule options');

export const { ConfigurableModuleClass, ASYNC_OPTIONS_TYPE } = new ConfigurableModuleBuilder<PyroModuleOptions>({
  optionsInjectionToken: MODULE_OPTIONS_TOKEN,
})
  .setClassMethodName('forRoot')
  // those who make clients are in other modules
  .setExtras({}, (definition) => ({ ...definition, global: true, exports: [MODULE_OPTIONS_TOKEN] }))
  .build();
