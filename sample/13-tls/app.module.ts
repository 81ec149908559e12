import { Module } from '@nestjs/common';
import { Laser } from './laser.object.js';

@Module({ providers: [Laser] })
export class AppModule {}
