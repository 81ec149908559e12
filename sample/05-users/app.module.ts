import { Module } from '@nestjs/common';
import { Stage } from './stage.object.js';
import { TokenGuard } from './token.guard.js';
import { UsersService } from './users.service.js';

@Module({ providers: [Stage, TokenGuard, UsersService] })
export class AppModule {}
