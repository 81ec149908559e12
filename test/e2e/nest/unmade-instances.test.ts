import {
  type CanActivate,
  Catch,
  type ExceptionFilter,
  ForbiddenException,
  Inject,
  Injectable,
  type ModuleMetadata,
  Scope,
  UseFilters,
  UseGuards,
} from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import { type Observable, of, throwError } from 'rxjs';
import { beforeEach, describe, expect, it } from 'vitest';
import { FLAGS } from '../../../lib/core.js';
import { PyroController, PyroException, PyroMethod, PyroProperty } from '../../../lib/index.js';
import { valueOf } from '../../../lib/testing/index.js';
import { eventually, openStream, readStream, serve } from './fixtures.js';

const SECRET = 'connect ECONNREFUSED postgres://admin:s3cret@10.0.0.7';
const MODES = ['percall', 'session', 'single'] as const;

let seen: string[] = [];
beforeEach(() => (seen = []));

@Catch()
class Hiding implements ExceptionFilter {
  catch(error: Error): Observable<never> {
    seen.push(error.message);
    return throwError(() => new PyroException('builtins.RuntimeError', ['hidden']));
  }
}
@Injectable()
@Catch()
class Answering implements ExceptionFilter {
  catch(error: Error): Observable<string> {
    seen.push(error.message);
    return of('one', 'two');
  }
}
let failure: unknown;
beforeEach(() => (failure = new Error(SECRET)));
const database = {
  provide: 'DB',
  scope: Scope.REQUEST,
  useFactory: async () => {
    throw failure;
  },
};
@Injectable({ scope: Scope.REQUEST })
class ScopedGuard implements CanActivate {
  constructor(@Inject('DB') readonly db: unknown) {}
  canActivate(): boolean {
    return true;
  }
}
@Injectable({ scope: Scope.REQUEST })
@Catch(Error)
class ScopedFilter extends Hiding {}
@Injectable({ scope: Scope.REQUEST })
@Catch(Error)
class UnmadeFilter extends Hiding {
  constructor(@Inject('DB') readonly db: unknown) {
    super();
  }
}

/** An object whose instances cannot be made, with each kind of member. */
const unmade = (
  instanceMode: (typeof MODES)[number],
  decorate: (type: new (...args: never[]) => object) => void = () => undefined,
) => {
  class Unmade {
    constructor(@Inject('DB') readonly db: unknown) {}
    @PyroMethod() on(): number {
      return 1;
    }
    @PyroMethod({ oneway: true }) tell(): number {
      return 1;
    }
    @PyroMethod({ stream: true }) @UseFilters(Answering) items(): number {
      return 1;
    }
    @PyroProperty() get level(): number {
      return 1;
    }
    set level(_level: number) {}
  }
  decorate(Unmade);
  PyroController({ objectId: 'lab', instanceMode })(Unmade);
  return Unmade;
};
const withHiding: ModuleMetadata['providers'] = [database, { provide: APP_FILTER, useClass: Hiding }];

