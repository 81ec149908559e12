import { Module } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { NestFactory } from '@nestjs/core';
import type { AsyncMicroserviceOptions, MicroserviceOptions } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { createServer } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { describe, expect, expectTypeOf, it } from 'vitest';
import {
  type PyroConnection,
  PyroController,
  type PyroDaemon,
  PyroMethod,
  PyroServer,
  type PyroServerStatus,
} from '../../../lib/index.js';
import { ScriptedPeer } from '../../../lib/testing/index.js';
import { closeAfter, eventually, joinServer, serve, serveBy, WAYS } from './fixtures.js';

/** Ends the call that waits. */
let release: (() => void) | undefined;

@PyroController('thing', { instanceMode: 'single' })
class Thing {
  @PyroMethod() method(): string {
    return 'ok';
  }
  @PyroMethod() async wait(): Promise<string> {
    await new Promise<void>((resolve) => (release = resolve));
    return 'waited';
  }
}

@Module({
  imports: [
    ConfigModule.forRoot({
      ignoreEnvFile: true,
      load: [() => ({ pyro: { host: '127.0.0.1', natHost: 'lab.example', natPort: 7766 } })],
    }),
  ],
  providers: [Thing],
})
class ConfiguredModule {}

describe('options from ConfigService', () => {
  const strategies: PyroServer[] = [];
  const options: AsyncMicroserviceOptions = {
    useFactory: (config: ConfigService) => {
      const strategy = new PyroServer({ ...config.getOrThrow<object>('pyro'), port: 0 });
      strategies.push(strategy);
      return { strategy };
    },
    inject: [ConfigService],
  };
  const expectConfigured = async (): Promise<void> => {
    const strategy = strategies.pop()!;
    const peer = await joinServer(strategy, 'thing');
    expect(await peer.call('thing', 'method')).toBe('ok');
    expect(String(strategy.unwrap().uriFor('thing'))).toBe('PYRO:thing@lab.example:7766');
  };

  it('ConfigService configures the server of a hybrid application', async () => {
    const app = await NestFactory.create(ConfiguredModule, { logger: false });
    closeAfter(() => app.close());
    app.connectMicroservice<AsyncMicroserviceOptions>(options);
    await app.init();
    await app.startAllMicroservices();
    await expectConfigured();
  });

  it('ConfigService configures a standalone server', async () => {
    const app = await NestFactory.createMicroservice<AsyncMicroserviceOptions>(ConfiguredModule, { ...options, logger: false });
    closeAfter(() => app.close());
    await app.listen();
    await expectConfigured();
  });

  it('ConfigService configures servers of testing applications', async () => {
    const module = await Test.createTestingModule({ imports: [ConfiguredModule] }).compile();
    const app = module.createNestMicroservice<AsyncMicroserviceOptions>({ ...options, logger: false });
    closeAfter(() => app.close());
    await app.listen();
    await expectConfigured();
  });
});

describe.each(WAYS)('a server that cannot listen (%s)', (way) => {
  it('a server that cannot listen rejects with the reason and the remedy, and may listen later', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as { port: number };
    let pyro: PyroServer | undefined;
    const start = serveBy(way, { providers: [Thing] }, { port, prepare: (_app, server) => void (pyro = server) });
    await expect(start).rejects.toThrow(
      `cannot listen on 127.0.0.1:${port}: the address is in use; choose another port, or 0 to let the system choose (EADDRINUSE)`,
    );
    expect(() => pyro!.unwrap()).toThrow('no daemon yet');
    await new Promise((resolve) => taken.close(resolve));
    await new Promise<void>((resolve, reject) => pyro!.listen((error) => (error ? reject(error as Error) : resolve())));
    expect(await (await joinServer(pyro!, 'thing')).call('thing', 'method')).toBe('ok');
  });

  it.each([
    [{ host: 'host.invalid' }, /^cannot listen on host\.invalid:0: the host name .*check host/],
    [{ host: '192.0.2.1' }, /^cannot listen on 192\.0\.2\.1:0: no interface of this machine has the address; check host/],
    [{ host: undefined, port: undefined, unixSocket: '/no/such/directory/pyro.sock' }, /^cannot listen on \.\/u:.*no permission/],
  ])('a server cannot listen with %j', async (options, message) => {
    await expect(serveBy(way, { providers: [Thing] }, options)).rejects.toThrow(message);
  });
});

describe.each(WAYS)('what Nest sees of a server (%s)', (way) => {
  it('a server shows Nest its status, its events and its daemon', async () => {
    const seen: unknown[] = [];
    const { app, server, join } = await serveBy(
      way,
      { providers: [Thing] },
      {
        prepare: (made, pyro) => {
          const [microservice = made] = 'getMicroservices' in made ? made.getMicroservices() : [made];
          (microservice as unknown as PyroServer).status.subscribe((status) => seen.push(status));
          (microservice as unknown as PyroServer).on('connection', ({ id }) => seen.push(`connection ${id}`));
          pyro.on('listening', (location) => seen.push(location === pyro.unwrap<PyroDaemon>().locationStr));
          pyro.on('disconnect', (connection, error) => seen.push(`disconnect ${connection.id} ${error?.message}`));
          pyro.on('close', () => seen.push('close'));
        },
      },
    );
    const [microservice = app] = 'getMicroservices' in app ? app.getMicroservices() : [app];
    expect((microservice as unknown as PyroServer).unwrap()).toBe(server.unwrap());
    const peer = await join('thing');
    await peer.call('thing', 'method');
    peer.end();
    await eventually(() => seen.length === 4);
    await app.close();
    expect(seen).toEqual([true, 'connected', 'connection 1', 'disconnect 1 undefined', 'close', 'disconnected']);
  });

  it('a second listen and a second close of a server do nothing', async () => {
    const { app, server, join } = await serveBy(way, { providers: [Thing] });
    const daemon = server.unwrap<PyroDaemon>();
    const listen = (): Promise<void> =>
      new Promise((resolve, reject) => {
        server.listen((error) => (error ? reject(error as Error) : resolve()));
      });
    await listen();
    await Promise.all([listen(), listen()]);
    expect(server.unwrap()).toBe(daemon);
    expect(await (await join('thing')).call('thing', 'method')).toBe('ok');
    await Promise.all([server.close(), server.close()]);
    await server.close();
    await app.close();
    await server.close();
    await expect(ScriptedPeer.open(daemon.locationStr)).rejects.toThrow('ECONNREFUSED');
  });
});

