import { Module } from '@nestjs/common';
import { PyroModule } from 'nestjs-pyro';
import { THERMOSTAT, ThermostatController } from './thermostat.controller.js';

const uri = process.argv[2] ?? 'PYRO:lab.thermostat@127.0.0.1:9998';

@Module({
  imports: [PyroModule.forFeature([{ token: THERMOSTAT, uri, callTimeoutMs: 5_000 }])],
  controllers: [ThermostatController],
})
export class AppModule {}
