import { type ArgumentsHost, BadRequestException, Catch, Logger, NotFoundException, UseFilters } from '@nestjs/common';
import { RpcException } from '@nestjs/microservices';
import { Transform } from 'class-transformer';
import { IsInt, Validate, ValidatorConstraint } from 'class-validator';
import { type Observable, throwError } from 'rxjs';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { FLAGS, type LogEntry } from '../../../lib/core.js';
import {
  expose,
  PyroClass,
  PyroContext,
  PyroController,
  type PyroDaemon,
  PyroException,
  PyroMethod,
  PyroProperty,
  registerClass,
} from '../../../lib/index.js';
import type { ScriptedPeer } from '../../../lib/testing/index.js';
import { serve, type Served, type ServeOptions } from './fixtures.js';

/** Nest's own example of a filter. */
@Catch(RpcException)
class DocumentedFilter {
  catch(exception: RpcException, _host: ArgumentsHost): Observable<never> {
    return throwError(() => exception.getError());
  }
}

const nothing = undefined as unknown as { name: string };

const cycle: unknown[] = [];
cycle.push(cycle);
const UNSENDABLE: Record<string, unknown> = {
  function: () => 1,
  symbol: Symbol('x'),
  cycle,
  'throwing object': {
    get member(): number {
      throw new RangeError('no member');
    },
  },
};

@PyroController({ objectId: 'lab', instanceMode: 'single' })
class Lab {
  @PyroMethod() bug(): string {
    return nothing.name;
  }
  @PyroMethod() text(): never {
    // oxlint-disable-next-line typescript/only-throw-error -- libraries do this
    throw 'a text';
  }
  @PyroMethod() async rejectedWithNothing(): Promise<never> {
    return Promise.reject();
  }
  @PyroMethod() wrapped(): never {
    throw new Error('outer', { cause: new Error('inner') });
  }
  @PyroMethod() async *items(): AsyncGenerator<unknown> {
    yield 1;
    yield nothing.name;
  }
  @PyroMethod() unsendable(): unknown {
    return () => undefined;
  }
  @PyroMethod() unsendableError(kind: string): never {
    throw new PyroException('builtins.ValueError', [UNSENDABLE[kind]]);
  }
  @PyroMethod({ oneway: true }) oneway(): void {
    throw new PyroException('builtins.KeyError', ['oneway']);
  }
  @PyroMethod() missing(): never {
    throw new NotFoundException('no sample');
  }
  @PyroMethod() refused(): never {
    throw new BadRequestException('bad');
  }
  @PyroMethod() python(): never {
    throw new PyroException('builtins.KeyError', ['k']);
  }
  @PyroMethod() rpc(): never {
    throw new RpcException('rpc');
  }
  @PyroMethod() @UseFilters(DocumentedFilter) filtered(): never {
    throw new RpcException('rpc');
  }
  @PyroMethod() annotated(): string {
    PyroContext.current()!.responseAnnotations.set('TRACEID', Buffer.from('x'));
    return 'annotated';
  }
  @PyroMethod() needs(argument: unknown): unknown {
    return argument;
  }
  @PyroProperty() get gain(): string {
    return nothing.name;
  }
}

@ValidatorConstraint()
class BuggyRule {
  validate(): boolean {
    return nothing.name === '';
  }
}
@PyroClass('failure_log.Ruled')
class Ruled {
  @Validate(BuggyRule) x!: number;
}
@PyroClass('failure_log.Transformed', { fields: { x: 'int' } })
class Transformed {
  @Transform(() => nothing.name) x!: number;
}
@PyroClass('failure_log.Checked')
class Checked {
  @IsInt() x!: number;
}
class Refusing {}
registerClass(Refusing, {
  name: 'failure_log.Refusing',
  fromDict: () => {
    throw new NotFoundException('no sample');
  },
});
const READ_BY = { 'a rule': Ruled, 'a @Transform': Transformed, 'a correct rule': Checked, 'a converter that refuses': Refusing };

class Device {
  read(): string {
    return nothing.name;
  }
}
expose(Device, 'read');

let error: ReturnType<typeof vi.spyOn>;
let debug: ReturnType<typeof vi.spyOn>;
beforeEach(() => {
  error = vi.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
  debug = vi.spyOn(Logger.prototype, 'debug').mockImplementation(() => undefined);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});
