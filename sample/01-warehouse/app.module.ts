import { Module } from '@nestjs/common';
import { StockService } from './stock.service.js';
import { TokenGuard } from './token.guard.js';
import { Warehouse } from './warehouse.object.js';

@Module({ providers: [Warehouse, StockService, TokenGuard] })
export class AppModule {}
