import { Global, Module } from '@nestjs/common';
import { PyroHealthIndicator } from '../health/pyro-health.indicator.js';
import { PyroBinder } from '../binding/pyro-binder.js';
import { ClientRegistry } from './client-registry.js';
import { PyroServers } from './pyro-servers.js';

/** What there is once in an application, whichever modules of ours it imports. */
@Global()
@Module({
  providers: [PyroBinder, PyroServers, ClientRegistry, PyroHealthIndicator],
  exports: [PyroServers, ClientRegistry, PyroHealthIndicator],
})
export class PyroCoreModule {}