const lines = (spy: typeof error): unknown[] =>
  (spy.mock.calls as [LogEntry | string][]).map(([entry]) => (typeof entry === 'string' ? entry : entry.msg));
const stacks = (spy: typeof error): unknown[] => (spy.mock.calls as [LogEntry][]).map(([entry]) => entry.stack);

async function start(options: Partial<ServeOptions> = {}): Promise<Served & { peer: ScriptedPeer }> {
  const served = await serve({ providers: [Lab] }, options as never);
  return { ...served, peer: await served.join('lab') };
}

it.each<[string, string, (peer: ScriptedPeer) => Promise<unknown>]>([
  ['a method', 'lab.bug', (peer) => peer.fail('lab', 'bug')],
  ['an attribute', 'lab.__getattr__', (peer) => peer.fail('lab', '__getattr__', 'gain')],
  [
    'an entry of a batch',
    'lab.bug',
    async (peer) => {
      peer.invoke('lab', '<batch>', [['bug', [], {}]], {}, { flags: FLAGS.batch });
      await peer.next();
    },
  ],
  ['an object that was registered at run time', 'device.read', (peer) => peer.fail('device', 'read')],
])('a bug in %s is logged with its stack, object, method, correlation id and client', async (_what, name, call) => {
  const { peer, server } = await start({ prepare: (_app, pyro) => void pyro.register(new Device(), { objectId: 'device' }) });
  await call(peer);
  const [connection] = server.unwrap<PyroDaemon>().connections;
  expect(lines(error)).toEqual([
    expect.stringMatching(
      new RegExp(
        `^${name} failed for ${connection!.remoteAddress} \\(correlation id [-0-9a-f]{36}\\): TypeError: Cannot read properties of undefined`,
      ),
    ),
  ]);
  expect(stacks(error)).toEqual([expect.stringContaining('failure-log.test.ts')]);
  expect(lines(debug)).toEqual([]);
});

it.each(['a rule', 'a @Transform'] as const)(
  'a bug in %s, which reads an argument, is logged with its stack, also in production',
  async (what) => {
    vi.stubEnv('NODE_ENV', 'production');
    const { peer } = await start();
    await peer.fail('lab', 'needs', { __class__: `failure_log.${READ_BY[what].name}`, x: 1 });
    expect(lines(error)).toEqual([
      expect.stringMatching(/^lab\.needs failed for .*: TypeError: Cannot read properties of undefined/),
    ]);
    expect(stacks(error)).toEqual([expect.stringContaining('failure-log.test.ts')]);
    expect(lines(debug)).toEqual([]);
  },
);

it.each(['a correct rule', 'a converter that refuses'] as const)(
  'the refusal of %s, which reads an argument, is logged at debug',
  async (what) => {
    const { peer } = await start();
    await peer.fail('lab', 'needs', { __class__: `failure_log.${READ_BY[what].name}`, x: 'text' });
    expect(lines(error)).toEqual([]);
    expect(lines(debug)).toEqual([expect.stringContaining('lab.needs failed for 127.0.0.1')]);
  },
);

it('a bug in a stream is logged with the object and method that returned the stream', async () => {
  const { peer } = await start();
  peer.invoke('lab', 'items');
  const id = (await peer.next()).annotations.get('STRM')!.toString();
  await peer.call('Pyro.Daemon', 'get_next_stream_item', id);
  await peer.fail('Pyro.Daemon', 'get_next_stream_item', id);
  expect(lines(error)).toEqual([expect.stringMatching(/^lab\.items failed for .*TypeError/)]);
});

it('a thrown value that is no error, a result that cannot be sent, and the causes of an error are logged', async () => {
  const { peer } = await start();
  await peer.fail('lab', 'text');
  await peer.fail('lab', 'rejectedWithNothing');
  await peer.fail('lab', 'unsendable');
  await peer.fail('lab', 'wrapped');
  expect(lines(error)).toEqual([
    expect.stringContaining('RuntimeError: a text'),
    expect.stringContaining('RuntimeError: undefined'),
    expect.stringContaining('result cannot be sent with serpent'),
    expect.stringContaining('Error: outer'),
  ]);
  expect(stacks(error)).toEqual([
    undefined,
    undefined,
    expect.any(String),
    expect.stringMatching(/Error: outer[^]*caused by: Error: inner/),
  ]);
});

