import { Injectable, Logger, type LoggerService } from '@nestjs/common';
import { NestFactory, SerializedGraph } from '@nestjs/core';
import { firstValueFrom } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { describeWireMessage, readConfig } from '../../../lib/core.js';
import {
  PyroClient,
  PyroController,
  type PyroDaemon,
  PyroMethod,
  PyroModule,
  PyroProperty,
  PyroProxy,
  PyroServer,
  type PyroServerOptions,
  type RemoteObject,
} from '../../../lib/index.js';
import { wireLogOf } from '../../../lib/nest/logging/wire-log.js';
import { closeAfter, moduleOf, serve } from './fixtures.js';

@PyroController({ objectId: 'greeter', instanceMode: 'single' })
class Greeter {
  @PyroMethod('say_hello') hello(name: string): string {
    return `Hello ${name}`;
  }
  @PyroProperty() get mood(): string {
    return 'good';
  }
}

describe('the wire log', () => {
  const lines: string[] = [];
  const wire: LoggerService = {
    log: () => undefined,
    warn: () => undefined,
    error: () => undefined,
    debug: (message: unknown, context: unknown) => {
      if (context === 'PyroWire') lines.push(String(message));
    },
  };
  beforeEach(() => {
    lines.length = 0;
    Logger.overrideLogger(wire);
  });
  afterEach(() => {
    Logger.overrideLogger(false);
  });
  const start = async (options: PyroServerOptions = {}): Promise<PyroServer> => {
    const { server } = await serve({ providers: [Greeter] }, options);
    // NestFactory has replaced the logger
    Logger.overrideLogger(wire);
    return server;
  };
  const greet = async (uri: unknown): Promise<void> => {
    await using greeter = await PyroProxy.connect<{ say_hello(name: string): string }>(String(uri));
    expect(await greeter.say_hello('Ann')).toBe('Hello Ann');
  };
  const uriOf = (server: PyroServer): string => String(server.unwrap<PyroDaemon>().uriFor('greeter'));

  it('the wire log is off by default', async () => {
    const server = await start();
    await greet(uriOf(server));
    expect(lines).toEqual([]);
  });

  it('the wire log has a line for each message, without the content', async () => {
    const server = await start({ wireLog: true });
    await greet(uriOf(server));
    expect(lines.map((line) => line.replace(/127\.0\.0\.1:\d+/, 'peer').replace(/\d+ bytes/, 'n bytes'))).toEqual([
      '<- peer #1 connect seq 1, serpent, n bytes',
      '-> peer #1 connectOk seq 1, serpent, n bytes',
      '<- peer #1 invoke seq 2, serpent, n bytes',
      '-> peer #1 result seq 2, serpent, n bytes',
    ]);
    expect(lines.join()).not.toContain('Ann');
  });

  it('the wire log shows the content of messages when asked to', async () => {
    const server = await start({ wireLog: { payloads: true } });
    await greet(uriOf(server));
    expect(lines[2]).toContain('say_hello');
    expect(lines[3]).toContain('Hello Ann');
  });

  it('PYRO_LOGWIRE switches the wire log on, with the data of calls and not of handshakes; the option switches it off', async () => {
    const config = readConfig({ PYRO_LOGWIRE: '1' });
    const server = await start({ wireLog: wireLogOf(undefined, config) });
    await greet(uriOf(server));
    expect(lines).toHaveLength(4);
    expect(lines[0]).toMatch(/ connect seq 1, serpent, \d+ bytes$/);
    expect(lines[1]).toMatch(/ connectOk seq 1, serpent, \d+ bytes$/);
    expect(lines[2]).toContain('say_hello');
    expect(lines[3]).toContain('Hello Ann');
    expect(wireLogOf(false, config)).toBeUndefined();
    expect(wireLogOf(undefined, readConfig({}))).toBeUndefined();
  });

  it('clients have a wire log, too: PyroModule, PyroClient, and any proxy', async () => {
    const server = await start();
    const uri = uriOf(server);
    const app = await NestFactory.createApplicationContext(
      moduleOf({ imports: [PyroModule.forRoot({ wireLog: true }), PyroModule.forFeature([{ token: 'GREETER', uri }])] }),
      { logger: wire, abortOnError: false },
    );
    closeAfter(() => app.close());
    await app.get<RemoteObject>('GREETER').say_hello!('Ann');
    expect(lines.splice(0)).toEqual([
      expect.stringMatching(/^-> 127\.0\.0\.1:\d+ connect seq 1, serpent/),
      expect.stringMatching(/^<- .* connectOk/),
      expect.stringMatching(/^-> .* invoke/),
      expect.stringMatching(/^<- .* result/),
    ]);
    const client = new PyroClient({ uri, wireLog: true });
    closeAfter(() => client.close());
    await firstValueFrom(client.send('say_hello', 'Ann'));
    expect(lines).toHaveLength(4);
    const own: string[] = [];
    await using proxy = await PyroProxy.connect(uri, { wireLog: (message) => own.push(describeWireMessage(message, true)) });
    await proxy.$call('say_hello', 'Ann');
    expect(own.join('\n')).toContain('Hello Ann');
  });

  it('a wire log that fails ends no connection', async () => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    closeAfter(() => warned.mockRestore());
    const server = await start({
      wireLog: () => {
        throw new Error('the disk is full');
      },
    });
    await greet(uriOf(server));
    await expect.poll(() => warned.mock.calls.map(String)).toContain('Error: the disk is full');
  });
});

describe('Nest’s devtools', () => {
  @Injectable()
  class Ordinary {}

  const entrypointsOf = async (snapshot: boolean) => {
    const app = await NestFactory.create(moduleOf({ providers: [Greeter, Ordinary] }), {
      logger: false,
      abortOnError: false,
      snapshot,
    });
    closeAfter(() => app.close());
    const server = new PyroServer({ host: '127.0.0.1', port: 0 });
    app.connectMicroservice({ strategy: server });
    await app.init();
    await app.startAllMicroservices();
    await server.close();
    await new Promise<void>((resolve, reject) => server.listen((error) => (error ? reject(error as Error) : resolve())));
    const { entrypoints, nodes } = app.get(SerializedGraph).toJSON() as {
      entrypoints: Record<string, unknown[]>;
      nodes: Record<string, { label: string }>;
    };
    return Object.entries(entrypoints).map(([id, list]) => [nodes[id]?.label, list] as const);
  };

  it('Nest’s devtools get one entry for each member of an object', async () => {
    const entry = { type: 'microservice', className: 'Greeter', classNodeId: expect.any(String), id: expect.any(String) };
    expect(await entrypointsOf(true)).toEqual([
      [
        'Greeter',
        [
          { ...entry, methodName: 'hello', metadata: { key: 'greeter.say_hello', transportId: 'PYRO' } },
          { ...entry, methodName: 'mood', metadata: { key: 'greeter.mood', transportId: 'PYRO' } },
        ],
      ],
    ]);
  });

  it('Nest’s devtools get nothing without a snapshot', async () => {
    expect(await entrypointsOf(false)).toEqual([]);
  });
});
