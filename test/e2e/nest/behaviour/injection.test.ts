import {
  type CanActivate,
  type DynamicModule,
  type ExecutionContext,
  forwardRef,
  Global,
  Inject,
  Injectable,
  Module,
  Optional,
  Scope,
  type Type,
  UseGuards,
} from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { ContextIdFactory, INQUIRER, ModuleRef, REQUEST } from '@nestjs/core';
import { afterEach, describe, expect, it } from 'vitest';
import { type PyroConnection, PyroDaemon } from '../../../../lib/core.js';
import { PyroContext, PyroController, PyroHandshakeContext, PyroMethod, UseHandshakeGuards } from '../../../../lib/index.js';
import { SessionConnection } from '../../../../lib/daemon/connection/session-connection.js';
import { eventually, moduleOf, serveBy, serveForAll, WAYS } from '../fixtures.js';
import { log } from './noting.js';

const MODES = ['session', 'single', 'percall'] as const;
const soon = async <T>(value: T): Promise<T> => {
  await new Promise((resolve) => setTimeout(resolve, 2));
  return value;
};

@Injectable()
class Plain {
  readonly name = 'plain';
}
@Injectable({ scope: Scope.TRANSIENT })
class Transient {
  private static count = 0;
  readonly number = ++Transient.count;
  constructor(@Inject(INQUIRER) readonly inquirer: object) {}
}
@Injectable({ scope: Scope.REQUEST })
class Scoped {
  constructor(
    @Inject(REQUEST) readonly request: object,
    @Inject(INQUIRER) readonly inquirer: unknown,
  ) {}
}
@Injectable()
class Indirect {
  constructor(readonly scoped: Scoped) {}
}
@Injectable()
class Hen {
  constructor(@Inject(forwardRef(() => Egg)) readonly egg: { hen: object }) {}
}
@Injectable()
class Egg {
  constructor(@Inject(forwardRef(() => Hen)) readonly hen: Hen) {}
}

@Global()
@Module({ providers: [{ provide: 'GLOBAL', useValue: 'from a global module' }], exports: ['GLOBAL'] })
class GlobalModule {}

@Module({})
class DynamicSource {
  static with(value: string): DynamicModule {
    return { module: DynamicSource, providers: [{ provide: 'DYNAMIC', useValue: value }], exports: ['DYNAMIC'] };
  }
}

@PyroController('helper', { instanceMode: 'single' })
class Helper {
  @PyroMethod() help(): string {
    return 'helped';
  }
}

function objectOf(mode: (typeof MODES)[number]): Type {
  @PyroController(mode, { instanceMode: mode })
  class Everything {
    @Inject('PROPERTY') private readonly property!: string;

    constructor(
      private readonly plain: Plain,
      private readonly transient: Transient,
      private readonly other: Transient,
      private readonly scoped: Scoped,
      private readonly indirect: Indirect,
      private readonly hen: Hen,
      @Inject('ALIAS') private readonly alias: Plain,
      @Inject('ASYNC') private readonly asynchronous: string,
      @Inject('SCOPED ASYNC') private readonly scopedAsync: object,
      @Inject('GLOBAL') private readonly global: string,
      @Inject('DYNAMIC') private readonly dynamic: string,
      @Optional() @Inject('MISSING') private readonly missing: unknown,
      private readonly ref: ModuleRef,
      private readonly config: ConfigService,
      private readonly helper: Helper,
    ) {}

    @PyroMethod() wiring(): unknown {
      return [
        this.plain.name,
        this.transient === this.other,
        this.transient.inquirer instanceof Everything,
        this.indirect.scoped === this.scoped,
        this.hen.egg.hen === this.hen,
        this.alias === this.plain,
        this.asynchronous,
        this.scopedAsync === this.scoped.request,
        this.global,
        this.dynamic,
        this.missing ?? 'missing',
        this.ref.get(Plain) === this.plain,
        this.config.get('answer'),
        this.helper.help(),
        this.property,
      ];
    }
    @PyroMethod() request(): string {
      return this.scoped.request.constructor.name;
    }
    @PyroMethod() isOwnRequest(): boolean {
      const { request } = this.scoped;
      const current = PyroContext.current()!;
      return request === current || request === current.connection || request === current.daemon;
    }
  }
  return Everything;
}

