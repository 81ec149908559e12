import { type DynamicModule, Module } from '@nestjs/common';
import { Lamp } from './lamp.object.js';
import { Machines } from './machines.service.js';

@Module({})
export class AppModule {
  static with(machines: Machines): DynamicModule {
    return { module: AppModule, providers: [Lamp, { provide: Machines, useValue: machines }] };
  }
}
