/** An object under Nest, with the enhancers of a variant: `nest.js VARIANT`. */
import 'reflect-metadata';
import {
  type CanActivate,
  Injectable,
  Module,
  type NestInterceptor,
  Scope,
  type Type,
  UseGuards,
  UseInterceptors,
  UsePipes,
  ValidationPipe,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { IsInt } from 'class-validator';
import { PyroController, PyroMethod, PyroServer } from 'nestjs-pyro';
import { ANSWER } from '../values.js';
import { reportMemory } from './memory-reports.js';

@Injectable()
class OpenGuard implements CanActivate {
  canActivate(): boolean {
    return true;
  }
}

@Injectable({ scope: Scope.REQUEST })
class RequestScopedGuard extends OpenGuard {}

@Injectable()
class PassingInterceptor implements NestInterceptor {
  intercept(...[, next]: Parameters<NestInterceptor['intercept']>): ReturnType<NestInterceptor['intercept']> {
    return next.handle();
  }
}

class PairDto {
  @IsInt() a!: number;
  @IsInt() b!: number;
}

@PyroController({ objectId: 'bench', instanceMode: 'single' })
class Bare {
  @PyroMethod() add(a: number, b: number): number {
    return a + b;
  }
  @PyroMethod() echo(value: unknown): unknown {
    return value;
  }
  @PyroMethod() echoBytes(data: Buffer): Buffer {
    return data;
  }
  @PyroMethod() *items(count: number): Generator<number> {
    for (let item = 0; item < count; item++) yield ANSWER;
  }
}

@PyroController({ objectId: 'bench', instanceMode: 'single' })
class AsyncMethod {
  @PyroMethod() async add(a: number, b: number): Promise<number> {
    return Promise.resolve(a + b);
  }
}

@PyroController({ objectId: 'bench', instanceMode: 'single' })
@UseGuards(OpenGuard)
class Guarded {
  @PyroMethod() add(a: number, b: number): number {
    return a + b;
  }
}

@PyroController({ objectId: 'bench', instanceMode: 'single' })
@UseGuards(OpenGuard)
@UseInterceptors(PassingInterceptor)
class Intercepted {
  @PyroMethod() add(a: number, b: number): number {
    return a + b;
  }
}

@PyroController({ objectId: 'bench', instanceMode: 'single' })
@UsePipes(new ValidationPipe({ transform: true, whitelist: true }))
class Validated {
  @PyroMethod() async add(pair: PairDto): Promise<number> {
    return Promise.resolve(pair.a + pair.b);
  }
}

@PyroController({ objectId: 'bench', instanceMode: 'session' })
class PerSession {
  @PyroMethod() add(a: number, b: number): number {
    return a + b;
  }
}

@PyroController({ objectId: 'bench', instanceMode: 'percall' })
class PerCall {
  @PyroMethod() add(a: number, b: number): number {
    return a + b;
  }
}

@PyroController({ objectId: 'bench', instanceMode: 'single' })
@UseGuards(RequestScopedGuard)
class RequestScoped {
  @PyroMethod() add(a: number, b: number): number {
    return a + b;
  }
}

const variants: Record<string, Type> = {
  bare: Bare,
  async: AsyncMethod,
  guard: Guarded,
  interceptor: Intercepted,
  dto: Validated,
  session: PerSession,
  percall: PerCall,
  scoped: RequestScoped,
};

@Module({})
class BenchModule {}

const strategy = new PyroServer({ host: '127.0.0.1' });
const app = await NestFactory.createMicroservice<MicroserviceOptions>(
  {
    module: BenchModule,
    providers: [variants[process.argv[2]!]!, OpenGuard, RequestScopedGuard, PassingInterceptor],
  },
  { strategy, logger: false },
);
await app.listen();
reportMemory();
console.log(`ready: ${strategy.unwrap().locationStr}`);
