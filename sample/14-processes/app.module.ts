import { Module } from '@nestjs/common';
import { Primes } from './primes.object.js';

@Module({ providers: [Primes] })
export class AppModule {}
