import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { expect, it } from 'vitest';
import { type CallContext, currentContext, expose, FLAGS, NdArray, type PyroDaemon } from '../../../lib/core.js';
import { ClassRegistry } from '../../../lib/serializers/contract/class-registry.js';
import { createSerializers } from '../../../lib/serializers/serializers.js';
import { dumps, PyComplex, pyTuple } from '../../../lib/serpent/index.js';
import { RemoteFailure, valueOf } from '../../../lib/testing/index.js';
import { TestAuthority } from '../../certificates.js';
import { keepWarnings } from '../../kept-warnings.js';
import { eventually, join, startDaemon } from './fixtures.js';

keepWarnings(/^thing\.<batch> failed .* maxMessageBytes/);

class Report {
  constructor(readonly text: string) {}
}

class Sample {
  constructor(readonly notSent: string) {}
}

class Thing {
  made = 0;
  big(bytes: number): Buffer {
    this.made++;
    return Buffer.alloc(bytes);
  }
  get picture(): Buffer {
    this.made++;
    return Buffer.alloc(1_000);
  }
  rows(count: number): unknown[] {
    return Array.from({ length: count }, (_, row) => ({ row, name: 'row', tags: new Set(['a']), of: new Map([[1, 'b']]) }));
  }
  *items(): Generator<Buffer> {
    for (;;) yield this.big(1_000);
  }
  report(characters: number): Report {
    this.made++;
    return new Report('x'.repeat(characters));
  }
  reports(characters: number): unknown {
    return new Map([['all', [this.report(characters)]]]);
  }
  sample(characters: number): Sample {
    this.made++;
    return new Sample('x'.repeat(characters));
  }
  array(length: number): NdArray {
    this.made++;
    return NdArray.from(new Float64Array(length));
  }
  error(characters: number): Error {
    this.made++;
    return new Error('x'.repeat(characters));
  }
  thirds(length: number): number[] {
    this.made++;
    return Array.from({ length }, (_, index) => (index + 1) / 3);
  }
  complex(length: number): PyComplex[] {
    this.made++;
    return Array.from({ length }, () => new PyComplex(-1e-300 / 3, -1e-300 / 7));
  }
  escaped(length: number): string {
    this.made++;
    return '\0'.repeat(length);
  }
  zeros(length: number): number[] {
    this.made++;
    return Array.from({ length }, () => 0);
  }
  keywords(): string[] {
    return Object.keys((currentContext() as CallContext).kwargs);
  }
  async later(): Promise<string> {
    await new Promise((resolve) => setTimeout(resolve, 20));
    return 'answered';
  }
}
expose(Thing);

async function serveThing(options = {}): Promise<{ daemon: PyroDaemon; thing: Thing }> {
  const daemon = await startDaemon(options);
  const thing = new Thing();
  daemon.register(thing, 'thing');
  return { daemon, thing };
}

const entries = (count: number, method: string, ...args: unknown[]): unknown[] =>
  Array.from({ length: count }, () => pyTuple(method, pyTuple(...args), {}));

it.each([
  ['results of methods', 'big', [1_000]],
  ['values of attributes', '__getattr__', ['picture']],
] as const)('a batch stops when its %s are over maxMessageBytes, and says so at that entry', async (_, method, args) => {
  const { daemon, thing } = await serveThing({ maxMessageBytes: 10_000 });
  const peer = await join(daemon);
  peer.invoke('thing', '<batch>', entries(100, method, ...args), {}, { flags: FLAGS.batch });
  const results = valueOf(await peer.next()) as unknown[];
  expect(thing.made).toBe(7);
  expect(results).toHaveLength(7);
  expect(JSON.stringify(results[6])).toContain('the results of the batch are over maxMessageBytes (10000) from entry 7 on');
});

