import { expect, it } from 'vitest';
import { PyroDaemon } from '../../../lib/core.js';
import { expose, PyroController, PyroMethod, PyroProxy, type RemoteObject } from '../../../lib/index.js';
import { closeAfter, serve } from './fixtures.js';

class Listener {
  readonly heard: unknown[] = [];

  hear(value: unknown): number {
    return this.heard.push(value);
  }
}
expose(Listener, 'hear');

@PyroController({ objectId: 'chat', instanceMode: 'single' })
class Chat {
  private readonly listeners: RemoteObject<Listener>[] = [];

  @PyroMethod() join(listener: RemoteObject<Listener>): void {
    this.listeners.push(listener);
  }
  @PyroMethod() async say(text: string): Promise<number[]> {
    return Promise.all(this.listeners.map((listener) => listener.hear(text)));
  }
}

it('receivedProxies decides whether a controller may call a proxy that a client passes', async () => {
  const { server } = await serve({ controllers: [Chat] }, { receivedProxies: ({ object }) => object !== 'forbidden' });
  const own = await PyroDaemon.listen({ host: '127.0.0.1' });
  closeAfter(() => own.close());
  const listener = new Listener();
  own.register(listener, 'listener');
  const { locationStr } = server.unwrap<PyroDaemon>();
  const chat = await PyroProxy.connect<Chat>(`PYRO:chat@${locationStr}`, { autoproxy: own });
  closeAfter(() => chat.$release());
  const passed = listener as object as RemoteObject<Listener>;
  await chat.join(passed);
  expect(await chat.say('hello')).toEqual([1]);
  expect(listener.heard).toEqual(['hello']);
  await chat.join(PyroProxy.to<Listener>(`PYRO:forbidden@${own.locationStr}`));
  await expect(chat.say('again')).rejects.toMatchObject({
    pythonType: 'Pyro5.errors.SecurityError',
    message: expect.stringContaining('receivedProxies'),
  });
});
