import { Module } from '@nestjs/common';
import { Probe } from './probe.service.js';
import { Thermometer } from './thermometer.object.js';
import { TokenGuard } from './token.guard.js';

@Module({ providers: [Thermometer, Probe, TokenGuard] })
export class AppModule {}
