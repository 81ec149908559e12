import { UseFilters, UseGuards, UseInterceptors, UsePipes } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { ClientProxyFactory, MessagePattern, type MicroserviceOptions, Payload, Transport } from '@nestjs/microservices';
import { lastValueFrom } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { PyroController, PyroMethod } from '../../../../lib/index.js';
import { type AnyApp, closeAfter, serve, serveBy, WAYS } from '../fixtures.js';
import { log, notingFilter, notingGuard, notingInterceptor, notingPipe } from './noting.js';

class Oops extends Error {}
class MethodOops extends Oops {}
class ClassOops extends Oops {}
class AppOops extends Oops {}
class GlobalOops extends Oops {}

@PyroController('ordered', { instanceMode: 'single' })
@UseGuards(notingGuard('class 1'), notingGuard('class 2'))
@UseInterceptors(notingInterceptor('class 1'), notingInterceptor('class 2'))
@UsePipes(notingPipe('class'))
@UseFilters(notingFilter('class', Oops))
class Ordered {
  @PyroMethod()
  @MessagePattern('work')
  @UseGuards(notingGuard('method'))
  @UseInterceptors(notingInterceptor('method'))
  @UsePipes(notingPipe('method 1'), notingPipe('method 2'))
  work(@Payload(notingPipe('parameter 1'), notingPipe('parameter 2')) data: unknown): unknown {
    log.push('method');
    return data;
  }

  @PyroMethod()
  @MessagePattern('fails')
  @UseFilters(notingFilter('method', MethodOops))
  fails(@Payload() [error]: string[]): void {
    throw new { MethodOops, ClassOops }[error!]!('thrown');
  }
}

@PyroController('plain', { instanceMode: 'single' })
class Plain {
  @PyroMethod()
  @MessagePattern('plain fails')
  fails(@Payload() [error]: string[]): void {
    throw new { AppOops, GlobalOops }[error!]!('thrown');
  }
}

const metadata = {
  controllers: [Ordered, Plain],
  providers: [
    { provide: APP_GUARD, useClass: notingGuard('app') },
    { provide: APP_INTERCEPTOR, useClass: notingInterceptor('app') },
    { provide: APP_PIPE, useClass: notingPipe('app') },
    { provide: APP_FILTER, useClass: notingFilter('app', AppOops) },
  ],
};

function useGlobals(app: AnyApp): void {
  app.useGlobalGuards(new (notingGuard('global'))());
  app.useGlobalInterceptors(new (notingInterceptor('global'))());
  app.useGlobalPipes(new (notingPipe('global'))());
  app.useGlobalFilters(new (notingFilter('global', GlobalOops))());
}

const expected = [
  'app guard rpc Ordered.work',
  'global guard rpc Ordered.work',
  'class 1 guard rpc Ordered.work',
  'class 2 guard rpc Ordered.work',
  'method guard rpc Ordered.work',
  'app interceptor begins',
  'global interceptor begins',
  'class 1 interceptor begins',
  'class 2 interceptor begins',
  'method interceptor begins',
  'app pipe body',
  'global pipe body',
  'class pipe body',
  'method 1 pipe body',
  'method 2 pipe body',
  'parameter 1 pipe body',
  'parameter 2 pipe body',
  'method',
  'method interceptor ends',
  'class 2 interceptor ends',
  'class 1 interceptor ends',
  'global interceptor ends',
  'app interceptor ends',
];

describe.each(WAYS)('the order of enhancers (%s)', (way) => {
  it('enhancers run in the order APP_*, global, class, method, parameter', async () => {
    const { join } = await serveBy(way, metadata, { prepare: useGlobals });
    expect(await (await join('ordered')).call('ordered', 'work', 1, 2)).toEqual([1, 2]);
    expect(log).toEqual(expected);
  });

  it.each([
    ['ordered', 'MethodOops', 'method'],
    ['ordered', 'ClassOops', 'class'],
    ['plain', 'AppOops', 'app'],
    ['plain', 'GlobalOops', 'global'],
  ])('the innermost exception filter that fits answers: %s, %s', async (object, error, filter) => {
    const { join } = await serveBy(way, metadata, { prepare: useGlobals });
    const failure = await (await join(object)).fail(object, 'fails', error);
    expect(failure.message).toBe(`builtins.LookupError: ${filter} filter`);
    expect(log.filter((line) => line.includes('filter'))).toEqual([`${filter} filter thrown`]);
  });
});

it('enhancers run in the same order for a controller behind Nest’s TCP transport', async () => {
  const { app, join } = await serve(metadata, {
    prepare: (made) => {
      useGlobals(made);
      const tcp: MicroserviceOptions = { transport: Transport.TCP, options: { host: '127.0.0.1', port: 0 } };
      made.connectMicroservice<MicroserviceOptions>(tcp, { inheritAppConfig: true });
    },
  });
  const { port } = app.getMicroservices()[1]!.unwrap<{ address(): { port: number } }>().address();
  const client = ClientProxyFactory.create({ transport: Transport.TCP, options: { host: '127.0.0.1', port } });
  closeAfter(() => client.close());
  const bothWays = async (pattern: string, object: string, method: string, ...args: unknown[]): Promise<void> => {
    await lastValueFrom(client.send(pattern, args)).catch(() => undefined);
    const viaTcp = log.splice(0);
    const peer = await join(object);
    await peer.call(object, method, ...args).catch(() => undefined);
    expect(viaTcp.length).toBeGreaterThan(1);
    expect(log.splice(0)).toEqual(viaTcp);
  };
  await bothWays('work', 'ordered', 'work', 1, 2);
  await bothWays('fails', 'ordered', 'fails', 'MethodOops');
  await bothWays('fails', 'ordered', 'fails', 'ClassOops');
  await bothWays('plain fails', 'plain', 'fails', 'AppOops');
  await bothWays('plain fails', 'plain', 'fails', 'GlobalOops');
});
