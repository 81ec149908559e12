import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  expose,
  kwargs,
  PyroDaemon,
  type PyroDaemonOptions,
  PyroProxy,
  PyroRemoteError,
  PythonException,
} from '../../../../lib/core.js';
import { explainAttribute } from '../../../../lib/client/call/attribute-hints.js';
import { SERIALIZER_IDS } from '../../../../lib/protocol/constants.js';
import type { SerializerName } from '../../../../lib/serializers/contract/serializer.js';
import { TestAuthority } from '../../../certificates.js';

class Thing {
  read(value: unknown): unknown {
    return value;
  }
  get gain(): number {
    return 2;
  }
  set gain(_value: number) {}
}
expose(Thing);

const closers: (() => unknown)[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  for (const close of closers.splice(0).reverse()) await close();
});

async function serve(options: PyroDaemonOptions = {}): Promise<string> {
  const daemon = await PyroDaemon.listen({ ...options, port: 0 });
  closers.push(() => daemon.close());
  return String(daemon.register(new Thing(), 'thing'));
}

describe.each(Object.keys(SERIALIZER_IDS) as SerializerName[])('an argument that cannot be written in %s', (serializer) => {
  const bad = { list: [1, () => undefined] };
  it.each<[string, string, (proxy: PyroProxy & Record<'read', (...args: unknown[]) => Promise<unknown>>) => Promise<unknown>]>([
    ['a call', 'argument 1 of read: a function cannot be written', (proxy) => proxy.read(() => undefined)],
    ['a nested value', 'argument 2.list[1] of read: a function cannot be written', (proxy) => proxy.read(1, bad)],
    ['a keyword argument', 'keyword argument value.list[1] of read: a function', (proxy) => proxy.read(kwargs({ value: bad }))],
    [
      'an exception',
      'argument 1.args[0] of read: a function cannot be written',
      (proxy) => proxy.read(new PythonException('builtins.ValueError', [() => 1])),
    ],
    ['an attribute', 'the new value of the attribute gain: a function', (proxy) => proxy.$set('gain', () => undefined)],
    [
      'an iterator',
      'argument 1 of read: an iterator (make an array of it) cannot be written',
      (proxy) => proxy.read([1].values()),
    ],
    [
      'a batch',
      'argument 1.list[1] of read (entry 2 of the batch): a function cannot be written',
      (proxy) =>
        proxy.$batch((batch) => {
          batch['read']!(1);
          batch['read']!(bad);
        }),
    ],
  ])('an argument that cannot be written is named by its path in %s', async (_what, text, call) => {
    await using proxy = await PyroProxy.connect(await serve(), { serializer });
    await expect(call(proxy as never)).rejects.toThrow(text);
  });
});

it('reading an attribute as a member of a connected proxy warns once, over later connections too, and names $get', async () => {
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  await using proxy = await PyroProxy.connect(await serve());
  expect([proxy['gain'], proxy['gain'], proxy['nothing']]).toEqual([undefined, undefined, undefined]);
  await proxy.$release();
  await proxy.$connect();
  expect([proxy['gain'], proxy.$with({})['gain']]).toEqual([undefined, undefined]);
  expect(warned.mock.calls.map(([text]) => text)).toEqual([
    '"gain" is an attribute of the remote object, and undefined on the proxy: read it by await proxy.$get("gain")',
  ]);
});

it('calling an attribute before the proxy is connected names $get', async () => {
  await using proxy = PyroProxy.to(await serve());
  await expect(proxy['gain']!()).rejects.toThrow('("gain" is an attribute: read it by await proxy.$get("gain"))');
});

it.each([false, true])('an entry of a batch that is an attribute names $get (settled: %s)', async (settled) => {
  await using proxy = await PyroProxy.connect(await serve());
  const record = (batch: Record<string, (...args: unknown[]) => void>): void => {
    batch['read']!(1);
    batch['gain']!();
  };
  const failure = settled
    ? (await proxy.$batch(record as never, { settled })).find(({ status }) => status === 'rejected')
    : { reason: (await proxy.$batch(record as never).catch((error: unknown) => error)) as unknown };
  expect(String((failure as PromiseRejectedResult).reason)).toContain(
    '("gain" is an attribute: read it by await proxy.$get("gain"))',
  );
});

it('a received exception shows the exceptions and objects in its args', () => {
  class Pose {}
  const inner = new PyroRemoteError('builtins.KeyError', ['chair']);
  const error = new PyroRemoteError('builtins.ExceptionGroup', ['two', [inner, new RangeError('far')], new Pose()]);
  expect(error.message).toBe('builtins.ExceptionGroup: two, [builtins.KeyError: chair, RangeError: far], [Pose]');
});

it('a checkServerIdentity that throws refuses the server with its error', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'pyro-tls-'));
  closers.push(() => rm(directory, { recursive: true, force: true }));
  const authority = await TestAuthority.create(directory, 'ca');
  const { cert, key } = await authority.issue('server');
  const uri = await serve({ tls: { cert, key } });
  const checkServerIdentity = (): never => {
    throw new Error('not this server');
  };
  const tls = { ca: authority.cert, checkServerIdentity };
  await expect(PyroProxy.connect(uri, { tls, maxRetries: 0 })).rejects.toThrow('not this server');
});

it.each(['TLSv1.2', 'TLSv1.3'] as const)('a missing client certificate is told in words (%s)', async (maxVersion) => {
  const directory = await mkdtemp(join(tmpdir(), 'pyro-tls-'));
  closers.push(() => rm(directory, { recursive: true, force: true }));
  const authority = await TestAuthority.create(directory, 'ca');
  const ca = authority.cert;
  const { cert, key } = await authority.issue('server');
  const uri = await serve({ tls: { cert, key, ca, requestClientCert: true, maxVersion } });
  const failure = (await PyroProxy.connect(uri, { tls: { ca }, maxRetries: 0 }).catch((error: unknown) => error)) as Error;
  expect(failure.message).toMatch(/certificate of the client.*`cert` and `key`/);
  expect(failure.message).not.toContain('openssl');
});

it('the text of a failed batch is searched for attributes at its beginning, and only for quoted names', () => {
  const names = ['gain', 'other'];
  const metadata = { methods: new Set<string>(), oneway: new Set<string>(), attrs: new Set(names) };
  const explained = (text: string): string => {
    const error = new PyroRemoteError('builtins.AttributeError', [text]);
    explainAttribute(error, metadata, names);
    return error.message;
  };
  for (const text of ["attempt to access 'gain'", "''gain'", "'unknown' and 'gain'"])
    expect(explained(text)).toContain('("gain" is an attribute');
  for (const text of ['gain', "'gain", "gain'", "'gain2'", `${'x'.repeat(1_000)}'gain'`])
    expect(explained(text)).not.toContain('is an attribute');
});
