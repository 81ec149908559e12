import type { INestMicroservice } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { PyroProxy, PyroServer } from 'nestjs-pyro';
import { connectInMemory } from 'nestjs-pyro/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppModule } from './app.module.js';
import { Probe } from './probe.service.js';

/** What clients see of the object. */
interface Thermometer {
  celsius(digits?: number): number;
  history(count: number): Iterator<number>;
}

/** Stands in for the hardware. */
class WarmProbe {
  private celsius = 30;
  async read(): Promise<number> {
    return (this.celsius += 0.25);
  }
}

describe('Thermometer', () => {
  let app: INestMicroservice;
  let server: PyroServer;

  /** The whole app but for the hardware. */
  async function start(strategy: PyroServer): Promise<void> {
    server = strategy;
    const testing = await Test.createTestingModule({ imports: [AppModule] })
      .overrideProvider(Probe)
      .useClass(WarmProbe)
      .compile();
    app = testing.createNestMicroservice({ strategy: server, logger: false });
    await app.listen();
  }

  afterEach(() => app.close());

  describe('without a port', () => {
    beforeEach(() => start(new PyroServer({ listen: false })));

    it('the thermometer gives the temperature', async () => {
      await using thermometer = await connectInMemory<Thermometer>(server, 'example.thermometer', { handshake: 'let me in' });
      expect(await thermometer.celsius()).toBe(30.3);
      expect(await thermometer.celsius(2)).toBe(30.5);
    });

    it('the thermometer refuses more digits than the probe has', async () => {
      await using thermometer = await connectInMemory<Thermometer>(server, 'example.thermometer', { handshake: 'let me in' });
      await expect(thermometer.celsius(4)).rejects.toMatchObject({
        pythonType: 'builtins.ValueError',
        args: ['the probe is not as good as that'],
      });
    });

    it('the thermometer streams its history', async () => {
      await using thermometer = await connectInMemory<Thermometer>(server, 'example.thermometer', { handshake: 'let me in' });
      const readings: number[] = [];
      for await (const reading of await thermometer.history(3)) readings.push(reading);
      expect(readings).toEqual([30.25, 30.5, 30.75]);
    });

    it('the thermometer refuses a client without the word', async () => {
      await expect(connectInMemory(server, 'example.thermometer', { handshake: 'hello' })).rejects.toThrow('Forbidden resource');
    });
  });

  it('the thermometer works over a socket, too', async () => {
    await start(new PyroServer({ host: '127.0.0.1', port: 0 }));
    const uri = server.unwrap().uriFor('example.thermometer');
    await using thermometer = await PyroProxy.connect<Thermometer>(uri, { handshake: 'let me in' });
    expect(await thermometer.celsius()).toBe(30.3);
  });
});
