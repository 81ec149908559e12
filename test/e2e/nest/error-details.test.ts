import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import {
  type ArgumentsHost,
  BadRequestException,
  type CanActivate,
  Catch,
  HttpException,
  UseFilters,
  UseGuards,
} from '@nestjs/common';
import { BaseRpcExceptionFilter, RpcException } from '@nestjs/microservices';
import { type Observable, throwError } from 'rxjs';
import { expect, it } from 'vitest';
import { PyroController, type PyroDaemon, PyroException, PyroMethod } from '../../../lib/index.js';
import { ensurePythonEnv } from '../../interop/python-env.js';
import { serve } from './fixtures.js';

/** Nest's own example of a filter. */
@Catch(RpcException)
class DocumentedFilter {
  catch(exception: RpcException, _host: ArgumentsHost): Observable<never> {
    return throwError(() => exception.getError());
  }
}

@Catch()
class NestFilter extends BaseRpcExceptionFilter {}

/** Filters that add something to the error, or have it from JSON. */
@Catch(RpcException)
class SpreadingFilter {
  catch(exception: RpcException): Observable<never> {
    return throwError(() => ({ ...(exception.getError() as object), extra: 1 }));
  }
}
@Catch(RpcException)
class JsonFilter {
  catch(exception: RpcException): Observable<never> {
    return throwError(() => JSON.parse(JSON.stringify(exception.getError())) as unknown);
  }
}
@Catch(RpcException)
class ForgingFilter {
  catch(): Observable<never> {
    const attributes = { __class__: 'builtins.eval', args: 1, _hidden: 2, free: [1] };
    return throwError(() => ({ pythonType: 'Pyro5.errors.CommunicationError', args: ['x'], attributes }));
  }
}
@Catch(RpcException)
class OddFilter {
  catch(): Observable<never> {
    return throwError(() => ({ message: 'odd', pythonType: 'no type', args: [1] }));
  }
}

class NoGuard implements CanActivate {
  canActivate(): boolean {
    return false;
  }
}

const keyError = (): PyroException => new PyroException('builtins.KeyError', ['chair', 7], { attributes: { free: [1, 4] } });

@PyroController({ objectId: 'filtered', instanceMode: 'single' })
@UseFilters(DocumentedFilter)
class Filtered {
  @PyroMethod() key(): never {
    throw keyError();
  }
  @PyroMethod() @UseFilters(NestFilter) base(): never {
    throw keyError();
  }
  @PyroMethod() @UseFilters(SpreadingFilter) spread(): never {
    throw keyError();
  }
  @PyroMethod() @UseFilters(JsonFilter) json(): never {
    throw keyError();
  }
  @PyroMethod() @UseFilters(ForgingFilter) forged(): never {
    throw keyError();
  }
  @PyroMethod() @UseFilters(OddFilter) odd(): never {
    throw keyError();
  }
  @PyroMethod() copied(): never {
    throw new RpcException({ ...keyError() });
  }
  @PyroMethod() wrapped(): never {
    throw new RpcException(keyError());
  }
  @PyroMethod() @UseGuards(NoGuard) guarded(): void {}
  @PyroMethod() *items(): Generator<number> {
    yield 1;
    throw keyError();
  }
  @PyroMethod() rpc(): never {
    throw new RpcException({ status: 404, message: 'no sample', sample: 'B7' });
  }
}

@PyroController({ objectId: 'detailed', instanceMode: 'single' })
class Detailed {
  @PyroMethod() bad(): never {
    throw new BadRequestException({ code: 'E42', details: { field: 'mass', limits: [1, 2.5] } });
  }
  @PyroMethod() message(): never {
    throw new HttpException({ message: 'too heavy', code: 'E1', error: 'Limit' }, 422);
  }
  @PyroMethod() plain(): never {
    throw new BadRequestException('bad');
  }
  @PyroMethod() list(): never {
    throw new BadRequestException([{ field: 'mass' }]);
  }
  @PyroMethod() rpc(): never {
    throw new RpcException({ code: 7, details: { free: [1, 4] } });
  }
  @PyroMethod() odd(): never {
    const cycle: Record<string, unknown> = { __class__: 'builtins.eval', ok: 1 };
    cycle['self'] = cycle;
    throw new BadRequestException({ args: 1, _private: 2, __class__: 'x', code: () => 1, details: cycle, when: new Date(0) });
  }
  @PyroMethod() containers(): never {
    throw new BadRequestException({
      free: new Map<unknown, unknown>([
        ['B7', new Set([1, 2])],
        ['__class__', 'x'],
      ]),
      raw: Buffer.from('bytes'),
      page: new URL('http://lab/'),
      never: new Date(NaN),
    });
  }
}

