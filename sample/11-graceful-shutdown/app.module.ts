import { Module } from '@nestjs/common';
import { Furnace } from './furnace.object.js';
import { Logbook } from './logbook.service.js';

@Module({ providers: [Furnace, Logbook] })
export class AppModule {}