const metadata = {
  imports: [
    GlobalModule,
    DynamicSource.with('dynamic'),
    ConfigModule.forRoot({ ignoreEnvFile: true, load: [() => ({ answer: 42 })] }),
  ],
  providers: [
    Plain,
    Transient,
    Scoped,
    Indirect,
    Hen,
    Egg,
    Helper,
    { provide: 'ALIAS', useExisting: Plain },
    { provide: 'PROPERTY', useValue: 'property' },
    { provide: 'ASYNC', useFactory: (plain: Plain) => soon(`async ${plain.name}`), inject: [Plain] },
    { provide: 'SCOPED ASYNC', useFactory: (request: object) => soon(request), inject: [REQUEST], scope: Scope.REQUEST },
    ...MODES.map(objectOf),
  ],
};

describe.each(WAYS)('injection into objects (%s)', (way) => {
  const served = serveForAll(way, metadata);

  it.each(MODES)('Nest injects every kind of provider into an object (%s)', async (mode) => {
    const peer = await served().join(mode);
    expect(await peer.call(mode, 'wiring')).toEqual([
      'plain',
      true,
      true,
      true,
      true,
      true,
      'async plain',
      true,
      'from a global module',
      'dynamic',
      'missing',
      true,
      42,
      'helped',
      'property',
    ]);
  });

  it.each([
    ['session', SessionConnection],
    ['single', PyroDaemon],
    ['percall', PyroContext],
  ] as const)('REQUEST of a %s object is the connection, daemon or call that the object belongs to', async (mode, type) => {
    const [one, two] = [await served().join(mode), await served().join(mode)];
    expect(await one.call(mode, 'request')).toBe(type.name);
    expect([await one.call(mode, 'isOwnRequest'), await two.call(mode, 'isOwnRequest')]).toEqual([true, true]);
  });
});

describe.each(WAYS)('modules that import each other (%s)', (way) => {
  it('a server serves objects of modules that import each other', async () => {
    @Injectable()
    class Left {
      constructor(@Inject(forwardRef(() => Right)) readonly right: { name: string }) {}
      readonly name = 'left';
    }
    @Injectable()
    class Right {
      constructor(@Inject(forwardRef(() => Left)) readonly left: Left) {}
      readonly name = 'right';
    }
    @PyroController('left')
    class LeftObject {
      constructor(private readonly left: Left) {}
      @PyroMethod() other(): string {
        return this.left.right.name;
      }
    }
    @PyroController('right', { instanceMode: 'percall' })
    class RightObject {
      constructor(private readonly right: Right) {}
      @PyroMethod() other(): string {
        return this.right.left.name;
      }
    }
    @Module({ imports: [forwardRef(() => RightModule)], providers: [Left, LeftObject], exports: [Left] })
    class LeftModule {}
    @Module({ imports: [forwardRef(() => LeftModule)], providers: [Right, RightObject], exports: [Right] })
    class RightModule {}
    const { join } = await serveBy(way, { imports: [LeftModule, RightModule] });
    const peer = await join('left');
    expect([await peer.call('left', 'other'), await peer.call('right', 'other')]).toEqual(['right', 'left']);
  });
});