const PROGRAM = `
import json, sys, Pyro5.api
out = {}
for object_id, methods in json.loads(sys.argv[2]).items():
    with Pyro5.api.Proxy(f"PYRO:{object_id}@{sys.argv[1]}") as proxy:
        for method in methods:
            try:
                for _ in getattr(proxy, method)() or ():
                    pass
            except Exception as error:
                own = {name: value for name, value in vars(error).items() if name != "_pyroTraceback"}
                own.pop("self", None)
                out[f"{object_id}.{method}"] = [type(error).__name__, list(error.args), own]
print(json.dumps(out))
`;

async function errorsInPython(locationStr: string, methods: Record<string, string[]>): Promise<Record<string, unknown>> {
  const { stdout } = await promisify(execFile)(await ensurePythonEnv(), ['-c', PROGRAM, locationStr, JSON.stringify(methods)]);
  return JSON.parse(stdout) as Record<string, unknown>;
}

it('Nest’s documented filter leaves a PyroException the Python type, args and attributes it has', async () => {
  const { server } = await serve({ providers: [Filtered] });
  const chair = ['KeyError', ['chair', 7], { free: [1, 4] }];
  const methods = ['key', 'base', 'wrapped', 'guarded', 'items', 'rpc'];
  expect(await errorsInPython(server.unwrap<PyroDaemon>().locationStr, { filtered: methods })).toEqual({
    'filtered.key': chair,
    'filtered.base': chair,
    'filtered.wrapped': chair,
    'filtered.items': chair,
    'filtered.guarded': ['PermissionError', ['Forbidden resource'], {}],
    'filtered.rpc': ['LookupError', ['no sample'], { sample: 'B7' }],
  });
});

it('a copy of a PyroException keeps the Python type, args and attributes, and its further members are attributes', async () => {
  const { server } = await serve({ providers: [Filtered] });
  const methods = ['spread', 'json', 'copied', 'forged', 'odd'];
  expect(await errorsInPython(server.unwrap<PyroDaemon>().locationStr, { filtered: methods })).toEqual({
    'filtered.spread': ['KeyError', ['chair', 7], { free: [1, 4], extra: 1 }],
    'filtered.json': ['KeyError', ['chair', 7], { free: [1, 4] }],
    'filtered.copied': ['KeyError', ['chair', 7], { free: [1, 4] }],
    'filtered.forged': ['PyroError', ['x'], { free: [1] }],
    'filtered.odd': ['RuntimeError', ['odd'], { pythonType: 'no type' }],
  });
});

it('the details of an exception’s response are attributes in Python', async () => {
  const { server } = await serve({ providers: [Detailed] });
  const methods = ['bad', 'message', 'plain', 'list', 'rpc', 'odd', 'containers'];
  const errors = await errorsInPython(server.unwrap<PyroDaemon>().locationStr, { detailed: methods });
  expect(errors).toMatchObject({
    'detailed.bad': ['ValueError', ['Bad Request Exception'], { code: 'E42', details: { field: 'mass', limits: [1, 2.5] } }],
    'detailed.message': ['ValueError', ['too heavy'], { code: 'E1', error: 'Limit' }],
    'detailed.plain': ['ValueError', ['bad'], {}],
    'detailed.list': ['ValueError', [{ field: 'mass' }], {}],
    'detailed.rpc': ['RuntimeError', ['Rpc Exception'], { code: 7, details: { free: [1, 4] } }],
    'detailed.containers': [
      'ValueError',
      ['Bad Request Exception'],
      { free: { B7: [1, 2] }, raw: 'Ynl0ZXM=', page: 'http://lab/', never: 'Invalid Date' },
    ],
    'detailed.odd': ['ValueError', ['Bad Request Exception'], { code: '() => 1', when: '1970-01-01T00:00:00.000Z' }],
  });
  expect(JSON.stringify(errors['detailed.containers'])).not.toContain('__class__');
  expect((errors['detailed.odd'] as unknown[])[2]).not.toHaveProperty('_private');
});

it('a PyroException of a hybrid application tells other transports its type in JSON', () => {
  expect(JSON.parse(JSON.stringify(keyError()))).toEqual({
    status: 'error',
    message: 'chair, 7',
    pythonType: 'builtins.KeyError',
    args: ['chair', 7],
    attributes: { free: [1, 4] },
  });
});
