import { Logger, type LoggerService } from '@nestjs/common';
import { firstValueFrom } from 'rxjs';
import { afterEach, expect, it, vi } from 'vitest';
import { PyroClient, PyroController, PyroMethod, PyroServer } from '../../../lib/index.js';
import { closeAfter, serve } from './fixtures.js';
import { FAILING, followFailures } from '../../failing-callbacks.js';

@PyroController('lamp')
class Lamp {
  @PyroMethod()
  switch(on: boolean): boolean {
    return on;
  }
  @PyroMethod()
  fail(): never {
    throw new RangeError('no power');
  }
}

const { ended, warnings } = followFailures();
afterEach(() => Logger.overrideLogger(false));

it.each(FAILING)('listeners and hooks of a PyroClient that fail %s are warnings of the process', async (_, failing) => {
  const { server } = await serve({ controllers: [Lamp] });
  const client = new PyroClient({
    uri: server.unwrap().uriFor('lamp'),
    onConnected: failing('onConnected'),
    onDisconnected: failing('onDisconnected'),
  });
  client.on('connect', failing('connect'));
  client.on('disconnect', failing('disconnect'));
  expect(await firstValueFrom(client.send('switch', true))).toBe(true);
  await client.close();
  await vi.waitFor(() => expect(warnings().toSorted()).toEqual(['connect', 'disconnect', 'onConnected', 'onDisconnected']));
  expect(ended).toEqual([]);
});

it.each(FAILING)('a server listens although a listener of listening fails %s', async (_, failing) => {
  const errors: string[] = [];
  const server = new PyroServer({ port: 0, host: '127.0.0.1' });
  closeAfter(() => server.close());
  server.register({ switch: () => true });
  server.on('error', ({ message }) => errors.push(message));
  server.on('listening', failing('listening'));
  expect(await new Promise((resolve) => server.listen(resolve))).toBeUndefined();
  expect(server.isListening).toBe(true);
  await vi.waitFor(() => expect(errors).toEqual(['listening']));
  expect(ended).toEqual([]);
});

it('a server listens and answers although its logger throws', async () => {
  let isDown = false;
  const write = (...args: unknown[]): void => {
    // Nest's own lines are not the matter here
    if (isDown && String(args.at(-1)).startsWith('Pyro')) throw new Error('the log store is down');
  };
  const logger: LoggerService = { log: write, error: write, warn: write, debug: write };
  const { server, join } = await serve(
    { controllers: [Lamp] },
    {
      accessLog: true,
      prepare: (_app, own) => {
        Logger.overrideLogger(logger);
        own.on('listening', () => (isDown = true));
      },
    },
  );
  expect(server.isListening).toBe(true);
  const peer = await join('lamp');
  peer.destroy();
  const client = new PyroClient({ uri: server.unwrap().uriFor('lamp') });
  expect(await firstValueFrom(client.send('switch', true))).toBe(true);
  await expect(firstValueFrom(client.send('fail'))).rejects.toThrow('no power');
  await client.close();
  await vi.waitFor(() => expect(warnings()).toContain('the log store is down'));
  isDown = false;
  expect(ended).toEqual([]);
});
