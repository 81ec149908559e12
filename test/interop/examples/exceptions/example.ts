import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor, UseInterceptors } from '@nestjs/common';
import { PyroController, PyroException, PyroMethod } from 'nestjs-pyro';
import { type Observable, tap } from 'rxjs';
import { type Example, SERVING } from '../example.js';
import { ServerConsole } from '../stage.js';

/** The counterpart of `methodcall_error_handler` of Pyro5's daemon. */
@Injectable()
class ErrorReporter implements NestInterceptor {
  constructor(private readonly console: ServerConsole) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const error = (thrown: unknown): void => {
      this.console.log(`ERROR IN METHOD CALL USER CODE: method=${context.getHandler().name} exception=${String(thrown)}`);
    };
    return next.handle().pipe(tap({ error }));
  }
}

class Foo {
  crash(): void {
    this.crash2('going down...');
  }
  private crash2(arg: string): void {
    BigInt(arg);
  }
}

@PyroController({ name: 'example.exceptions' })
@UseInterceptors(ErrorReporter)
class TestClass {
  @PyroMethod()
  div(arg1: number, arg2: number): number {
    if (arg2 === 0) throw new PyroException('builtins.ZeroDivisionError', ['division by zero']);
    return arg1 / arg2;
  }

  @PyroMethod()
  error(): never {
    throw new PyroException('builtins.ValueError', ['a valueerror! Great!']);
  }

  /** Returns an exception as a value. */
  @PyroMethod()
  error2(): Error {
    return new PyroException('builtins.ValueError', ['a valueerror! Great!']);
  }

  @PyroMethod()
  othererr(): never {
    throw new Error('a runtime error!');
  }

  @PyroMethod({ oneway: true })
  onewayerr(): never {
    throw new PyroException('builtins.ValueError', ['error in oneway call!']);
  }

  @PyroMethod()
  complexerror(): void {
    new Foo().crash();
  }

  @PyroMethod()
  unserializable(): unknown {
    return TestClass.prototype.unserializable;
  }
}

/** Exceptions of every kind, with tracebacks; a server here sends the lines of its JavaScript stack. */
export default {
  async serve(stage) {
    await stage.nest({ providers: [TestClass] });
  },
  original: [{ file: 'server.py', ready: SERVING }],
  scripts: [
    {
      file: 'client.py',
      exitCode: 1,
      tracebacks: true,
      prints: [
        /UNSERIALIZABLE ERROR: .*function/,
        'CAUGHT ERROR  >>>  Cannot convert going down... to a BigInt',
        /Remote traceback:[^]*Foo\.crash2[^]*Foo\.crash/,
      ],
      normalize: (output) =>
        output
          .replace(/(?<=UNSERIALIZABLE ERROR: ).*/, '')
          .replace(/(?<=CAUGHT ERROR {2}>>> {2})[^]*(?=<<<<<<< end of Pyro traceback)/, ''),
    },
  ],
  serverPrints: ['method=div exception=', 'method=error', 'method=onewayerr'],
} satisfies Example;
