import { Module } from '@nestjs/common';
import { Recorder } from './recorder.object.js';

@Module({ providers: [Recorder] })
export class AppModule {}
