import { ConfigurableModuleBuilder, type DynamicModule, Module } from '@nestjs/common';
import { checkIsObject } from '../../options/option-checks.js';
import { NAME_SERVER_OPTIONS_TOKEN, PyroNameServerHost, type PyroNameServerModuleOptions } from './name-server-host.js';

const { ConfigurableModuleClass, ASYNC_OPTIONS_TYPE } = new ConfigurableModuleBuilder<PyroNameServerModuleOptions>({
  optionsInjectionToken: NAME_SERVER_OPTIONS_TOKEN,
})
  .setClassMethodName('forRoot')
  .build();

/**
 * A name server inside the application. It listens from `app.init()` on, before the application's own servers register their names, and
 * ends with the application, after they have removed them.
 *
 * ```ts
 * imports: [PyroNameServerModule.forRoot({ host: '0.0.0.0', storage: 'file:/var/lib/lab/names', handshakeGuards: [TokenGuard] })]
 * ```
 *
 * Inject `PyroNameServerHost` to reach the running `PyroNameServer`.
 */
@Module({ providers: [PyroNameServerHost], exports: [PyroNameServerHost] })
export class PyroNameServerModule extends ConfigurableModuleClass {
  /** @throws {PyroError} `CONFIG`, when the application starts, if an option is wrong */
  static override forRoot(options: PyroNameServerModuleOptions = {}): DynamicModule {
    checkIsObject(options, 'PyroNameServerModule.forRoot: ');
    return super.forRoot(options);
  }

  /** Like `forRoot`, with options from a factory or class. */
  static override forRootAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    checkIsObject(options, 'PyroNameServerModule.forRootAsync: ');
    return super.forRootAsync(options);
  }
}
