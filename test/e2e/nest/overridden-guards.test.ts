import { type CanActivate, type ExecutionContext, Inject, Injectable, Scope, UseGuards } from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import { Ctx } from '@nestjs/microservices';
import type { TestingModuleBuilder } from '@nestjs/testing';
import { describe, expect, it } from 'vitest';
import {
  PyroContext,
  PyroController,
  PyroHandshakeContext,
  PyroMethod,
  PyroProperty,
  UseHandshakeGuards,
} from '../../../lib/index.js';
import { serveBy } from './fixtures.js';

@Injectable()
class Closed implements CanActivate {
  canActivate(): boolean {
    return false;
  }
}

@Injectable({ scope: Scope.REQUEST })
class ClosedPerConnection extends Closed {
  constructor(@Inject(REQUEST) readonly request: unknown) {
    super();
  }
}

@Injectable()
class Register {
  readonly user = 'Ann';
}

@Injectable()
class OpenWithUser implements CanActivate {
  constructor(private readonly register: Register) {}
  canActivate(context: ExecutionContext): boolean {
    PyroHandshakeContext.from(context).setPrincipal(this.register.user);
    return true;
  }
}

@PyroController('guarded')
@UseHandshakeGuards(Closed)
class Guarded {
  @PyroMethod() who(@Ctx() context: PyroContext): unknown {
    return context.principal ?? 'nobody';
  }
}

@PyroController({ objectId: 'single', instanceMode: 'single' })
@UseHandshakeGuards(ClosedPerConnection)
class Single {
  @PyroMethod() who(): string {
    return 'somebody';
  }
}

@PyroController('calls')
class Calls {
  @PyroMethod() @UseGuards(Closed) open(): boolean {
    return true;
  }
  @PyroProperty({ guards: [Closed] }) get state(): string {
    return 'open';
  }
}

type Override = (builder: TestingModuleBuilder) => TestingModuleBuilder;
const opened: Override = (builder) => builder.overrideGuard(Closed).useValue({ canActivate: () => true });

describe.each(['testing', 'testing standalone'] as const)('guards that a test overrides (%s)', (way) => {
  it.each([
    ['that is no provider', { providers: [Guarded] }],
    ['that is a provider', { providers: [Guarded, Closed] }],
    ['of a controller', { controllers: [Guarded] }],
  ])('overrideGuard replaces a handshake guard %s', async (_, metadata) => {
    await expect((await serveBy(way, metadata)).join('guarded')).rejects.toThrow('Forbidden resource');
    const { join } = await serveBy(way, metadata, { override: opened });
    expect(await (await join('guarded')).call('guarded', 'who')).toBe('nobody');
  });

  it('overrideGuard replaces a handshake guard by a class, with its dependencies', async () => {
    const override: Override = (builder) => builder.overrideGuard(Closed).useClass(OpenWithUser);
    const { join } = await serveBy(way, { providers: [Guarded, Register] }, { override });
    expect(await (await join('guarded')).call('guarded', 'who')).toBe('Ann');
  });

  it('overrideGuard replaces a handshake guard by the result of a factory, with its dependencies', async () => {
    const factory = (register: Register): CanActivate => new OpenWithUser(register);
    const override: Override = (builder) => builder.overrideGuard(Closed).useFactory({ factory, inject: [Register] });
    const { join } = await serveBy(way, { providers: [Guarded, Register] }, { override });
    expect(await (await join('guarded')).call('guarded', 'who')).toBe('Ann');
  });

  it('overrideGuard replaces a request-scoped handshake guard of a single object', async () => {
    const override: Override = (builder) => builder.overrideGuard(ClosedPerConnection).useValue({ canActivate: () => true });
    const { join } = await serveBy(way, { providers: [Single] }, { override });
    expect(await (await join('single')).call('single', 'who')).toBe('somebody');
    await expect((await serveBy(way, { providers: [Single] })).join('single')).rejects.toThrow('Forbidden resource');
  });

  it('overrideGuard replaces a handshake guard of the server', async () => {
    const { join } = await serveBy(way, { providers: [Calls] }, { override: opened, handshakeGuards: [Closed] });
    expect(await (await join('calls')).call('Pyro.Daemon', 'ping')).toBeNull();
  });

  it('overrideGuard refuses what the guard would authorize', async () => {
    const override: Override = (builder) => builder.overrideGuard(OpenWithUser).useValue({ canActivate: () => false });
    const options = { override, handshakeGuards: [OpenWithUser] };
    const { join } = await serveBy(way, { providers: [Calls, Register, OpenWithUser] }, options);
    await expect(join('calls')).rejects.toThrow('Forbidden resource');
  });

  it('overrideProvider replaces a handshake guard that is a provider', async () => {
    const override: Override = (builder) => builder.overrideProvider(Closed).useValue({ canActivate: () => true });
    const { join } = await serveBy(way, { providers: [Guarded, Closed] }, { override });
    expect(await (await join('guarded')).call('guarded', 'who')).toBe('nobody');
  });

  it('overrideGuard replaces the guards of methods and attributes', async () => {
    const { join } = await serveBy(way, { providers: [Calls] }, { override: opened });
    const peer = await join('calls');
    expect(await peer.call('calls', 'open')).toBe(true);
    expect(await peer.call('calls', '__getattr__', 'state')).toBe('open');
  });

  it('an override without the dependency of its factory stops the start', async () => {
    const override: Override = (builder) =>
      builder
        .overrideGuard(Closed)
        .useFactory({ factory: (register: Register) => new OpenWithUser(register), inject: [Register] });
    await expect(serveBy(way, { providers: [Guarded] }, { override })).rejects.toThrow(
      'overrideGuard: no module provides Register, which its factory injects',
    );
  });
});
