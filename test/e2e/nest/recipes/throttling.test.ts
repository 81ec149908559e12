import { type CanActivate, Controller, type ExecutionContext, Get, Injectable } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { SkipThrottle, Throttle, ThrottlerGuard, ThrottlerModule } from '@nestjs/throttler';
import { expect, it } from 'vitest';
import {
  type PyroContext,
  PyroController,
  type PyroDaemon,
  PyroHandshakeContext,
  PyroMethod,
  PyroProxy,
  type RemoteObject,
  UseHandshakeGuards,
} from '../../../../lib/index.js';
import { closeAfter, serve } from '../fixtures.js';

@PyroController('open')
class OpenObject {
  @PyroMethod() read(): number {
    return 21;
  }
  @Throttle({ default: { limit: 1 } }) @PyroMethod() home(): string {
    return 'moving';
  }
  @SkipThrottle() @PyroMethod() ping(): string {
    return 'pong';
  }
}

@Injectable()
class NameGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const handshake = PyroHandshakeContext.from(context);
    handshake.setPrincipal(handshake.data);
    return true;
  }
}

@PyroController('named')
@UseHandshakeGuards(NameGuard)
class NamedObject {
  @PyroMethod() read(): number {
    return 21;
  }
}

@Controller()
class Page {
  @Get() read(): string {
    return 'page';
  }
}

/** Counts by the principal of the handshake guards, else by the host. */
function clientOf(request: { ip?: string }, context: ExecutionContext): string {
  if (context.getType() === 'http') return request.ip!;
  const { principal, connection } = context.switchToRpc().getContext<PyroContext>();
  return principal === undefined ? connection.remoteAddress.replace(/:\d+$/, '') : `principal ${JSON.stringify(principal)}`;
}

const metadata = (getTracker?: typeof clientOf): Parameters<typeof serve>[0] => ({
  imports: [ThrottlerModule.forRoot({ throttlers: [{ ttl: 60_000, limit: 2 }], getTracker })],
  controllers: [Page],
  providers: [OpenObject, NamedObject, { provide: APP_GUARD, useClass: ThrottlerGuard }],
});

async function connectTo<T>(server: { unwrap<D>(): D }, id: string, handshake: string): Promise<RemoteObject<T>> {
  const proxy = await PyroProxy.connect<T>(server.unwrap<PyroDaemon>().uriFor(id), { handshake });
  closeAfter(() => proxy.$release());
  return proxy;
}

const TOO_MANY = 'ThrottlerException: Too Many Requests';

it('throttler: the default guard counts all clients as one', async () => {
  const { server } = await serve(metadata());
  const [ann, bob] = await Promise.all(['ann', 'bob'].map((name) => connectTo<NamedObject>(server, 'named', name)));
  expect([await ann!.read(), await bob!.read()]).toEqual([21, 21]);
  await expect(ann!.read()).rejects.toThrow(TOO_MANY);
  await expect(bob!.read()).rejects.toThrow(TOO_MANY);
});

it('throttler: with getTracker each principal has a limit of its own, whatever the connection', async () => {
  const { server } = await serve(metadata(clientOf));
  const [ann, again, bob] = await Promise.all(['ann', 'ann', 'bob'].map((name) => connectTo<NamedObject>(server, 'named', name)));
  expect([await ann!.read(), await again!.read()]).toEqual([21, 21]);
  await expect(ann!.read()).rejects.toThrow(TOO_MANY);
  await expect(again!.read()).rejects.toThrow(TOO_MANY);
  expect([await bob!.read(), await bob!.read()]).toEqual([21, 21]);
  await expect(bob!.read()).rejects.toThrow(TOO_MANY);
});

it('throttler: limits of methods, entries of batches and HTTP routes of the same application', async () => {
  const { app, server } = await serve(metadata(clientOf));
  const open = await connectTo<OpenObject>(server, 'open', '');
  expect(await open.home()).toBe('moving');
  await expect(open.home()).rejects.toMatchObject({ pythonType: 'builtins.RuntimeError' });
  const reads = open.$batch((each) => {
    each.ping();
    each.read();
    each.read();
    each.read();
  });
  await expect(reads).rejects.toThrow(TOO_MANY);
  await app.listen(0, '127.0.0.1');
  const statuses: number[] = [];
  for (let i = 0; i < 3; i++) statuses.push((await fetch(await app.getUrl())).status);
  expect(statuses).toEqual([200, 200, 429]);
});
