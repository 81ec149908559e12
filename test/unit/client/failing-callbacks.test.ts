import { expect, it, vi } from 'vitest';
import { currentContext, expose, NameRegistrar, PyroDaemon, PyroProxy, startNameServer } from '../../../lib/core.js';
import { FAILING, followFailures } from '../../failing-callbacks.js';

class Thing {
  hello(): string {
    currentContext()!.responseAnnotations.set('BACK', Buffer.from('1'));
    return 'hello';
  }
  *items(): Generator<number> {
    yield 1;
  }
}
expose(Thing);

const { ended, warnings } = followFailures();

it.each(FAILING)('callbacks of a proxy that fail are warnings of the process: %s', async (_, failing) => {
  await using daemon = await PyroDaemon.listen({ host: '127.0.0.1' });
  const uri = daemon.register(new Thing(), 'thing');
  const proxy = await PyroProxy.connect<Thing>(uri, {
    onConnected: failing('connected'),
    onDisconnected: failing('disconnected'),
  });
  expect(await proxy.hello()).toBe('hello');
  await proxy.$release();
  await vi.waitFor(() => expect(warnings()).toEqual(['connected', 'disconnected']));
  expect(ended).toEqual([]);
});

it.each(FAILING)(
  'an onAnnotations that fails is a warning of the process, and the call gives its result or its stream: %s',
  async (_, failing) => {
    await using daemon = await PyroDaemon.listen({ host: '127.0.0.1' });
    const uri = daemon.register(new Thing(), 'thing');
    await using proxy = await PyroProxy.connect<Thing>(uri, { onAnnotations: failing('of the proxy') });
    const thing = proxy.$with({ onAnnotations: failing('of the call') });
    expect(await thing.hello()).toBe('hello');
    await vi.waitFor(() => expect(warnings()).toEqual(['of the proxy', 'of the call']));
    const items: unknown[] = [];
    for await (const item of await thing.items()) items.push(item);
    expect(items).toEqual([1]);
    expect(daemon.streamCount).toBe(0);
    expect(ended).toEqual([]);
  },
);

it.each(FAILING)('listeners of a name registrar that fail do not keep names from being registered: %s', async (_, failing) => {
  await using nameServer = await startNameServer({ host: '127.0.0.1', port: 0 });
  await using daemon = await PyroDaemon.listen({ host: '127.0.0.1' });
  const objects = [{ name: 'lab.thing', uri: daemon.register(new Thing(), 'thing') }];
  const registrar = new NameRegistrar({
    nameServer: { host: '127.0.0.1', port: Number(nameServer.uri.location!.split(':')[1]) },
    objects,
  });
  registrar.on('registered', failing('registered'));
  expect(await registrar.start()).toBe(true);
  await registrar.stop();
  await vi.waitFor(() => expect(warnings()).toContain('registered'));
  expect(ended).toEqual([]);
});
