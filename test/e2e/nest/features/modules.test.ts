import { applyDecorators, Controller, Get, Injectable, Module, Scope, UseGuards } from '@nestjs/common';
import { DiscoveryModule, DiscoveryService, LazyModuleLoader, ModuleRef } from '@nestjs/core';
import { describe, expect, it } from 'vitest';
import { PyroController, PyroMethod } from '../../../../lib/index.js';
import { log, notingGuard } from '../behaviour/noting.js';
import { serve, serveBy, WAYS } from '../fixtures.js';

@Injectable()
class Shared {
  readonly kind = 'shared';
}
@Injectable({ scope: Scope.REQUEST })
class Own {
  private static count = 0;
  readonly number = ++Own.count;
}
@Injectable()
class Elsewhere {
  constructor(readonly shared: Shared) {}
}

@PyroController('looking')
class Looking {
  constructor(private readonly moduleRef: ModuleRef) {}
  @PyroMethod() get(): string {
    return this.moduleRef.get(Shared).kind;
  }
  @PyroMethod() async resolve(): Promise<boolean> {
    const [one, other] = [await this.moduleRef.resolve(Own), await this.moduleRef.resolve(Own)];
    return one.number !== other.number;
  }
  @PyroMethod() async create(): Promise<string> {
    return (await this.moduleRef.create(Elsewhere)).shared.kind;
  }
}

describe.each(WAYS)('ModuleRef in an object (%s)', (way) => {
  it('an object gets, resolves and creates providers with ModuleRef', async () => {
    const { join } = await serveBy(way, { providers: [Looking, Shared, Own] });
    const peer = await join('looking');
    expect([
      await peer.call('looking', 'get'),
      await peer.call('looking', 'resolve'),
      await peer.call('looking', 'create'),
    ]).toEqual(['shared', true, 'shared']);
  });
});

@Injectable()
class Heavy {
  work(): string {
    return 'worked';
  }
}
@PyroController({ objectId: 'late', instanceMode: 'single' })
class Late {
  constructor(private readonly heavy: Heavy) {}
  @PyroMethod() work(): string {
    return this.heavy.work();
  }
}
@Module({ providers: [Heavy, Late], exports: [Heavy] })
class LateModule {}

@PyroController({ objectId: 'loading', instanceMode: 'single' })
class Loading {
  constructor(private readonly loader: LazyModuleLoader) {}
  @PyroMethod() async work(): Promise<string> {
    return (await this.loader.load(() => LateModule)).get(Heavy).work();
  }
}

describe('lazily loaded modules', () => {
  it('an object loads a module lazily and gets its providers', async () => {
    const { join } = await serve({ providers: [Loading] });
    expect(await (await join('loading')).call('loading', 'work')).toBe('worked');
  });

  it('a server serves objects of a lazily loaded module once it listens anew', async () => {
    const { server, join } = await serve({ providers: [Loading] });
    const peer = await join('loading');
    await peer.call('loading', 'work');
    await expect(join('late')).rejects.toThrow('unknown object');
    await server.close();
    await new Promise<void>((resolve, reject) => {
      server.listen((error) => (error === undefined ? resolve() : reject(error as Error)));
    });
    expect(await (await join('late')).call('late', 'work')).toBe('worked');
  });
});

const Instrument = DiscoveryService.createDecorator<{ unit: string }>();

@PyroController({ objectId: 'scale', instanceMode: 'single' })
@Instrument({ unit: 'g' })
class Scale {
  @PyroMethod() read(): number {
    return 7;
  }
}
@PyroController({ objectId: 'directory', instanceMode: 'single' })
class Directory {
  constructor(private readonly discovery: DiscoveryService) {}
  @PyroMethod() instruments(): unknown {
    const found = this.discovery.getProviders({ metadataKey: Instrument.KEY });
    return found.map((wrapper) => [wrapper.name, this.discovery.getMetadataByDecorator(Instrument, wrapper)?.unit]);
  }
}

it('DiscoveryService finds objects by their decorators', async () => {
  const { join } = await serve({ imports: [DiscoveryModule], providers: [Scale, Directory] });
  expect(await (await join('directory')).call('directory', 'instruments')).toEqual([['Scale', 'g']]);
});

const Guarded = (wireName: string): MethodDecorator & ClassDecorator =>
  applyDecorators(PyroMethod(wireName) as MethodDecorator, UseGuards(notingGuard('composed')));

@PyroController({ objectId: 'composed', instanceMode: 'single' })
class Composed {
  @Guarded('run_it') run(): string {
    return 'run';
  }
}

it('applyDecorators composes decorators of objects with those of Nest', async () => {
  const { join } = await serve({ providers: [Composed] });
  expect(await (await join('composed')).call('composed', 'run_it')).toBe('run');
  expect(log).toEqual(['composed guard rpc Composed.run']);
});

@PyroController({ objectId: 'doors', instanceMode: 'single' })
@Controller('doors')
class TwoDoors {
  private count = 0;
  @Get()
  @PyroMethod()
  enter(): { count: number } {
    return { count: ++this.count };
  }
}

it('a controller serves HTTP and Pyro with the same methods', async () => {
  const { app, join } = await serve({ controllers: [TwoDoors] });
  app.setGlobalPrefix('api');
  await app.listen(0, '127.0.0.1');
  expect(await (await join('doors')).call('doors', 'enter')).toEqual({ count: 1 });
  const response = await fetch(`${await app.getUrl()}/doors`);
  expect(await response.json()).toEqual({ count: 2 });
});
