import { afterAll, beforeAll, beforeEach, describe, expect, it, type MockInstance, vi } from 'vitest';
import {
  callback,
  expose,
  oneway,
  type PyroDaemonOptions,
  type PyroLogger,
  PyroProxy,
  PythonException,
  type RemoteObject,
} from '../../../lib/core.js';
import { warnOfError } from '../../../lib/reports/warning.js';
import { eventually, startDaemon } from '../daemon/fixtures.js';

class Lamp {
  @expose
  fail(): never {
    throw new RangeError('no power', { cause: new Error('the fuse') });
  }
  @expose
  revoked(): never {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    // oxlint-disable-next-line typescript/only-throw-error -- user code may throw anything
    throw proxy;
  }
  @expose
  refuse(): never {
    throw new PythonException('builtins.ValueError', ['too bright']);
  }
  @expose
  @oneway
  burn(): never {
    throw new Error('burnt\n[Nest] FAKE LINE');
  }
  @expose
  @callback
  changed(): never {
    throw new Error('nobody looks');
  }
}

interface RemoteLamp {
  fail(): void;
  refuse(): void;
  revoked(): void;
  burn(): void;
  changed(): void;
  missing(): void;
}

const nothing = (): void => undefined;
const SILENT: PyroLogger = { debug: nothing, info: nothing, warn: nothing, error: nothing };

let warned: MockInstance<typeof process.emitWarning>;
beforeAll(() => {
  warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
});
beforeEach(() => {
  warned.mockClear();
});
afterAll(() => {
  warned.mockRestore();
});

/** The warnings of failed calls: text and detail. */
const warnings = (): [string, string][] =>
  (warned.mock.calls as unknown as [string, { code?: string; detail?: string }?][])
    .filter(([, options]) => options?.code === 'PYRO_CALL_FAILED')
    .map(([text, options]) => [text, options!.detail ?? '']);

async function connect(options: PyroDaemonOptions = {}, listen?: 'callFailed' | 'callError'): Promise<RemoteObject<RemoteLamp>> {
  const daemon = await startDaemon(options);
  if (listen) daemon.on(listen, () => undefined);
  return PyroProxy.connect<RemoteLamp>(daemon.register(new Lamp(), 'lamp'));
}

describe('a daemon without a logger', () => {
  it('a daemon without a logger warns of a bug whose stack no client gets, with the stacks of its causes', async () => {
    await using lamp = await connect({ detailedTraceback: false });
    await expect(lamp.fail()).rejects.toThrow('no power');
    const [[text, detail]] = warnings() as [[string, string]];
    expect(text).toMatch(/^lamp\.fail failed for 127\.0\.0\.1:\d+ \(correlation id .*\): RangeError: no power$/);
    expect(detail).toMatch(/RangeError: no power\n +at Lamp\.fail \(.*failure-warnings\.test\.ts/);
    expect(detail).toMatch(/\n {2}caused by: Error: the fuse\n +at Lamp\.fail/);
  });

  it('a daemon without a logger warns of a thrown value that cannot be read', async () => {
    await using lamp = await connect({ detailedTraceback: false });
    await expect(lamp.revoked()).rejects.toThrow('without a text');
    expect(warnings().map(([text]) => text)).toEqual([expect.stringContaining('lamp.revoked failed')]);
  });

  it('a daemon without a logger does not warn of errors that are meant for the client', async () => {
    await using lamp = await connect({ detailedTraceback: false });
    await expect(lamp.refuse()).rejects.toThrow('too bright');
    await expect(lamp.$call('missing')).rejects.toThrow('missing');
    expect(warnings()).toEqual([]);
  });

  it('a daemon without a logger does not warn of a bug whose stack the client gets', async () => {
    await using lamp = await connect();
    const failure = (await lamp.fail().catch((error: unknown) => error)) as { remoteTraceback?: unknown };
    expect(String(failure.remoteTraceback)).toContain('Lamp.fail');
    expect(warnings()).toEqual([]);
  });

  it('a daemon without a logger warns of errors that no client is told, and of errors of callback methods, whatever clients get', async () => {
    await using lamp = await connect();
    await lamp.burn();
    await expect(lamp.changed()).rejects.toThrow('nobody looks');
    await eventually(() => warnings().length === 2);
    const [[text, detail], [other]] = warnings() as [[string, string], [string, string]];
    expect(text).toContain('lamp.burn failed');
    expect(detail).toContain('at Lamp.burn');
    expect(detail).not.toMatch(/\n(?! )/);
    expect(other).toContain('lamp.changed failed');
  });

  it.each(['callFailed', 'callError'] as const)(
    'a daemon without a logger does not warn where the application listens to %s',
    async (event) => {
      await using lamp = await connect({ detailedTraceback: false }, event);
      await expect(lamp.fail()).rejects.toThrow('no power');
      await expect(lamp.changed()).rejects.toThrow('nobody looks');
      expect(warnings()).toEqual([]);
    },
  );

  it.each([false as const, SILENT])('a daemon does not warn with logger: %o', async (logger) => {
    await using lamp = await connect({ detailedTraceback: false, logger });
    await expect(lamp.fail()).rejects.toThrow('no power');
    expect(warnings()).toEqual([]);
  });

  it('a daemon without a logger counts the failures of one method after 20 warnings', async () => {
    await using lamp = await connect({ detailedTraceback: false });
    for (let i = 0; i < 25; i++) await expect(lamp.fail()).rejects.toThrow('no power');
    expect(warnings()).toHaveLength(20);
  });
});

it('the warning of an error has its stack in the detail, which Node prints', () => {
  warnOfError(new TypeError('the hook failed\n    at a text of a peer'));
  const [warning] = warned.mock.calls[0] as unknown as [Error & { detail: string }];
  expect([warning.name, warning.message]).toEqual(['TypeError', 'the hook failed\\u000a    at a text of a peer']);
  expect(warning.detail).toMatch(/^ +at .*failure-warnings\.test\.ts/);
});
