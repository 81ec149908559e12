import { Module } from '@nestjs/common';
import { PyroModule, PyroNameServerModule } from 'nestjs-pyro';
import { Lamp } from './lamp.object.js';
import { nameServer } from './name-server-address.js';
import { Visitors } from './visitors.service.js';

@Module({
  imports: [
    PyroNameServerModule.forRootAsync({
      // clients may list and look up; only programs of this machine may change names
      useFactory: () => ({ ...nameServer, policy: { register: 'loopback', remove: 'loopback', setMetadata: 'loopback' } }),
    }),
    PyroModule.forRoot({ nameServer }),
  ],
  providers: [Lamp, Visitors],
})
export class AppModule {}
