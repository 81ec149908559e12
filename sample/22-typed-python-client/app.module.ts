import { Module } from '@nestjs/common';
import { Oven } from './oven.object.js';

@Module({ providers: [Oven] })
export class AppModule {}
