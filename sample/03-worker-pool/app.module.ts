import { Module } from '@nestjs/common';
import { Dispatcher } from './dispatcher.object.js';

@Module({ providers: [Dispatcher] })
export class AppModule {}