it.each([
  ['bytes', 'big', 1_000, ['serpent', 'marshal', 'msgpack']],
  ['floats', 'thirds', 50, ['serpent', 'marshal', 'json', 'msgpack']],
  ['complex numbers', 'complex', 60, ['serpent', 'marshal', 'msgpack']],
  ['characters that are escaped', 'escaped', 250, ['serpent', 'marshal', 'json', 'msgpack']],
] as const)('a batch counts %s as each serializer writes them', async (_, method, size, names) => {
  for (const [serializerId, serializer] of createSerializers()) {
    if (!(names as readonly string[]).includes(serializer.name)) continue;
    const { daemon, thing } = await serveThing({ maxMessageBytes: 10_000, detailedTraceback: false });
    const peer = await join(daemon);
    const call = { objectId: 'thing', method: '<batch>', args: entries(100, method, size), kwargs: {} };
    peer.send({ serializerId, data: serializer.dumpsCall(call), flags: FLAGS.batch });
    const { header, data } = await peer.next();
    expect(header.flags & FLAGS.exception, serializer.name).toBe(0);
    const results = serializer.loads(data) as unknown[];
    expect(results, serializer.name).toHaveLength(thing.made);
    expect(JSON.stringify(results.at(-1))).toContain(`over maxMessageBytes (10000) from entry ${thing.made} on`);
    // no result would have had room
    expect(data.length + serializer.dumps(results[0]).length, serializer.name).toBeGreaterThan(10_000 - 625);
  }
});

it.each([
  ['instances of a class', 'report', 1_000],
  ['containers of instances', 'reports', 1_000],
  ['arrays', 'array', 125],
  ['errors', 'error', 1_000],
] as const)('a batch stops when its results are over maxMessageBytes, also when they are %s', async (_, method, size) => {
  for (const [serializerId, serializer] of createSerializers()) {
    const { daemon, thing } = await serveThing({ maxMessageBytes: 10_000, detailedTraceback: false });
    const peer = await join(daemon);
    const call = { objectId: 'thing', method: '<batch>', args: entries(100, method, size), kwargs: {} };
    peer.send({ serializerId, data: serializer.dumpsCall(call), flags: FLAGS.batch });
    await peer.next();
    expect(thing.made).toBeLessThan(11);
  }
});

it('a batch counts of an instance what is sent of it', async () => {
  const classes = new ClassRegistry();
  classes.registerClass(Sample, { name: 'lab.Sample', toDict: () => ({}), fromDict: () => undefined });
  const { daemon, thing } = await serveThing({ maxMessageBytes: 10_000, classes });
  const peer = await join(daemon);
  peer.invoke('thing', '<batch>', entries(100, 'sample', 1_000), {}, { flags: FLAGS.batch });
  expect(valueOf(await peer.next())).toHaveLength(100);
  expect(thing.made).toBe(100);
});

it('a batch counts the texts of instances that are not sent as memory', async () => {
  const classes = new ClassRegistry();
  classes.registerClass(Sample, { name: 'lab.Sample', toDict: () => ({}), fromDict: () => undefined });
  const { daemon, thing } = await serveThing({ maxInFlightValueBytes: 100_000, classes });
  const peer = await join(daemon);
  peer.invoke('thing', '<batch>', entries(50, 'sample', 10_000), {}, { flags: FLAGS.batch });
  await peer.next();
  expect(thing.made).toBeLessThan(11);
});

it('the results of a batch count under maxInFlightValueBytes until the batch is answered', async () => {
  const { daemon, thing } = await serveThing({ maxInFlightValueBytes: 100_000 });
  const peer = await join(daemon);
  for (let round = 0; round < 3; round++) {
    thing.made = 0;
    peer.invoke('thing', '<batch>', entries(50, 'zeros', 1_000), {}, { flags: FLAGS.batch });
    const results = valueOf(await peer.next()) as unknown[];
    expect(JSON.stringify(results.at(-1))).toContain(`over maxInFlightValueBytes (100000) from entry ${thing.made} on`);
    expect(thing.made).toBeGreaterThan(5);
    expect(thing.made).toBeLessThan(14);
  }
  expect(daemon.counters.maxInFlightValueBytes).toBe(3);
});

it('a batch of many results that fit is answered up to the one that does not fit', async () => {
  const { daemon, thing } = await serveThing({ maxMessageBytes: 100_000 });
  const peer = await join(daemon);
  peer.invoke('thing', '<batch>', [...entries(5, 'big', 100), ...entries(5, 'big', 99_990)], {}, { flags: FLAGS.batch });
  const results = valueOf(await peer.next()) as { __class__?: string }[];
  expect(results).toHaveLength(6);
  expect(JSON.stringify(results[5])).toContain(
    'the results of the batch are over maxMessageBytes (100000) from entry 6 on; ask for less in one batch',
  );
  expect(thing.made).toBe(6);
});

