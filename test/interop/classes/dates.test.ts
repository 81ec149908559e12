import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { PyroController, PyroMethod, PyroServer } from 'nestjs-pyro';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { PyroProxy, type SerializerName } from '../../../lib/core.js';
import { PythonInterpreter } from '../python-interpreter.js';

// Python's marshal cannot send datetimes
const SERIALIZERS: SerializerName[] = ['serpent', 'json', 'msgpack'];

let python: PythonInterpreter;
beforeAll(async () => {
  python = await PythonInterpreter.start();
});
afterAll(() => python.stop());

@PyroController('clock')
class Clock {
  @PyroMethod()
  kinds(values: unknown[]): string[] {
    return values.map((value) => (value instanceof Date ? `Date ${value.getTime()}` : String(value)));
  }
}

@Module({ providers: [Clock] })
class ClockModule {}

it.each(SERIALIZERS)("a server with dates: 'Date' reads the datetimes of Python as Dates, in %s", async (serializer) => {
  const strategy = new PyroServer({ host: '127.0.0.1', port: 0, dates: 'Date' });
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(ClockModule, { strategy, logger: false });
  await app.listen();
  const uri = `PYRO:clock@${strategy.unwrap().locationStr}`;
  try {
    const [kinds, stamp] = await python.run<[string[], number]>(
      `
      from datetime import datetime, date
      config.SERIALIZER = serializer
      when = datetime(2026, 1, 31, 10, 20, 30, 500000)
      with Proxy(uri) as clock:
          return [clock.kinds([when, date(2026, 1, 31), "at noon"]), when.timestamp()]
      `,
      { uri, serializer },
    );
    expect(kinds).toEqual([`Date ${stamp * 1000}`, '2026-01-31', 'at noon']);
  } finally {
    await app.close();
  }
});

it.each(SERIALIZERS)("a proxy with dates: 'Date' reads the datetimes of Python as Dates, in %s", async (serializer) => {
  const [uri, stamp] = await python.run<[string, number]>(`
    import threading
    from datetime import datetime
    @expose
    class Watch:
        def now(self):
            return {"now": datetime(2026, 1, 31, 10, 20, 30)}
    state.watch = Pyro5.server.Daemon()
    uri = state.watch.register(Watch)
    threading.Thread(target=state.watch.requestLoop, daemon=True).start()
    return [str(uri), datetime(2026, 1, 31, 10, 20, 30).timestamp()]
  `);
  for (const [dates, now] of [
    ['Date', new Date(stamp * 1000)],
    ['text', expect.stringContaining('2026-01-31T') as string],
  ] as const) {
    const proxy = PyroProxy.to(uri, { serializer, dates });
    expect(await proxy.now!()).toEqual({ now });
    await proxy.$release();
  }
});
