import { type ExecutionContext, Inject, UseGuards, UseInterceptors } from '@nestjs/common';
import { ClsGuard, ClsInterceptor, ClsModule, ClsService } from 'nestjs-cls';
import { describe, expect, it } from 'vitest';
import { type PyroContext, PyroController, type PyroDaemon, PyroMethod, PyroProxy } from '../../../../lib/index.js';
import { PythonInterpreter } from '../../../interop/python-interpreter.js';
import { closeAfter, serve } from '../fixtures.js';

/** Runs at the start of each call: the store gets the user, here the first argument. */
const setup = (cls: ClsService, context: ExecutionContext): void => {
  const { objectId } = context.switchToRpc().getContext<PyroContext>();
  cls.set('user', `${String(context.switchToRpc().getData<unknown[]>()[0])} at ${objectId}`);
};

class StoreObject {
  @Inject(ClsService) private readonly cls!: ClsService;

  @PyroMethod() async as(_user: string): Promise<string> {
    await new Promise(setImmediate);
    return this.cls.get<string>('user');
  }

  @PyroMethod() *items(_user: string): Generator<string> {
    for (let i = 0; i < 3; i++) yield this.cls.get<string>('user');
  }

  @PyroMethod() async *slowItems(_user: string): AsyncGenerator<string> {
    for (let i = 0; i < 3; i++) {
      await new Promise(setImmediate);
      yield this.cls.get<string>('user');
    }
  }
}

@PyroController('guarded')
@UseGuards(ClsGuard)
class GuardedObject extends StoreObject {}

@PyroController('intercepted')
@UseInterceptors(ClsInterceptor)
class InterceptedObject extends StoreObject {}

@PyroController('bare')
class BareObject {
  constructor(private readonly cls: ClsService) {}
  @PyroMethod() read(): unknown {
    return this.cls.isActive() ? this.cls.get<unknown>('user') : 'nothing';
  }
}

const metadata: Parameters<typeof serve>[0] = {
  imports: [ClsModule.forRoot({ guard: { setup }, interceptor: { setup } })],
  providers: [GuardedObject, InterceptedObject, BareObject],
};

describe.each(['guarded', 'intercepted'])('the store of nestjs-cls, for an object that is %s', (object) => {
  const serveStore = async (): Promise<string> => {
    const { server } = await serve(metadata);
    return String(server.unwrap<PyroDaemon>().uriFor(object));
  };

  it('each call has a store of its own, and leaves nothing to the calls after it on the same connection', async () => {
    const uri = await serveStore();
    const python = await PythonInterpreter.start();
    closeAfter(() => python.stop());
    const answers = await python.run(
      `
      from Pyro5.api import Proxy
      with Proxy(uri) as store:
          call = lambda object, method, *args: store._pyroInvoke(method, args, {}, objectId=object)
          return [call(object, "as", "admin"), call("bare", "read"), call(object, "as", "guest"), call("bare", "read")]
      `,
      { uri, object },
    );
    expect(answers).toEqual([`admin at ${object}`, 'nothing', `guest at ${object}`, 'nothing']);
  });

  it('entries of a batch have stores of their own', async () => {
    await using store = await PyroProxy.connect<StoreObject>(await serveStore());
    const both = await store.$batch((each) => {
      each.as('ann');
      each.as('bob');
    });
    expect([...both]).toEqual([`ann at ${object}`, `bob at ${object}`]);
  });

  it.each(['items', 'slowItems'] as const)('the store is there at every item of a generator: %s', async (method) => {
    await using store = await PyroProxy.connect<StoreObject>(await serveStore());
    const streams = [await store[method]('ann'), await store[method]('bob')];
    const seen: string[] = [];
    // the streams are read in turn, with a call between their items
    for (let i = 0; i < 3; i++) {
      for (const stream of streams) seen.push(((await stream.next()) as IteratorResult<string>).value as string);
      await store.as('carl');
    }
    expect(seen).toEqual([1, 2, 3].flatMap(() => [`ann at ${object}`, `bob at ${object}`]));
  });
});
