import { Module } from '@nestjs/common';
import { Cart } from './cart.object.js';
import { Shop } from './shop.object.js';

@Module({ providers: [Cart, Shop] })
export class AppModule {}
