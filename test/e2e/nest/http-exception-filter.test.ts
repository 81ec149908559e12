import { Controller, Get, Inject, type INestApplication, Logger, Module, Param } from '@nestjs/common';
import { APP_FILTER, NestFactory } from '@nestjs/core';
import { PyroController, PyroHttpExceptionFilter, PyroMethod, PyroModule, PyroServer, type RemoteObject } from 'nestjs-pyro';
import { type PyroError, type PyroRemoteError, PyroProxy } from 'nestjs-pyro/core';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { PythonInterpreter } from '../../interop/python-interpreter.js';

interface Instrument {
  fail(type: string): void;
  read(): number;
}
const INSTRUMENT = Symbol('instrument');
const AWAY = Symbol('away');

/** The status of an exception of the application's own is one line. */
class OwnFilter extends PyroHttpExceptionFilter {
  protected override statusOf(error: PyroError): number {
    return (error as PyroRemoteError).pythonType === 'lab.Overheated' ? 409 : super.statusOf(error);
  }
}

let python: PythonInterpreter;
let app: INestApplication;
let url: string;
let pyroUri: string;

beforeAll(async () => {
  python = await PythonInterpreter.start();
  const uri = await python.run<string>(`
    import builtins, threading, time, Pyro5.api
    class Overheated(Exception): pass
    Overheated.__module__ = "lab"
    @Pyro5.api.expose
    class Instrument:
        def fail(self, type):
            raise (Overheated if type == "Overheated" else getattr(builtins, type))("a reason", 7)
        def read(self):
            time.sleep(30)
    daemon = Pyro5.api.Daemon()
    uri = daemon.register(Instrument)
    threading.Thread(target=daemon.requestLoop, daemon=True).start()
    return str(uri)
  `);

  @PyroController('lab.gateway', { instanceMode: 'single' })
  class Gateway {
    constructor(@Inject(INSTRUMENT) private readonly instrument: RemoteObject<Instrument>) {}
    @PyroMethod() async forward(type: string): Promise<void> {
      await this.instrument.fail(type);
    }
  }

  @Controller()
  class Http {
    constructor(
      @Inject(INSTRUMENT) private readonly instrument: RemoteObject<Instrument>,
      @Inject(AWAY) private readonly away: RemoteObject<Instrument>,
    ) {}
    @Get('fail/:type') async fail(@Param('type') type: string): Promise<void> {
      await this.instrument.fail(type);
    }
    @Get('slow') async slow(): Promise<number> {
      return this.instrument.$with({ callTimeoutMs: 50 }).read();
    }
    @Get('away') async isAway(): Promise<number> {
      return this.away.read();
    }
  }

  @Module({
    imports: [
      PyroModule.forFeature([
        { token: INSTRUMENT, uri },
        { token: AWAY, uri: 'PYRO:lab.instrument@127.0.0.1:1', maxRetries: 0 },
      ]),
    ],
    controllers: [Http],
    providers: [Gateway, { provide: APP_FILTER, useClass: OwnFilter }],
  })
  class AppModule {}

  app = await NestFactory.create(AppModule, { logger: false });
  const server = new PyroServer({ host: '127.0.0.1', port: 0 });
  app.connectMicroservice({ strategy: server });
  await app.init();
  await app.startAllMicroservices();
  await app.listen(0, '127.0.0.1');
  url = await app.getUrl();
  pyroUri = String(server.unwrap().uriFor('lab.gateway'));
});
afterAll(async () => {
  await app.close();
  python.stop();
});

const get = async (path: string): Promise<[status: number, message: string]> => {
  const response = await fetch(`${url}/${path}`);
  return [response.status, ((await response.json()) as { message: string }).message];
};

it.each([
  ['ValueError', 400, 'a reason, 7'],
  ['PermissionError', 403, 'a reason, 7'],
  ['KeyError', 404, 'a reason, 7'],
  ['IndexError', 404, 'a reason, 7'],
  ['NotImplementedError', 501, 'Not Implemented'],
  ['TimeoutError', 504, 'Gateway Timeout'],
  ['ZeroDivisionError', 502, 'Bad Gateway'],
])('a %s of a Python method is answered with status %i and %j', async (type, status, message) => {
  expect(await get(`fail/${type}`)).toEqual([status, message]);
});

it('a status that statusOf() gives is the answer, with the message of the Python exception', async () => {
  expect(await get('fail/Overheated')).toEqual([409, 'a reason, 7']);
});

it('a call over its time limit is status 504, and an object that cannot be reached is status 503', async () => {
  expect(await get('slow')).toEqual([504, 'Gateway Timeout']);
  expect(await get('away')).toEqual([503, 'Service Unavailable']);
});

it('an error behind a status of 500 or more is logged with its stack, and others are not', async () => {
  const logged = vi.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
  try {
    await get('fail/ZeroDivisionError');
    await get('fail/ValueError');
    expect(logged.mock.calls).toEqual([
      ['502: builtins.ZeroDivisionError: a reason, 7', expect.stringContaining('ZeroDivisionError')],
    ]);
  } finally {
    logged.mockRestore();
  }
});

it('the error of a Pyro call that a global PyroHttpExceptionFilter sees stays as it is', async () => {
  await using gateway = await PyroProxy.connect<{ forward(type: string): void }>(pyroUri);
  await expect(gateway.forward('KeyError')).rejects.toMatchObject({ pythonType: 'builtins.KeyError', args: ['a reason', 7] });
});
