import { Module } from '@nestjs/common';
import { Operators } from './operators.service.js';
import { StageDrive } from './stage.drive.js';
import { StageLease } from './stage.lease.js';
import { Stage } from './stage.object.js';

@Module({ providers: [Operators, Stage, StageDrive, StageLease] })
export class AppModule {}
