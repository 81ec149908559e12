import { Controller, type DynamicModule, Get, Inject, Injectable, type ModuleMetadata, Scope } from '@nestjs/common';
import { NestFactory, REQUEST } from '@nestjs/core';
import { ClsModule } from 'nestjs-cls';
import { lastValueFrom } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { PyroClient, PyroController, PyroMethod, PyroModule, PyroProxy, type RemoteObject } from '../../../lib/index.js';
import { PythonServer } from '../../interop/client/python-server.js';
import { keepWarnings } from '../../kept-warnings.js';
import { closeAfter, moduleOf, serve } from './fixtures.js';

/** An object of an untouched Python server with 5 threads, each of which serves one connection. */
interface Factory {
  connections(): number;
}

interface Gateway {
  ask(): number;
}

keepWarnings(/was full\. The garbage collector was run/);

async function startPython(): Promise<PythonServer> {
  const server = await PythonServer.start('thread', '--threads', '5');
  closeAfter(() => server.kill());
  return server;
}

describe('calls of a PyroServer that make proxies', () => {
  @Injectable({ scope: Scope.REQUEST })
  class OfRequest {
    constructor(@Inject(REQUEST) readonly request: object) {}
  }

  /** @returns the numbers of connections that the Python server has had in 20 calls */
  async function callOften(object: new (...args: never[]) => object): Promise<number[]> {
    const { server } = await serve({ providers: [object, OfRequest] });
    await using gateway = PyroProxy.to<Gateway>(`PYRO:gateway@${server.unwrap().locationStr}`);
    const connections: number[] = [];
    for (let call = 0; call < 20; call++) connections.push(await gateway.ask());
    return connections;
  }

  it('a percall object with a request-scoped dependency never uses up the threads of a Python server', async () => {
    const python = await startPython();
    @PyroController('gateway', { instanceMode: 'percall' })
    class Gate {
      proxy: RemoteObject<Factory> | undefined;
      constructor(readonly ofRequest: OfRequest) {}
      @PyroMethod() ask(): Promise<number> {
        this.proxy = PyroProxy.to<Factory>(python.uri('factory'));
        return this.proxy.connections();
      }
    }
    expect(Math.max(...(await callOften(Gate)))).toBeLessThanOrEqual(5);
  });
});

describe('HTTP requests that make proxies, with the store of nestjs-cls', () => {
  /** Serves `GET /`, which calls a request-scoped provider `CAMERA`. */
  async function request(
    times: number,
    providers: ModuleMetadata['providers'],
    features: DynamicModule[] = [],
  ): Promise<number[]> {
    @Controller()
    class Cameras {
      constructor(@Inject('CAMERA') private readonly camera: RemoteObject<Factory> | PyroClient) {}
      @Get() async get(): Promise<number> {
        const { camera } = this;
        return camera instanceof PyroClient ? lastValueFrom(camera.send('connections')) : camera.connections();
      }
    }
    const imports = [ClsModule.forRoot({ global: true, middleware: { mount: true } }), ...features];
    const app = await NestFactory.create(moduleOf({ imports, controllers: [Cameras], providers: providers! }), {
      logger: false,
    });
    closeAfter(() => app.close());
    await app.listen(0, '127.0.0.1');
    const url = await app.getUrl();
    const statuses: number[] = [];
    for (let round = 0; round < times; round++) statuses.push((await fetch(url)).status);
    return statuses;
  }

  it.each(['PyroProxy', 'PyroClient'])('a request-scoped %s never uses up the threads of a Python server', async (kind) => {
    const uri = (await startPython()).uri('factory');
    const make = {
      PyroProxy: (handshake: unknown) => PyroProxy.to(uri, { handshake }),
      PyroClient: (handshake: unknown) => new PyroClient({ uri, handshake }),
    };
    const useFactory = ({ url }: { url: string }): unknown => make[kind as keyof typeof make](url);
    const statuses = await request(16, [{ provide: 'CAMERA', scope: Scope.REQUEST, inject: [REQUEST], useFactory }]);
    expect(statuses).toEqual(Array(16).fill(200));
  });

  it('a remote object of forFeatureAsync with a factory for each request never uses up the threads of a Python server', async () => {
    const uri = (await startPython()).uri('factory');
    const useFactory = ({ url }: { url: string }): { uri: string; handshake: string } => ({ uri, handshake: url });
    const feature = PyroModule.forFeatureAsync([{ token: 'CAMERA', inject: [REQUEST], useFactory }]);
    expect(await request(16, [], [feature])).toEqual(Array(16).fill(200));
  });
});
