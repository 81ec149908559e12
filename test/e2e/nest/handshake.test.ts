import {
  type CanActivate,
  type ExecutionContext,
  Inject,
  Injectable,
  Module,
  Scope,
  ServiceUnavailableException,
  UnauthorizedException,
} from '@nestjs/common';
import { APP_GUARD, Reflector, REQUEST } from '@nestjs/core';
import { Ctx, RpcException } from '@nestjs/microservices';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  CommunicationError,
  PyroContext,
  PyroController,
  type PyroDaemon,
  PyroException,
  PyroHandshakeContext,
  PyroMethod,
  UseHandshakeGuards,
} from '../../../lib/index.js';
import { SessionConnection } from '../../../lib/daemon/connection/session-connection.js';
import { ScriptedPeer, valueOf } from '../../../lib/testing/index.js';
import { closeAfter, eventually, moduleOf, serve } from './fixtures.js';

let log: string[] = [];
beforeEach(() => {
  log = [];
});

@Injectable()
class Users {
  byToken(token: string): { name: string } | undefined {
    return token.startsWith('token-') ? { name: token.slice(6) } : undefined;
  }
}

@Injectable()
class TokenGuard implements CanActivate {
  constructor(private readonly users: Users) {}
  canActivate(context: ExecutionContext): boolean {
    const handshake = PyroHandshakeContext.from(context);
    log.push(
      `token ${handshake.objectId} ${context.getType<string>()} ${context.getClass().name} ${handshake.connection instanceof SessionConnection}`,
    );
    if (handshake.data === 'throw') throw new UnauthorizedException('bad token');
    if (handshake.data === 'pyro') throw new PyroException('builtins.ValueError', ['a reason']);
    if (typeof handshake.data !== 'string') return false;
    const user = this.users.byToken(handshake.data);
    if (!user) return false;
    handshake.setPrincipal(user);
    handshake.setResponse({ welcome: user.name });
    return true;
  }
}

@PyroController('guarded')
@UseHandshakeGuards(TokenGuard)
class Guarded {
  @PyroMethod() who(@Ctx() ctx: PyroContext): unknown {
    return ctx.principal;
  }
}

@PyroController('open')
class Open {
  @PyroMethod() who(@Ctx() ctx: PyroContext): unknown {
    return ctx.principal;
  }
}

const refusal = async (location: string, object: string, handshake: unknown): Promise<string> => {
  const peer = await ScriptedPeer.open(location);
  closeAfter(() => peer.destroy());
  peer.connect(object, handshake);
  return String(valueOf(await peer.next()));
};

