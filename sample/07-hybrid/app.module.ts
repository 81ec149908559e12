import { Module } from '@nestjs/common';
import { Thermostat } from './thermostat.object.js';

@Module({ controllers: [Thermostat] })
export class AppModule {}
