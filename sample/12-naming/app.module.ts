import { Module } from '@nestjs/common';
import { Wavemeter } from './wavemeter.object.js';

@Module({ providers: [Wavemeter] })
export class AppModule {}
