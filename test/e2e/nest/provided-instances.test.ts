import {
  type CanActivate,
  type ExecutionContext,
  Inject,
  Injectable,
  Logger,
  ParseIntPipe,
  Scope,
  SetMetadata,
  UseGuards,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { Ctx, Payload } from '@nestjs/microservices';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { expose, PyroDaemon, PyroProxy } from '../../../lib/core.js';
import { PyroContext, PyroController, PyroMethod, PyroModule, PyroProperty, UseHandshakeGuards } from '../../../lib/index.js';
import { callWith, closeAfter, eventually, serve, serveBy, type Way } from './fixtures.js';

const REFUSED = 'Forbidden resource';

@Injectable()
class Never implements CanActivate {
  canActivate(): boolean {
    return false;
  }
}

const warnings = (): (() => string[]) => {
  const warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
  return () => warn.mock.calls.map(String);
};

afterEach(() => {
  vi.restoreAllMocks();
});

type Mode = 'single' | 'session' | 'percall';
const MODES: Mode[] = ['single', 'session', 'percall'];
const SCOPED_MODES: Mode[] = ['session', 'percall'];

function cameraOf(instanceMode: Mode) {
  @PyroController({ objectId: 'cam', instanceMode })
  class Camera {
    @PyroMethod() read(): string {
      return 'open';
    }
  }
  @UseHandshakeGuards(Never)
  class Guarded extends Camera {
    override read(): string {
      return 'secret';
    }
  }
  return { Camera, Guarded };
}

describe('handshake guards of the class that a provider gives', () => {
  it.each(MODES)('a provider with useClass has the handshake guards of its class (%s)', async (mode) => {
    const { Camera, Guarded } = cameraOf(mode);
    const { join } = await serve({ providers: [{ provide: Camera, useClass: Guarded }] });
    await expect(join('cam')).rejects.toThrow(REFUSED);
  });

  it('a value and the object of a factory have the handshake guards of their class', async () => {
    const { Camera, Guarded } = cameraOf('single');
    for (const given of [{ useValue: new Guarded() }, { useFactory: () => new Guarded() }]) {
      const { join } = await serve({ imports: [PyroModule], providers: [{ provide: Camera, ...given }] });
      await expect(join('cam')).rejects.toThrow(REFUSED);
    }
  });

  it.each(MODES)('the class or value by which a test overrides a provider has its handshake guards (%s)', async (mode) => {
    const { Camera, Guarded } = cameraOf(mode);
    for (const way of ['testing', 'testing standalone'] satisfies Way[]) {
      const byClass = await serveBy(
        way,
        { providers: [Camera] },
        { override: (builder) => builder.overrideProvider(Camera).useClass(Guarded) },
      );
      await expect(byClass.join('cam')).rejects.toThrow(REFUSED);
      const value = new Guarded();
      const byValue = await serveBy(
        way,
        { providers: [Camera] },
        { override: (builder) => builder.overrideProvider(Camera).useValue(value) },
      );
      await expect(byValue.join('cam')).rejects.toThrow(REFUSED);
    }
  });

  it.each(SCOPED_MODES)('an instance of a factory whose handshake guards could not run refuses each call (%s)', async (mode) => {
    const { Camera, Guarded } = cameraOf(mode);
    const factory = { provide: Camera, scope: Scope.REQUEST, useFactory: () => new Guarded() };
    const { join } = await serve({ imports: [PyroModule], providers: [factory] });
    const { message } = await (await join('cam')).fail('cam', 'read');
    expect(message).toContain('an instance of Guarded is served as Camera and has @UseHandshakeGuards, which did not run');
  });
});

describe('the class that a provider really gives', () => {
  @PyroController({ objectId: 'cam', instanceMode: 'single' })
  class Camera {
    @PyroMethod() read(): string {
      return 'open';
    }
    @PyroMethod() other(): number {
      return 1;
    }
  }

  it('the @PyroController of the given class holds, with its guards and members, and there is no warning', async () => {
    @PyroController({ objectId: 'secure', instanceMode: 'single' })
    @UseHandshakeGuards(Never)
    class Secure extends Camera {
      @PyroMethod() extra(): number {
        return 2;
      }
    }
    const told = warnings();
    for (const provider of [
      { provide: Camera, useFactory: () => new Secure() },
      { provide: Camera, useValue: new Secure() },
      { provide: Camera, useClass: Secure },
    ]) {
      const { join, server } = await serve({ imports: [PyroModule], providers: [provider] });
      expect(server.objects.map(({ objectId }) => objectId)).toEqual(['secure']);
      expect(server.objects[0]!.metadata.methods).toEqual(new Set(['read', 'other', 'extra']));
      await expect(join('secure')).rejects.toThrow(REFUSED);
    }
    expect(told().join()).not.toContain('nobody serves it');
  });

  it('handshake guards of the given class run after those of the class with @PyroController, and see its metadata', async () => {
    const seen: unknown[] = [];
    @Injectable()
    class Noting implements CanActivate {
      constructor(private readonly reflector: Reflector) {}
      canActivate(context: ExecutionContext): boolean {
        seen.push(this.reflector.get<string>('room', context.getClass()));
        return true;
      }
    }
    class Second extends Noting {}
    @PyroController({ objectId: 'lamp', instanceMode: 'single' })
    @UseHandshakeGuards(Noting)
    class Lamp {
      @PyroMethod() read(): number {
        return 1;
      }
    }
    @UseHandshakeGuards(Second)
    @SetMetadata('room', 'dark')
    class DarkLamp extends Lamp {}
    const { server, join } = await serve({ providers: [{ provide: Lamp, useClass: DarkLamp }] });
    expect(server.objects[0]!.handshakeGuards).toEqual([Noting, Second]);
    expect(await (await join('lamp')).call('lamp', 'read')).toBe(1);
    expect(seen).toEqual(['dark', 'dark']);
  });

  it('a stand-in that extends nothing keeps the handshake guards and members of the class that it replaces', async () => {
    @PyroController({ objectId: 'closed', instanceMode: 'single' })
    @UseHandshakeGuards(Never)
    class Closed {
      @PyroMethod() read(): string {
        return 'closed';
      }
    }
    class StandIn {
      read(): string {
        return 'stand-in';
      }
    }
    const metadata = { imports: [PyroModule], providers: [Closed] };
    const byClass = await serveBy('testing', metadata, { override: (b) => b.overrideProvider(Closed).useClass(StandIn) });
    await expect(byClass.join('closed')).rejects.toThrow(REFUSED);
    const open = await serveBy('testing', metadata, {
      override: (b) =>
        b
          .overrideProvider(Closed)
          .useClass(StandIn)
          .overrideGuard(Never)
          .useValue({ canActivate: () => true }),
    });
    expect(await (await open.join('closed')).call('closed', 'read')).toBe('stand-in');
  });
});

describe('members of the class that a provider makes', () => {
  const log: string[] = [];
  function axisOf(instanceMode: Mode) {
    @PyroController({ objectId: 'axis', instanceMode })
    class Axis {
      @PyroMethod() set(position: unknown, unit = 'mm'): string {
        return `${typeof position} ${unit}`;
      }
      @PyroMethod() who(name: unknown, _more: unknown = null): string {
        return String(name);
      }
      @PyroProperty() get gain(): number {
        return 1;
      }
    }
    class Stage extends Axis {
      override set(@Payload('position', ParseIntPipe) position: unknown): string {
        return `stage ${typeof position}`;
      }
      override who(@Ctx() context: unknown, name?: unknown): string {
        return `${String(context instanceof PyroContext)} ${String(name)}`;
      }
      override get gain(): number {
        return 2;
      }
      @PyroMethod() extra(): string {
        return 'extra';
      }
      @PyroProperty() get state(): string {
        return 'ready';
      }
      onPyroConnect(): void {
        log.push('connect');
      }
      onPyroHousekeeping(): void {
        log.push('housekeeping');
      }
    }
    return { Axis, Stage };
  }

  it.each(MODES)('useClass: the object has the parameters, pipes and members of the class (%s)', async (mode) => {
    const { Axis, Stage } = axisOf(mode);
    const told = warnings();
    const { join, server } = await serve({ providers: [{ provide: Axis, useClass: Stage }] });
    expect(server.objects[0]!.metadata.methods).toEqual(new Set(['set', 'who', 'extra']));
    const peer = await join('axis');
    expect(await peer.call('axis', 'set', '12')).toBe('stage number');
    expect(await callWith(peer, 'axis', 'set', [], { position: '12', unit: 'cm' })).toBe('stage number');
    expect((await peer.fail('axis', 'set', 'abc')).message).toContain('numeric string is expected');
    expect(await peer.call('axis', 'who', 'ann')).toBe('true ann');
    expect(await peer.call('axis', 'extra')).toBe('extra');
    expect(await peer.call('axis', '__getattr__', 'gain')).toBe(2);
    expect(await peer.call('axis', '__getattr__', 'state')).toBe('ready');
    expect(told().join()).not.toContain('nobody serves it');
  });

  it('a value or factory whose class has pipe classes stops the start, since Nest does not make the pipes', async () => {
    const { Axis, Stage } = axisOf('single');
    for (const given of [{ useValue: new Stage() }, { useFactory: () => new Stage() }])
      await expect(serve({ imports: [PyroModule], providers: [{ provide: Axis, ...given }] })).rejects.toThrow(
        'Stage uses ParseIntPipe, which Nest does not know',
      );
  });

  it.each(['single', 'session'] as const)('useClass: the object has the hooks of the class (%s)', async (mode) => {
    const { Axis, Stage } = axisOf(mode);
    log.length = 0;
    const { join } = await serve({ providers: [{ provide: Axis, useClass: Stage }] }, { housekeepingIntervalMs: 5 });
    await join('axis');
    expect(log.filter((line) => line === 'connect')).toEqual(['connect']);
    await eventually(() => log.includes('housekeeping'));
  });

  it.each(SCOPED_MODES)('an instance of a factory that decorates parameters anew refuses the call (%s)', async (mode) => {
    const { Axis, Stage } = axisOf(mode);
    const factory = { provide: Axis, scope: Scope.REQUEST, useFactory: () => new Stage() };
    const { join } = await serve({ imports: [PyroModule], providers: [factory] });
    const peer = await join('axis');
    expect((await peer.fail('axis', 'set', '12')).message).toContain(
      'an instance of Stage is served as Axis and decorates the parameters of set, which were not known at the start',
    );
    expect(await peer.call('axis', '__getattr__', 'gain')).toBe(2);
  });

  it('onPyroHousekeeping runs on the instances of a factory, whose class only the factory knows', async () => {
    const { Axis, Stage } = axisOf('session');
    log.length = 0;
    const factory = { provide: Axis, scope: Scope.REQUEST, useFactory: () => new Stage() };
    const { join } = await serve({ imports: [PyroModule], providers: [factory] }, { housekeepingIntervalMs: 5 });
    await (await join('axis')).call('axis', '__getattr__', 'gain');
    await eventually(() => log.includes('housekeeping'));
  });
});

it('a method that the class of the instances decorates anew has the guards of both methods', async () => {
  @PyroController({ objectId: 'door', instanceMode: 'single' })
  class Door {
    @UseGuards(Never) @PyroMethod() open(): string {
      return 'open';
    }
    @PyroProperty({ guards: [Never] }) get state(): string {
      return 'open';
    }
    @PyroMethod() name(): string {
      return 'door';
    }
  }
  class Gate extends Door {
    @PyroMethod() override open(): string {
      return 'gate';
    }
    @PyroProperty() override get state(): string {
      return 'gate';
    }
    @PyroMethod({ name: 'called' }) override name(): string {
      return 'gate';
    }
  }
  // Nest has scanned Door, so it knows the guards of Door
  const { join } = await serveBy('testing', { providers: [Door] }, { override: (b) => b.overrideProvider(Door).useClass(Gate) });
  const peer = await join('door');
  expect((await peer.fail('door', 'open')).message).toContain(REFUSED);
  expect((await peer.fail('door', '__getattr__', 'state')).message).toContain(REFUSED);
  expect(await peer.call('door', 'called')).toBe('gate');
});

describe('remote objects under the class of a @PyroController', () => {
  class Real {
    read(): string {
      return 'remote value';
    }
  }
  expose(Real);

  it.each(MODES)('remote objects are not served, only injected (%s)', async (instanceMode) => {
    const remote = new PyroDaemon({
      host: '127.0.0.1',
      port: 0,
      validateHandshake: ({ data }) => {
        if (data !== 'secret') throw new Error('token, please');
      },
    });
    await remote.start();
    closeAfter(() => remote.close());
    remote.register(new Real(), 'cam');
    const uri = String(remote.uriFor('cam'));
    @PyroController({ objectId: 'cam', instanceMode })
    class Camera {
      @PyroMethod() read(): unknown {
        return 'local';
      }
    }
    class Plain {
      @PyroMethod() read(): void {}
    }
    @PyroController({ objectId: 'own', instanceMode: 'single' })
    class Own {
      constructor(private readonly camera: Camera) {}
      @PyroMethod() ask(): unknown {
        return this.camera.read();
      }
    }
    const told = warnings();
    const value = PyroProxy.to(uri, { handshake: 'secret' });
    closeAfter(() => value.$release());
    for (const metadata of [
      {
        imports: [PyroModule.forFeature([Camera, Plain].map((token) => ({ token, uri, handshake: 'secret' })))],
        providers: [Own],
      },
      { imports: [PyroModule], providers: [Own, { provide: Camera, useValue: value }] },
      { imports: [PyroModule], providers: [Own, { provide: Camera, useFactory: () => value }] },
    ]) {
      const { server, join } = await serve(metadata);
      expect(server.objects.map(({ objectId }) => objectId)).toEqual(['own']);
      await expect(join('cam')).rejects.toThrow('unknown object');
      expect(await (await join('own')).call('own', 'ask')).toBe('remote value');
    }
    expect(told().filter((text) => /Camera|Plain/.test(text))).toEqual([]);
  });

  it('a remote object that a factory gives for a connection refuses the call', async () => {
    const remote = new PyroDaemon({ host: '127.0.0.1', port: 0 });
    await remote.start();
    closeAfter(() => remote.close());
    remote.register(new Real(), 'cam');
    @PyroController({ objectId: 'cam', instanceMode: 'session' })
    class Camera {
      @PyroMethod() read(): unknown {
        return 'local';
      }
    }
    const useFactory = (): PyroProxy => PyroProxy.to(remote.uriFor('cam'));
    const { join } = await serve({
      imports: [PyroModule],
      providers: [{ provide: Camera, scope: Scope.REQUEST, useFactory }],
    });
    expect((await (await join('cam')).fail('cam', 'read')).message).toContain('is an object of another server');
  });

  it('a remote object of one session gets no hooks, and is released at the end of the session', async () => {
    class Hooked extends Real {
      onPyroConnect(): void {
        log.push('connect');
      }
      onPyroDisconnect(): void {
        log.push('disconnect');
      }
    }
    const log: string[] = [];
    expose(Hooked);
    const remote = new PyroDaemon({ host: '127.0.0.1', port: 0 });
    await remote.start();
    closeAfter(() => remote.close());
    remote.register(new Hooked(), 'cam');
    let made: PyroProxy | undefined;
    const useFactory = (): PyroProxy => (made = PyroProxy.to(remote.uriFor('cam')));
    @PyroController({ objectId: 'own', instanceMode: 'session' })
    class Own {
      constructor(@Inject('CAM') private readonly camera: { read(): unknown }) {}
      @PyroMethod() ask(): unknown {
        return this.camera.read();
      }
    }
    const { join } = await serve({ providers: [Own, { provide: 'CAM', scope: Scope.REQUEST, useFactory }] });
    const peer = await join('own');
    expect(await peer.call('own', 'ask')).toBe('remote value');
    peer.end();
    await eventually(() => made?.$connected === false);
    expect(log).toEqual([]);
  });
});