describe('handshake guards of an object', () => {
  it('a handshake guard sets the principal and the answer to the client', async () => {
    const { server } = await serve({ providers: [Guarded, Users, TokenGuard] });
    const peer = await ScriptedPeer.open(server.unwrap<PyroDaemon>().locationStr);
    closeAfter(() => peer.destroy());
    peer.connect('guarded', 'token-ann');
    expect(valueOf(await peer.next())).toMatchObject({ handshake: { welcome: 'ann' } });
    expect(await peer.call('guarded', 'who')).toEqual({ name: 'ann' });
    expect(await peer.call('guarded', 'who')).toEqual({ name: 'ann' });
    expect(log).toEqual(['token guarded pyro-handshake Guarded true']);
  });

  it('a handshake guard may answer None, and the default without a response', async () => {
    const answering = {
      canActivate(context: ExecutionContext): boolean {
        const handshake = PyroHandshakeContext.from(context);
        handshake.setResponse(handshake.data === 'none' ? null : undefined);
        return true;
      },
    };
    const { server } = await serve({ providers: [Open] }, { handshakeGuards: [answering] });
    const { locationStr } = server.unwrap<PyroDaemon>();
    for (const [data, answer] of [
      ['none', null],
      ['nothing', 'hello'],
    ]) {
      const peer = await ScriptedPeer.open(locationStr);
      closeAfter(() => peer.destroy());
      peer.connect('open', data);
      expect(valueOf(await peer.next())).toMatchObject({ handshake: answer });
    }
  });

  it('a handshake guard refuses with "Forbidden resource", or with the error that it throws', async () => {
    const { server } = await serve({ providers: [Guarded, Users, TokenGuard] });
    const { locationStr } = server.unwrap<PyroDaemon>();
    expect(await refusal(locationStr, 'guarded', 'wrong')).toBe('Forbidden resource');
    expect(await refusal(locationStr, 'guarded', { not: 'a string' })).toBe('Forbidden resource');
    expect(await refusal(locationStr, 'guarded', 'throw')).toBe('bad token');
    expect(await refusal(locationStr, 'guarded', 'pyro')).toBe('a reason');
  });

  it('a handshake guard that fails by accident shows its error to the server and not to the client', async () => {
    const failing = {
      canActivate(context: ExecutionContext): boolean {
        const { data } = PyroHandshakeContext.from(context);
        if (data === 'bug') return (data as unknown as { user: { name: string } }).user.name === 'ann';
        if (data === 'database') throw Object.assign(new Error('connect ECONNREFUSED 10.0.0.7:5432'), { code: 'ECONNREFUSED' });
        if (data === 'remote') throw new CommunicationError('cannot reach 10.0.0.8:9090', { sent: false });
        if (data === 'plain') throw new Error('no such user');
        if (data === 'pyro') throw new CommunicationError('a certificate is needed');
        // oxlint-disable-next-line typescript/only-throw-error -- users may throw anything
        if (data === 'text') throw 'the password is 1234';
        if (data === 'rpc') throw new RpcException('ask for a token');
        throw new ServiceUnavailableException('the token service is down');
      },
    };
    @PyroController('failing')
    @UseHandshakeGuards(failing)
    class Failing {
      @PyroMethod() method(): void {}
    }
    const accidents: Error[] = [];
    const refused: Error[] = [];
    const { server, join } = await serve(
      { providers: [Failing, Open] },
      {
        prepare: (_app, pyro) => {
          pyro.on('error', (error) => accidents.push(error));
          pyro.on('handshakeFailed', (error) => refused.push(error));
        },
      },
    );
    const { locationStr } = server.unwrap<PyroDaemon>();
    for (const accident of ['bug', 'database', 'remote', 'text'])
      expect(await refusal(locationStr, 'failing', accident)).toBe('Internal server error');
    expect(accidents.map(({ message }) => message)).toEqual([
      "a handshake guard of Failing failed: Cannot read properties of undefined (reading 'name')",
      'a handshake guard of Failing failed: connect ECONNREFUSED 10.0.0.7:5432',
      'a handshake guard of Failing failed: cannot reach 10.0.0.8:9090',
      'a handshake guard of Failing failed: the password is 1234',
    ]);
    expect(accidents[0]!.stack).toContain('canActivate');
    const late = await (await join('open', 'database')).fail('failing', 'method');
    expect(late).toMatchObject({ pythonType: 'Pyro5.errors.SecurityError', args: ['Internal server error'] });
    expect(late.frame.data.toString()).not.toContain('10.0.0.7');
    expect(accidents).toHaveLength(5);

    expect(await refusal(locationStr, 'failing', 'rpc')).toBe('ask for a token');
    expect(await refusal(locationStr, 'failing', 'plain')).toBe('no such user');
    expect(await refusal(locationStr, 'failing', 'pyro')).toBe('a certificate is needed');
    expect(await refusal(locationStr, 'failing', '')).toBe('the token service is down');
    expect(accidents).toHaveLength(5);
    await eventually(() => refused.length === 8);
  });

  it('a handshake guard that cannot be made refuses the connection, and only the server sees why', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class BrokenGuard implements CanActivate {
      constructor() {
        throw new Error('no file /etc/secret');
      }
      canActivate(): boolean {
        return true;
      }
    }
    @PyroController('broken')
    @UseHandshakeGuards(BrokenGuard)
    class Thing {
      @PyroMethod() method(): void {}
    }
    const accidents: string[] = [];
    const { server } = await serve(
      { providers: [Thing, BrokenGuard] },
      { prepare: (_app, pyro) => pyro.on('error', ({ message }) => accidents.push(message)) },
    );
    expect(await refusal(server.unwrap<PyroDaemon>().locationStr, 'broken', 'x')).toBe('Internal server error');
    expect(accidents).toEqual(['a handshake guard of Thing failed: no file /etc/secret']);
  });

  it('the handshake guards of an object run once for connections that were accepted for another object', async () => {
    const { join } = await serve({ providers: [Guarded, Open, Users, TokenGuard] });
    const stranger = await join('open', 'nobody');
    const failure = await stranger.fail('guarded', 'who');
    expect(failure.pythonType).toBe('Pyro5.errors.SecurityError');
    expect(failure.message).toContain('Forbidden resource');
    const friend = await join('open', 'token-bob');
    expect(await friend.call('guarded', 'who')).toEqual({ name: 'bob' });
    expect(await friend.call('open', 'who')).toBeNull();
    expect(await friend.call('guarded', 'who')).toEqual({ name: 'bob' });
    expect(log.filter((line) => line.startsWith('token guarded'))).toHaveLength(2);
  });

  it('a handshake guard need not be a provider', async () => {
    const { join } = await serve({ providers: [Guarded, Users] });
    expect(await (await join('guarded', 'token-eve')).call('guarded', 'who')).toEqual({ name: 'eve' });
  });

  it('a handshake guard may come from another module', async () => {
    @Module({ providers: [Users, TokenGuard], exports: [TokenGuard] })
    class AuthModule {}
    const { join } = await serve({ imports: [AuthModule], providers: [Guarded] });
    expect(await (await join('guarded', 'token-eve')).call('guarded', 'who')).toEqual({ name: 'eve' });
  });

  it('a handshake guard may be an instance', async () => {
    const guard = { canActivate: (context: ExecutionContext) => PyroHandshakeContext.from(context).data === 'open' };
    @PyroController('instance')
    @UseHandshakeGuards(guard)
    class Thing {
      @PyroMethod() method(): string {
        return 'ok';
      }
    }
    const { join, server } = await serve({ providers: [Thing] });
    expect(await (await join('instance', 'open')).call('instance', 'method')).toBe('ok');
    expect(await refusal(server.unwrap<PyroDaemon>().locationStr, 'instance', 'shut')).toBe('Forbidden resource');
  });

  it.each([true, false])('a handshake guard may be request-scoped (provided: %s)', async (isProvided) => {
    @Injectable({ scope: Scope.REQUEST })
    class ScopedGuard implements CanActivate {
      constructor(@Inject(REQUEST) private readonly connection: unknown) {}
      canActivate(context: ExecutionContext): boolean {
        log.push(`scoped ${this.connection === PyroHandshakeContext.from(context).connection}`);
        return true;
      }
    }
    @PyroController('scoped')
    @UseHandshakeGuards(ScopedGuard)
    class Thing {
      @PyroMethod() method(): string {
        return 'ok';
      }
    }
    const { join } = await serve({ providers: isProvided ? [Thing, ScopedGuard] : [Thing] });
    await join('scoped');
    await join('scoped');
    expect(log).toEqual(['scoped true', 'scoped true']);
  });

  it('a handshake guard that is no provider may depend on request-scoped providers', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class Dependency {
      constructor(@Inject(REQUEST) readonly connection: unknown) {}
    }
    @Injectable()
    class DependentGuard implements CanActivate {
      constructor(private readonly dependency: Dependency) {}
      canActivate(): boolean {
        log.push(`dependent ${this.dependency.connection instanceof SessionConnection}`);
        return true;
      }
    }
    @PyroController('dependent')
    @UseHandshakeGuards(DependentGuard)
    class Thing {
      @PyroMethod() method(): string {
        return 'ok';
      }
    }
    const { join } = await serve({ providers: [Thing, Dependency] });
    await join('dependent');
    expect(log).toEqual(['dependent true']);
  });

  it('a handshake guard that Nest cannot make stops the start', async () => {
    await expect(serve({ providers: [Guarded] })).rejects.toThrow(/Nest can't resolve dependencies of the TokenGuard/);
  });

  it('a handshake guard sees metadata of the class', async () => {
    @Injectable()
    class MetaGuard implements CanActivate {
      constructor(private readonly reflector: Reflector) {}
      canActivate(context: ExecutionContext): boolean {
        return this.reflector.get('open', context.getClass()) === true;
      }
    }
    const { SetMetadata } = await import('@nestjs/common');
    @PyroController('meta')
    @SetMetadata('open', true)
    @UseHandshakeGuards(MetaGuard)
    class Thing {
      @PyroMethod() method(): string {
        return 'ok';
      }
    }
    const { join } = await serve({ providers: [Thing] });
    expect(await (await join('meta')).call('meta', 'method')).toBe('ok');
  });
});