it('the items of a stream count too when a batch asks for them', async () => {
  const { daemon, thing } = await serveThing({ maxMessageBytes: 10_000 });
  const peer = await join(daemon);
  peer.invoke('thing', 'items');
  const id = (await peer.next()).annotations.get('STRM')!.toString();
  peer.invoke('Pyro.Daemon', '<batch>', entries(100, 'get_next_stream_item', id), {}, { flags: FLAGS.batch });
  expect(valueOf(await peer.next())).toHaveLength(thing.made);
  expect(thing.made).toBe(7);
});

it('a batch counts containers of every kind, and keeps no results of a oneway batch', async () => {
  const { daemon, thing } = await serveThing({ maxMessageBytes: 20_000 });
  const peer = await join(daemon);
  peer.invoke('thing', '<batch>', [...entries(1, 'rows', 100_000), ...entries(1, 'big', 1)], {}, { flags: FLAGS.batch });
  expect(JSON.stringify(valueOf(await peer.next()))).toContain('from entry 1 on');
  expect(thing.made).toBe(0);
  peer.invoke('thing', '<batch>', entries(100, 'big', 1_000), {}, { flags: FLAGS.batch | FLAGS.oneway });
  await eventually(() => thing.made === 100);
});

it.each([
  ['a number', '{1: 2}', 'strings as keys of kwargs'],
  ['__proto__', "{1.5: 1, '__proto__': 2}", 'kwargs'],
  ['a list', '[1]', 'a dict or None as kwargs'],
])('a batch refuses keywords that are no names: %s', async (_, keywords, why) => {
  for (const values of ['natural', 'faithful'] as const) {
    const { daemon } = await serveThing({ values });
    const peer = await join(daemon);
    peer.send({ data: Buffer.from(`('thing','<batch>',[('keywords',(),${keywords})],{})`), flags: FLAGS.batch });
    const failure = new RemoteFailure(await peer.next());
    expect(failure.pythonType).toBe('builtins.ValueError');
    expect(failure.args[0]).toContain(`entry 1 of the batch is not (method, args, kwargs)`);
    expect(failure.args[0]).toContain(why);
  }
});

it('a batch in faithful mode refuses the keyword __proto__, and takes None as no keywords', async () => {
  const { daemon } = await serveThing({ values: 'faithful' });
  const peer = await join(daemon);
  peer.send({ data: Buffer.from(`('thing','<batch>',[('keywords',(),{'__proto__': 1})],{})`), flags: FLAGS.batch });
  expect(new RemoteFailure(await peer.next()).args[0]).toContain('no keyword argument __proto__');
  peer.send({ data: Buffer.from(`('thing','<batch>',[('keywords',(),None)],{})`), flags: FLAGS.batch });
  expect(valueOf(await peer.next())).toEqual([[]]);
});

it.each(['later', 'keywords'])(
  'a call (%s) with garbage after it in one write is answered before the connection ends',
  async (method) => {
    const { daemon } = await serveThing();
    const peer = await join(daemon);
    const reasons: (Error | undefined)[] = [];
    daemon.on('disconnect', (_, error) => reasons.push(error));
    peer.socket.cork();
    peer.send({ data: dumps(pyTuple('thing', method, pyTuple(), {})) });
    peer.write(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    peer.socket.uncork();
    expect(valueOf(await peer.next())).toEqual(method === 'later' ? 'answered' : []);
    await peer.untilClosed();
    await eventually(() => reasons.length === 1);
    expect(reasons[0]).toMatchObject({ code: 'BAD_TAG' });
  },
);

it('a TLS client that renegotiates without end is disconnected', async () => {
  const directory = await mkdtemp(joinPath(tmpdir(), 'pyro-tls-'));
  const { cert, key } = await (await TestAuthority.create(directory, 'ca')).issue('server');
  await rm(directory, { recursive: true, force: true });
  const daemon = await startDaemon({ tls: { cert, key } });
  const port = Number(daemon.locationStr.split(':')[1]);
  const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, maxVersion: 'TLSv1.2' });
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.once('secureConnect', resolve));
  await eventually(() => daemon.sockets.length === 2);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  const again = (): void => void socket.renegotiate({ rejectUnauthorized: false }, (error) => (error ? undefined : again()));
  again();
  await closed;
  await eventually(() => daemon.sockets.length === 1);
});