describe('listen and close at once', () => {
  it.each(['listen first', 'close first'])('the last of listen and close at once decides (%s)', async (order) => {
    const { server } = await serve({ providers: [Thing] });
    await server.close();
    const listen = (): Promise<unknown> => new Promise((resolve) => server.listen(resolve));
    const done = order === 'listen first' ? [listen(), server.close()] : [server.close(), listen()];
    await Promise.all(done);
    if (order === 'listen first') expect(() => server.unwrap()).toThrow('no daemon yet');
    else expect(server.unwrap<PyroDaemon>().isListening).toBe(true);
  });
});

describe('listen and close in any order', () => {
  const listenOn = (server: PyroServer): Promise<string> =>
    new Promise((resolve) => server.listen((error) => resolve(error === undefined ? 'listens' : (error as Error).message)));

  it('listen in the same turn as close starts the server again', async () => {
    const { server, join } = await serve({ providers: [Thing] });
    const before = server.unwrap();
    const closed = server.close();
    const listening = listenOn(server);
    await closed;
    expect(await listening).toBe('listens');
    expect(server.unwrap()).not.toBe(before);
    expect(await (await join('thing')).call('thing', 'method')).toBe('ok');
  });

  it.each(['the server', 'the application'])('close of %s gives up a listen that waits for an earlier close', async (who) => {
    const { app, server, join } = await serve({ providers: [Thing] });
    release = undefined;
    const peer = await join('thing');
    const call = peer.call('thing', 'wait');
    await eventually(() => release !== undefined, 'the call');
    const first = server.close();
    const listening = listenOn(server);
    const last = who === 'the server' ? server.close() : app.close();
    release!();
    await Promise.all([first, last]);
    // Nest closes the server in a later turn, when it may listen already
    expect(await listening).toMatch(who === 'the server' ? 'the server was closed while it started' : /closed|listens/);
    expect(await call).toBe('waited');
    expect(server.isListening).toBe(false);
    expect(() => server.unwrap()).toThrow('no daemon yet');
  });

  it('listen says that the server was drained, or that its daemon was closed, until the server is closed', async () => {
    const { server } = await serve({ providers: [Thing] });
    await server.drain();
    expect(await listenOn(server)).toContain('was drained, or its daemon was closed');
    await server.close();
    expect(await listenOn(server)).toBe('listens');
    await server.unwrap<PyroDaemon>().close();
    expect(await listenOn(server)).toContain('was drained, or its daemon was closed');
    await server.close();
    expect(await listenOn(server)).toBe('listens');
  });
});

describe('several servers of an application', () => {
  @PyroController('of.lab', { server: 'lab', instanceMode: 'single' })
  class OfLab {
    @PyroMethod() where(): string {
      return 'lab';
    }
  }
  @PyroController('of.office', { server: 'office', instanceMode: 'single' })
  class OfOffice {
    @PyroMethod() where(): string {
      return 'office';
    }
  }

  it('several servers serve the objects that name them and those that name none, over TCP and unix sockets, and close together', async () => {
    const directory = mkdtempSync(joinPath(tmpdir(), 'pyro-'));
    closeAfter(() => rmSync(directory, { recursive: true }));
    const office = new PyroServer({ name: 'office', unixSocket: joinPath(directory, 'office.sock') });
    const { app, server: lab } = await serve(
      { providers: [OfLab, OfOffice, Thing] },
      { name: 'lab', prepare: (made) => void made.connectMicroservice<MicroserviceOptions>({ strategy: office }) },
    );
    expect(lab.objects.map(({ objectId }) => objectId)).toEqual(['of.lab', 'thing']);
    expect(office.objects.map(({ objectId }) => objectId)).toEqual(['of.office', 'thing']);
    const [inLab, inOffice] = [await joinServer(lab, 'of.lab'), await joinServer(office, 'of.office')];
    expect([await inLab.call('of.lab', 'where'), await inOffice.call('of.office', 'where')]).toEqual(['lab', 'office']);
    expect((await inLab.fail('of.office', 'where')).message).toContain('unknown object');
    await app.close();
    await Promise.all([inLab.untilClosed(), inOffice.untilClosed()]);
  });
});

it('the events and the status of a server are typed', () => {
  const server = new PyroServer();
  expectTypeOf(server.status).toExtend<{ subscribe(next: (status: PyroServerStatus) => void): unknown }>();
  server.on('connection', (connection) => expectTypeOf(connection).toEqualTypeOf<PyroConnection>());
  server.on('callError', (error, info) => expectTypeOf([error, info.method]).toEqualTypeOf<unknown[]>());
  // @ts-expect-error -- there is no such event
  server.on('connected', () => undefined);
  expect(server.name).toBeUndefined();
});
