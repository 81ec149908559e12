import { Module } from '@nestjs/common';
import { Greeter } from './greeter.object.js';
import { StockService } from './stock.service.js';
import { TokenGuard } from './token.guard.js';
import { Warehouse } from './warehouse.object.js';

@Module({ providers: [Greeter, Warehouse, StockService, TokenGuard] })
export class AppModule {}