describe.each(WAYS)('an object that extends a decorated one (%s)', (way) => {
  const guard = (name: string): Type<CanActivate> => {
    @Injectable()
    class NamedGuard implements CanActivate {
      constructor(private readonly plain: Plain) {}
      canActivate(): boolean {
        log.push(`${name} ${this.plain.name}`);
        return true;
      }
    }
    return NamedGuard;
  };

  @PyroController('base')
  @UseGuards(guard('class guard'))
  @UseHandshakeGuards(guard('handshake guard'))
  class Base {
    protected count = 0;
    constructor(protected readonly plain: Plain) {}
    @PyroMethod() @UseGuards(guard('method guard')) next(): number {
      return ++this.count;
    }
    @PyroMethod() name(): string {
      return `base ${this.plain.name}`;
    }
    @PyroMethod('wire') renamed(): string {
      return 'base';
    }
  }
  @PyroController('derived', { instanceMode: 'single' })
  class Derived extends Base {
    constructor(
      plain: Plain,
      private readonly config: ConfigService,
    ) {
      super(plain);
    }
    @PyroMethod() override name(): string {
      return `derived ${this.plain.name} ${this.config.get('answer')}`;
    }
    override renamed(): string {
      return 'hidden';
    }
  }

  it('a subclass inherits members, enhancers and handshake guards, and may set its own instance mode', async () => {
    const { join, server } = await serveBy(way, {
      imports: [ConfigModule.forRoot({ ignoreEnvFile: true, load: [() => ({ answer: 42 })] })],
      providers: [Plain, Base, Derived],
    });
    expect(server.objects.map(({ objectId, instanceMode }) => [objectId, instanceMode])).toEqual([
      ['base', 'session'],
      ['derived', 'single'],
    ]);
    const [one, two] = [await join('derived'), await join('derived')];
    expect([await one.call('derived', 'next'), await two.call('derived', 'next')]).toEqual([1, 2]);
    expect(await one.call('derived', 'name')).toBe('derived plain 42');
    expect((await one.fail('derived', 'wire')).pythonType).toBe('builtins.AttributeError');
    expect(log.filter((line) => line.startsWith('handshake'))).toHaveLength(2);
    expect(log.filter((line) => line.startsWith('class'))).toHaveLength(3);
    expect(log.filter((line) => line.startsWith('method'))).toHaveLength(2);
    const base = await join('base');
    expect([await base.call('base', 'next'), await base.call('base', 'wire')]).toEqual([1, 'base']);
  });
});

describe.each(['testing', 'testing standalone'] as const)('overrides in tests (%s)', (way) => {
  class Denied implements CanActivate {
    canActivate(): boolean {
      return false;
    }
  }
  const objects = MODES.map((mode) => {
    @PyroController(mode, { instanceMode: mode })
    class Using {
      constructor(private readonly plain: Plain) {}
      @PyroMethod() name(): string {
        return this.plain.name;
      }
      @PyroMethod() @UseGuards(Denied) denied(): string {
        return 'let in';
      }
    }
    return Using;
  });
  const providers = [Plain, ...objects];

  it.each(MODES)('test overrides replace what is injected (%s)', async (mode) => {
    const override = serveBy(way, { providers }, { override: (b) => b.overrideProvider(Plain).useValue({ name: 'mock' }) });
    expect(await (await (await override).join(mode)).call(mode, 'name')).toBe('mock');
  });

  it.each(MODES)('test overrides replace guards (%s)', async (mode) => {
    const { join } = await serveBy(
      way,
      { providers },
      { override: (builder) => builder.overrideGuard(Denied).useValue({ canActivate: () => true }) },
    );
    expect(await (await join(mode)).call(mode, 'denied')).toBe('let in');
  });

  it.each(MODES)('test overrides replace an object by a class, a value or a factory (%s)', async (mode) => {
    const type = objects[MODES.indexOf(mode)]!;
    @Injectable({ scope: mode === 'single' ? Scope.DEFAULT : Scope.REQUEST })
    class StandIn {
      private count = 0;
      name(): string {
        return `stand-in ${++this.count}`;
      }
    }
    const byClass = await serveBy(way, { providers }, { override: (b) => b.overrideProvider(type).useClass(StandIn) });
    const peer = await byClass.join(mode);
    const expected = mode === 'percall' ? ['stand-in 1', 'stand-in 1'] : ['stand-in 1', 'stand-in 2'];
    expect([await peer.call(mode, 'name'), await peer.call(mode, 'name')]).toEqual(expected);

    const value = { name: () => 'value' };
    const byValue = await serveBy(way, { providers }, { override: (b) => b.overrideProvider(type).useValue(value) });
    expect(await (await byValue.join(mode)).call(mode, 'name')).toBe('value');

    const factory = { factory: (plain: Plain) => ({ name: () => `made with ${plain.name}` }), inject: [Plain] };
    const byFactory = await serveBy(way, { providers }, { override: (b) => b.overrideProvider(type).useFactory(factory) });
    expect(await (await byFactory.join(mode)).call(mode, 'name')).toBe('made with plain');
  });

  it('test overrides replace modules', async () => {
    const real = moduleOf({ providers: [{ provide: Plain, useValue: { name: 'real' } }], exports: [Plain] });
    const fake = moduleOf({ providers: [{ provide: Plain, useValue: { name: 'fake' } }], exports: [Plain] });
    const { join } = await serveBy(
      way,
      { imports: [real], providers: objects },
      { override: (builder) => builder.overrideModule(real).useModule(fake) },
    );
    expect(await (await join('session')).call('session', 'name')).toBe('fake');
  });
});