describe.each(MODES)('an instance that cannot be made (%s)', (mode) => {
  it('the error of an instance that cannot be made passes the exception filters: methods, attributes, batches, oneway calls, streams', async () => {
    const { join } = await serve({ providers: [unmade(mode), ...withHiding] });
    const peer = await join('Pyro.Daemon');
    await expect(peer.call('lab', 'on')).rejects.toThrow('hidden');
    await expect(peer.call('lab', '__getattr__', 'level')).rejects.toThrow('hidden');
    await expect(peer.call('lab', '__setattr__', 'level', 1)).rejects.toThrow('hidden');
    peer.invoke('lab', '<batch>', [['on', [], {}]], {}, { flags: FLAGS.batch });
    expect(JSON.stringify(valueOf(await peer.next()))).toMatch(/^(?!.*s3cret).*hidden/);
    peer.invoke('lab', 'tell', [], {}, { flags: FLAGS.oneway });
    await eventually(() => seen.length === 5, 'the oneway call');
    const id = await openStream(peer, 'lab', 'items');
    expect(await readStream(peer, id)).toEqual(['one', 'two']);
    expect(seen).toEqual(Array.from({ length: 6 }, () => SECRET));
  });

  it('the error of an instance that cannot be made stays as it is without a filter', async () => {
    const { join } = await serve({ providers: [unmade(mode), database] });
    await expect((await join('Pyro.Daemon')).call('lab', 'on')).rejects.toThrow(SECRET);
  });

  it('the error of an instance that cannot be made passes a request-scoped filter that can be made', async () => {
    const { join } = await serve({ providers: [unmade(mode, UseFilters(ScopedFilter)), database] });
    await expect((await join('Pyro.Daemon')).call('lab', 'on')).rejects.toThrow('hidden');
    expect(seen).toEqual([SECRET]);
  });

  const unmadeFilters: [string, ModuleMetadata['providers']][] = [
    ['of a class', [unmade(mode, UseFilters(UnmadeFilter)), database]],
    ['of the application', [unmade(mode), database, { provide: APP_FILTER, useClass: UnmadeFilter }]],
    [
      'of a factory',
      [unmade(mode), database, { provide: APP_FILTER, scope: Scope.REQUEST, inject: ['DB'], useFactory: () => new Hiding() }],
    ],
  ];
  it.each(unmadeFilters)(
    'the error of an instance that cannot be made is hidden when the filter cannot be made either: filter %s',
    async (_of, providers) => {
      const { join, server } = await serve({ providers });
      const failures: string[] = [];
      server.on('error', (error) => failures.push((error as Error).message));
      const peer = await join('Pyro.Daemon');
      const error = await peer.fail('lab', 'on');
      expect([error.pythonType, error.message]).toEqual([
        'builtins.RuntimeError',
        expect.stringContaining('Internal server error'),
      ]);
      expect(JSON.stringify(error.attributes)).not.toContain('s3cret');
      expect(failures).toEqual([
        expect.stringMatching(/^the making of .*s3cret/),
        expect.stringMatching(/^the call lab.on .*s3cret/),
      ]);
      failure = new ForbiddenException('not today');
      await expect(peer.call('lab', 'on')).rejects.toThrow('not today');
      expect(seen).toEqual([]);
    },
  );

  it('the error of a request-scoped guard that cannot be made passes the exception filters', async () => {
    @PyroController({ objectId: 'lab', instanceMode: mode })
    @UseGuards(ScopedGuard)
    class Guarded {
      @PyroMethod() @UseFilters(Answering) on(): number {
        return 1;
      }
      @PyroMethod() @UseFilters(ScopedFilter) off(): number {
        return 1;
      }
    }
    const { join } = await serve({ providers: [Guarded, ...withHiding, { provide: APP_GUARD, useClass: ScopedGuard }] });
    const peer = await join('Pyro.Daemon');
    expect(await peer.call('lab', 'on')).toBe('two');
    await expect(peer.call('lab', 'off')).rejects.toThrow('hidden');
    expect(seen).toEqual([SECRET, SECRET]);
  });
});

it('the error of a constructor that runs without Nest passes the exception filters', async () => {
  let isBroken = false;
  @PyroController({ objectId: 'lab', instanceMode: 'percall' })
  class Direct {
    constructor() {
      if (isBroken) throw new Error(SECRET);
    }
    @PyroMethod() on(): number {
      return 1;
    }
  }
  const { join } = await serve({ providers: [Direct, ...withHiding] });
  const peer = await join('Pyro.Daemon');
  expect(await peer.call('lab', 'on')).toBe(1);
  isBroken = true;
  await expect(peer.call('lab', 'on')).rejects.toThrow('hidden');
});

describe.each(['session', 'single'] as const)('onPyroConnect that fails at the first call (%s)', (instanceMode) => {
  @PyroController({ objectId: 'lab', instanceMode })
  class Refusing {
    onPyroConnect(): void {
      throw failure;
    }
    @PyroMethod() on(): number {
      return 1;
    }
  }

  it('the error of onPyroConnect that fails at the first call passes the exception filters', async () => {
    const { join } = await serve({ providers: [Refusing, ...withHiding] });
    await expect((await join('Pyro.Daemon')).call('lab', 'on')).rejects.toThrow('hidden');
    expect(seen).toEqual([SECRET]);
  });

  it('an accident in onPyroConnect at the first call is hidden without a filter, as at a handshake; other errors stay as they are', async () => {
    const { join } = await serve({ providers: [Refusing] });
    const peer = await join('Pyro.Daemon');
    failure = Object.assign(new Error(SECRET), { code: 'ECONNREFUSED' });
    await expect(peer.call('lab', 'on')).rejects.toThrow('Internal server error');
    await expect(join('lab')).rejects.toThrow('Internal server error');
    failure = new Error('not today');
    await expect(peer.call('lab', 'on')).rejects.toThrow('not today');
  });
});