describe('handshake guards that this version cannot read', () => {
  it('an object with handshake guards of a foreign version stops the start', async () => {
    @PyroController('foreign')
    class Foreign {
      @PyroMethod() method(): void {}
    }
    Reflect.defineMetadata(Symbol('pyro:handshake-guards'), [TokenGuard], Foreign);
    await expect(serve({ providers: [Foreign] })).rejects.toThrow(
      'Foreign has handshake guards of another version of nestjs-pyro, which this version cannot read: it would authorize every client.',
    );
  });
});

describe('handshake guards of a server', () => {
  it('handshake guards of a server run for every connection and object, before those of the object', async () => {
    const first = {
      canActivate: (context: ExecutionContext): boolean => {
        const { data, objectId } = PyroHandshakeContext.from(context);
        log.push(`server ${objectId}`);
        return data !== 'banned';
      },
    };
    const { join, server } = await serve({ providers: [Guarded, Open, Users, TokenGuard] }, { handshakeGuards: [first] });
    await join('guarded', 'token-ann');
    expect(log).toEqual(['server guarded', 'token guarded pyro-handshake Guarded true']);
    const { locationStr } = server.unwrap<PyroDaemon>();
    for (const object of ['open', 'Pyro.Daemon', 'unknown'])
      expect(await refusal(locationStr, object, 'banned')).toBe('Forbidden resource');
  });

  it('handshake guards of a server come from Nest, and set a principal when the object’s guards set none', async () => {
    const { join, server } = await serve(
      { imports: [moduleOf({ providers: [Open, Users, TokenGuard] })] },
      { handshakeGuards: [TokenGuard] },
    );
    expect(await (await join('open', 'token-zoe')).call('open', 'who')).toEqual({ name: 'zoe' });
    expect(await refusal(server.unwrap<PyroDaemon>().locationStr, 'open', 'wrong')).toBe('Forbidden resource');
  });

  it('the server emits an event for a refused handshake', async () => {
    const refused: string[] = [];
    const { server } = await serve(
      { providers: [Open] },
      {
        handshakeGuards: [{ canActivate: () => false }],
        prepare: (_app, pyro) => pyro.on('handshakeFailed', ({ message }) => refused.push(message)),
      },
    );
    await refusal(server.unwrap<PyroDaemon>().locationStr, 'open', 'x');
    await eventually(() => refused.length === 1);
    expect(refused).toEqual(['Forbidden resource']);
  });

  it('handshake guards do not run APP_GUARDs', async () => {
    const guard = { canActivate: () => log.push('app guard') > 0 };
    const { join } = await serve({ providers: [Guarded, Users, TokenGuard, { provide: APP_GUARD, useValue: guard }] });
    const peer = await join('guarded', 'token-ann');
    expect(log).not.toContain('app guard');
    await peer.call('guarded', 'who');
    expect(log).toContain('app guard');
  });
});

it('PyroHandshakeContext.from refuses other contexts', async () => {
  class CallGuard implements CanActivate {
    canActivate(context: ExecutionContext): boolean {
      return PyroHandshakeContext.from(context) !== undefined;
    }
  }
  const { UseGuards } = await import('@nestjs/common');
  @PyroController('call')
  @UseGuards(CallGuard)
  class Thing {
    @PyroMethod() method(): void {}
  }
  const { join } = await serve({ providers: [Thing] });
  expect((await (await join('call')).fail('call', 'method')).message).toContain('this context is of type "rpc"');
});
