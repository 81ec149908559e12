import { Logger, type Provider, Scope } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { expose, PyroController, type PyroDaemon, PyroMethod, PyroModule } from '../../../lib/index.js';
import { moduleOf, serve, serveBy } from './fixtures.js';

// these tests depend on their order: they are the applications that one process makes one after the other

@PyroController('forgotten')
class Forgotten {
  @PyroMethod() method(): void {}
}
@PyroController('base')
class Base {
  @PyroMethod() method(): string {
    return 'base';
  }
}
@PyroController('served')
class Served extends Base {}

class AtRunTime {
  method(): void {}
}
expose(AtRunTime);

const silence = (): ReturnType<typeof vi.spyOn> => vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
const warnings = (): string[] => (Logger.prototype.warn as ReturnType<typeof vi.fn>).mock.calls.map(String);

/** Lets the time pass that a server gives other applications of the process to start. */
const settle = (): unknown => vi.advanceTimersByTime(5_000);
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

it('a server refuses an application without objects while classes with @PyroController are in no module', async () => {
  const refusal =
    'Forgotten, Base, Served have @PyroController but are in no module, so that nothing would be served: list such a class among the providers';
  await expect(serve({})).rejects.toThrow(refusal);
  await expect(serveBy('standalone', { imports: [moduleOf({})] })).rejects.toThrow(refusal);
});

it('an application that registers objects at run time is warned of classes in no module', async () => {
  silence();
  const { server } = await serve(
    {},
    { prepare: (_app, pyro) => void pyro.register(new AtRunTime(), { objectId: 'at-run-time' }) },
  );
  expect(server.unwrap<PyroDaemon>().objectCount).toBe(2);
  expect(warnings()).toEqual([]);
  settle();
  expect(warnings()).toEqual([
    'Forgotten, Base, Served have @PyroController but are in no module of this process, so that nobody serves them: ' +
      'list such a class among the providers (or controllers) of one; the object of a factory or value is found if ' +
      'the provider gives the object itself, once, at the start, or has the class as its token',
  ]);
});

it('an application is warned once of each class in no module, but not of base classes of its objects', async () => {
  @PyroController('also.forgotten')
  class AlsoForgotten {
    @PyroMethod() method(): void {}
  }
  silence();
  await serve({ providers: [Served] });
  settle();
  expect(warnings()).toEqual([expect.stringContaining('AlsoForgotten has @PyroController but is in no module')]);
  await serve({ providers: [Served] });
  settle();
  expect(warnings()).toHaveLength(1);
  await serve({ providers: [AlsoForgotten, Forgotten] });
  settle();
  expect(warnings()).toHaveLength(1);
});

describe('an application is warned of a class whose objects come from', () => {
  const providers: Record<string, (type: new () => object) => Provider> = {
    'a factory for each request': (type) => ({ provide: 'objects', scope: Scope.REQUEST, useFactory: () => new type() }),
    'a transient factory': (type) => ({ provide: 'objects', scope: Scope.TRANSIENT, useFactory: () => new type() }),
    'a factory that gives a list': (type) => ({ provide: 'objects', useFactory: () => [new type()] }),
    'a factory that gives the class': (type) => ({ provide: 'objects', useFactory: () => type }),
    'a value that is a promise': (type) => ({ provide: 'objects', useValue: Promise.resolve(new type()) }),
  };
  it.each(Object.entries(providers))('an application is warned of a class whose objects come from %s', async (_, provider) => {
    @PyroController('of.factory')
    class OfFactory {
      @PyroMethod() method(): void {}
    }
    silence();
    await serve({ imports: [PyroModule], providers: [Served, provider(OfFactory)] });
    settle();
    expect(warnings()).toEqual([expect.stringMatching(/^OfFactory has @PyroController .* or has the class as its token$/)]);
  });
});

it('an application is not warned of the classes of another application that starts after it', async () => {
  @PyroController('of.another')
  class OfAnother {
    @PyroMethod() method(): void {}
  }
  silence();
  await serve({ providers: [Served] });
  await serve({ providers: [OfAnother] });
  settle();
  expect(warnings()).toEqual([]);
});