it.each(Object.keys(UNSENDABLE))(
  'an exception with a %s as argument is replaced: the replacement is logged with its stack, and callFailed gets it',
  async (kind) => {
    const { peer, server } = await start();
    const failed: unknown[] = [];
    server.unwrap<PyroDaemon>().on('callFailed', (failure) => void failed.push(failure));
    const failure = await peer.fail('lab', 'unsendableError', kind);
    expect(failure.args).toEqual([expect.stringMatching(/^Error serializing exception: .*Original exception: /)]);
    peer.invoke('lab', '<batch>', [['unsendableError', [kind], {}]], {}, { flags: FLAGS.batch });
    await peer.next();
    const text = /^lab\.unsendableError failed for .*PyroError: Error serializing exception: .*Original exception: /;
    expect(lines(error)).toEqual([expect.stringMatching(text), expect.stringMatching(text)]);
    expect(stacks(error)).toEqual([
      expect.stringMatching(/unsendableError[^]*caused by: /),
      expect.stringMatching(/unsendableError[^]*caused by: /),
    ]);
    expect(lines(debug)).toEqual([]);
    const replacement = expect.objectContaining({
      message: expect.stringMatching(/^Error serializing exception/) as string,
    }) as unknown;
    expect(failed).toEqual([replacement, replacement]);
  },
);

it('an annotation that no reply can have is a bug of the method: its client is told, and it is logged', async () => {
  const { peer } = await start();
  const failure = await peer.fail('lab', 'annotated');
  expect(failure.args).toEqual([expect.stringMatching(/^responseAnnotations\.set: the identifier is the text "TRACEID"/)]);
  expect(lines(error)).toEqual([expect.stringContaining('lab.annotated failed')]);
});

it('an error of a oneway call is logged once, whatever it is', async () => {
  const { peer } = await start();
  peer.invoke('lab', 'oneway', [], {}, { flags: FLAGS.oneway });
  await expect.poll(() => lines(error)).toEqual([expect.stringContaining('lab.oneway failed')]);
  expect(lines(debug)).toEqual([]);
});

it.each([
  ['an HttpException', 'missing', []],
  ['a PyroException', 'python', []],
  ['an RpcException', 'rpc', []],
  ['the answer of an exception filter', 'filtered', []],
  ['a missing argument', 'needs', []],
  ['an unknown method', 'nothing\nhere', []],
])('%s is meant for the client, and logged at debug', async (_what, method, args) => {
  const { peer } = await start();
  await peer.fail('lab', method, ...args);
  expect(lines(error)).toEqual([]);
  expect(lines(debug)).toEqual([expect.stringContaining(`lab.${method.replace('\n', '\\u000a')} failed for 127.0.0.1`)]);
});

it('a call to an unknown object is logged with the objects that there are', async () => {
  const { peer } = await start();
  await peer.fail('lap', 'bug');
  expect(lines(error)).toEqual([]);
  expect(lines(debug)).toEqual([expect.stringMatching(/^lap\.bug failed for .*unknown object; there are lab$/)]);
});

it('a refused connection is logged with the object that was asked for, and an unknown one with the objects that there are', async () => {
  const { join } = await start();
  await expect(join('lap')).rejects.toThrow('unknown object');
  expect(lines(debug)).toEqual([
    expect.stringMatching(/^refused 127\.0\.0\.1:\d+, which asked for "lap": unknown object; there are lab$/),
  ]);
});

it('the option failureLevel chooses the level by the error as it was thrown', async () => {
  const warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
  const { peer } = await start({
    failureLevel: (thrown, { method }) => {
      if (thrown instanceof NotFoundException) return 'warn';
      return method === 'bug' || method === 'oneway' ? false : undefined;
    },
  });
  warn.mockClear();
  for (const method of ['missing', 'bug', 'oneway', 'python', 'wrapped']) await peer.fail('lab', method);
  expect(lines(warn)).toEqual([expect.stringContaining('lab.missing failed')]);
  expect(lines(debug)).toEqual([expect.stringContaining('lab.python failed')]);
  expect(lines(error)).toEqual([expect.stringContaining('lab.wrapped failed')]);
});
