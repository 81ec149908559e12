import 'reflect-metadata';
import { type CanActivate, Injectable, Module, type NestInterceptor, UseGuards, UseInterceptors } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { PyroController, PyroMethod, PyroServer } from 'nestjs-pyro';

@Injectable()
class OpenGuard implements CanActivate {
  canActivate(): boolean {
    return true;
  }
}

@Injectable()
class PassingInterceptor implements NestInterceptor {
  intercept(...[, next]: Parameters<NestInterceptor['intercept']>): ReturnType<NestInterceptor['intercept']> {
    return next.handle();
  }
}

@PyroController({ objectId: 'bench', instanceMode: 'single' })
class Bench {
  @PyroMethod() add(a: number, b: number): number {
    return a + b;
  }
  @PyroMethod() echo(value: unknown): unknown {
    return value;
  }
}

@PyroController({ objectId: 'guarded', instanceMode: 'single' })
@UseGuards(OpenGuard)
@UseInterceptors(PassingInterceptor)
class GuardedBench {
  @PyroMethod() add(a: number, b: number): number {
    return a + b;
  }
}

@PyroController('session')
class SessionBench {
  @PyroMethod() add(a: number, b: number): number {
    return a + b;
  }
}

@Module({ providers: [Bench, GuardedBench, SessionBench, OpenGuard, PassingInterceptor] })
class BenchModule {}

const strategy = new PyroServer({ host: '127.0.0.1' });
const app = await NestFactory.createMicroservice<MicroserviceOptions>(BenchModule, { strategy, logger: false });
await app.listen();
console.log(`ready: ${strategy.unwrap().locationStr}`);