describe.each(WAYS)('durable providers (%s)', (way) => {
  let made = 0;
  @Injectable({ scope: Scope.REQUEST, durable: true })
  class TenantStore {
    readonly number = ++made;
    count = 0;
    [Symbol.dispose](): void {
      log.push('store disposed');
    }
  }
  const objects = MODES.map((mode) => {
    @PyroController(mode, { instanceMode: mode })
    class Tenant {
      constructor(private readonly store: TenantStore) {}
      @PyroMethod() add(): number {
        return ++this.store.count;
      }
      [Symbol.dispose](): void {
        log.push('object disposed');
      }
    }
    return Tenant;
  });

  afterEach(() => {
    ContextIdFactory.apply(undefined as never);
  });

  it('durable providers live as long as their object without a ContextIdStrategy for tenants', async () => {
    const { join } = await serveBy(way, { providers: [TenantStore, ...objects] });
    const [one, two] = [await join('session'), await join('session')];
    expect([await one.call('session', 'add'), await one.call('session', 'add'), await two.call('session', 'add')]).toEqual([
      1, 2, 1,
    ]);
    one.end();
    await eventually(() => log.includes('store disposed'));
    expect(log).toEqual(['object disposed', 'store disposed']);
  });

  it('durable providers are shared by one tenant of a ContextIdStrategy, and outlive its objects', async () => {
    const tenants = new Map<unknown, ReturnType<typeof ContextIdFactory.create>>();
    ContextIdFactory.apply({
      attach: (contextId, request: PyroConnection | PyroContext) => {
        const { handshake } = request instanceof PyroContext ? request.connection : request;
        if (!tenants.has(handshake)) tenants.set(handshake, ContextIdFactory.create());
        return { resolve: (info) => (info.isTreeDurable ? tenants.get(handshake)! : contextId), payload: { tenant: handshake } };
      },
    });
    const { join } = await serveBy(way, {
      providers: [TenantStore, ...objects.filter((_object, index) => MODES[index] !== 'single')],
    });
    const [ann, annAgain, bob] = [await join('session', 'ann'), await join('session', 'ann'), await join('session', 'bob')];
    expect([await ann.call('session', 'add'), await annAgain.call('session', 'add'), await bob.call('session', 'add')]).toEqual([
      1, 2, 1,
    ]);
    expect([await ann.call('percall', 'add'), await bob.call('percall', 'add')]).toEqual([3, 2]);
    ann.end();
    annAgain.end();
    bob.end();
    await eventually(() => log.filter((line) => line === 'object disposed').length === 5);
    expect(log).not.toContain('store disposed');
  });

  it('durable providers are shared by the tenant that a handshake guard has found, however long the handshake data are', async () => {
    const tenants = new Map<unknown, ReturnType<typeof ContextIdFactory.create>>();
    ContextIdFactory.apply({
      attach: (contextId) => {
        const tenant = PyroContext.current()?.principal;
        if (tenant === undefined) return () => contextId;
        if (!tenants.has(tenant)) tenants.set(tenant, ContextIdFactory.create());
        return { resolve: (info) => (info.isTreeDurable ? tenants.get(tenant)! : contextId), payload: { tenant } };
      },
    });
    class TokenGuard implements CanActivate {
      canActivate(context: ExecutionContext): boolean {
        const handshake = PyroHandshakeContext.from(context);
        handshake.setPrincipal((handshake.data as string).slice(0, 3));
        return true;
      }
    }
    const guarded = (['session', 'percall'] as const).map((instanceMode) => {
      @PyroController(instanceMode, { instanceMode })
      @UseHandshakeGuards(TokenGuard)
      class Tenant {
        constructor(private readonly store: TenantStore) {}
        @PyroMethod() add(): number {
          return ++this.store.count;
        }
      }
      return Tenant;
    });
    const { join } = await serveBy(way, { providers: [TenantStore, ...guarded] });
    const token = (name: string): string => name.padEnd(3_000, name);
    for (const [object, first] of [
      ['session', 1],
      ['percall', 3],
    ] as const) {
      const [ann, annAgain, bob] = [
        await join(object, token('ann')),
        await join(object, token('ann')),
        await join(object, token('bob')),
      ];
      expect([await ann.call(object, 'add'), await annAgain.call(object, 'add')]).toEqual([first, first + 1]);
      expect(await bob.call(object, 'add')).toBe(object === 'session' ? 1 : 2);
    }
  });

  it.each(MODES)('the payload of a ContextIdStrategy may have the names of getters of the request (%s)', async (mode) => {
    const seen: unknown[] = [];
    @Injectable({ scope: Scope.REQUEST, durable: true })
    class Store {
      constructor(@Inject(REQUEST) readonly request: unknown) {}
    }
    @Injectable({ scope: Scope.REQUEST })
    class PerRequest {
      constructor(@Inject(REQUEST) readonly request: { tenant?: unknown; principal?: unknown }) {}
    }
    @PyroController(mode, { instanceMode: mode })
    class Tenant {
      constructor(readonly store: Store) {}
      @PyroMethod() request(): unknown {
        return this.store.request;
      }
    }
    @PyroController('scoped', { instanceMode: mode })
    class Both {
      constructor(
        readonly store: Store,
        readonly each: PerRequest,
      ) {}
      @PyroMethod() tenant(): unknown {
        seen.push(this.each.request);
        return [this.each.request.tenant, this.each.request.principal ?? null];
      }
    }
    const payload = { tenant: 'ann', principal: 'nobody', objectId: 'x', connection: 'y', remoteAddress: 'z', locationStr: 'l' };
    const tenant = ContextIdFactory.create();
    ContextIdFactory.apply({
      attach: (contextId) => ({ resolve: (info) => (info.isTreeDurable ? tenant : contextId), payload }),
    });
    const { join, server } = await serveBy(way, { providers: [Store, PerRequest, Tenant, Both] });
    const peer = await join(mode);
    expect(await peer.call(mode, 'request')).toEqual(payload);
    // of these three, only the context of a call has a principal of its own
    expect(await peer.call('scoped', 'tenant')).toEqual(['ann', mode === 'percall' ? null : 'nobody']);
    const daemon = server.unwrap<PyroDaemon>();
    expect(seen).toEqual([expect.any({ session: SessionConnection, single: PyroDaemon, percall: PyroContext }[mode])]);
    // a single object all of whose dependencies are durable leaves the daemon as it is
    expect('tenant' in daemon).toBe(mode === 'single');
    expect(daemon.locationStr).not.toBe('l');
  });
});
