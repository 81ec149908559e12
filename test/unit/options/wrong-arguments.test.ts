import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { describe, expect, it } from 'vitest';
import { PyroClient, PyroModule } from 'nestjs-pyro';
import {
  expose,
  kwargs,
  KeywordArguments,
  locateNameServer,
  NameRegistrar,
  NameServerClient,
  params,
  ProxyReference,
  PyroDaemon,
  PyroProxy,
  PyroUri,
  registerClass,
  resolve,
  typeMeta,
  withCorrelationId,
} from 'nestjs-pyro/core';

const URI = 'PYRO:a@localhost:1';
/** A wrong argument, of any type. */
const wrong = (value: unknown): never => value as never;
const proxy = PyroProxy.to(URI, { maxRetries: 0 });

type Case = [call: string, make: () => unknown, text: string];

/** Makes a registrar of these objects. */
const registrar = (objects: unknown): NameRegistrar => new NameRegistrar({ nameServer: {}, objects: wrong(objects) });

const cases: Case[] = [
  ['new NameRegistrar({ objects: 5 })', () => registrar(5), 'objects is 5; it must be a list of objects'],
  ['new NameRegistrar({ objects: text })', () => registrar('ab'), 'objects is the text "ab"; it must be a list of objects'],
  ['a NamedObject without a name', () => registrar([{ uri: URI }]), 'the name of an object is undefined; it must be a text'],
  ['a NamedObject with a name that is no text', () => registrar([{ name: 5, uri: URI }]), 'name is 5; it must be a text'],
  ['a NamedObject with no URI', () => registrar([{ name: 'a', uri: null }]), 'uri is null; it must be a text or a PyroUri'],
  ['fields: null', () => registerClass(class {}, { name: 'a.A', fields: wrong(null) }), 'a.A: fields is null; give'],
  ['fields: [5]', () => registerClass(class {}, { name: 'a.A', fields: wrong([5]) }), "fields is [5]; give ['x', 'y']"],
  ['PyroModule.forRoot("x")', () => PyroModule.forRoot(wrong('x')), 'the options are the text "x"; they must be an object'],
  ['PyroModule.forRoot(null)', () => PyroModule.forRoot(wrong(null)), 'the options are null; they must be an object'],
  ['PyroProxy.to(5)', () => PyroProxy.to(wrong(5)), 'invalid uri "5": it is no string'],
  ['PyroProxy.to(null)', () => PyroProxy.to(wrong(null)), 'invalid uri "null": it is no string'],
  ['PyroProxy.to({})', () => PyroProxy.to(wrong({})), 'invalid uri "[object Object]": it is no string'],
  ['PyroProxy.connect(undefined)', () => PyroProxy.connect(wrong(undefined)), 'invalid uri "undefined": it is no string'],
  ['PyroProxy.to(uri, null)', () => PyroProxy.to(URI, wrong(null)), 'the options are null; they must be an object'],
  ['PyroProxy.to(uri, 5)', () => PyroProxy.to(URI, wrong(5)), 'the options are 5; they must be an object'],
  ['PyroProxy.to(uri, "x")', () => PyroProxy.to(URI, wrong('x')), 'the options are the text "x"; they must be an object'],
  [
    'PyroProxy.connect(uri, [])',
    () => PyroProxy.connect(URI, wrong([])),
    'the options are an empty list; they must be an object',
  ],
  ['PyroProxy.from(text)', () => PyroProxy.from(wrong(URI)), 'it must be a ProxyReference; PyroProxy.to takes a URI'],
  ['PyroProxy.from(null)', () => PyroProxy.from(wrong(null)), 'the reference is null; it must be a ProxyReference'],
  [
    'PyroProxy.from(reference, null)',
    () => PyroProxy.from(new ProxyReference(new PyroUri(URI)), wrong(null)),
    'the options are null; they must be an object',
  ],
  [
    'PyroProxy.from(reference, { sender: text })',
    () => PyroProxy.from(new ProxyReference(new PyroUri(URI)), { sender: wrong('localhost:1') }),
    'sender is the text "localhost:1"; it must be an object with remoteAddress',
  ],
  ['new ProxyReference(text)', () => new ProxyReference(wrong(URI)), 'it must be a PyroUri: new PyroUri('],
  [
    'new ProxyReference(uri, list)',
    () => new ProxyReference(new PyroUri(URI), wrong(['a'])),
    'the members of a ProxyReference are Sets of names, not the list ["a"]',
  ],
  ['$with(null)', () => proxy.$with(wrong(null)), 'the options are null; they must be an object'],
  ['$with(5)', () => proxy.$with(wrong(5)), 'the options are 5; they must be an object'],
  ['$call(5)', () => proxy.$call(wrong(5)), 'the name of the method is 5; it must be a text'],
  ['$call()', () => proxy.$call(wrong(undefined)), 'the name of the method is undefined; it must be a text'],
  ['$get(5)', () => proxy.$get(wrong(5)), 'the name of the attribute is 5; it must be a text'],
  ['$set(null, 1)', () => proxy.$set(wrong(null), 1), 'the name of the attribute is null; it must be a text'],
  ['$batch("x")', () => proxy.$batch(wrong('x')), 'the recorder of $batch is the text "x"; it must be a function'],
  ['$batch(f, null)', () => proxy.$batch(() => undefined, wrong(null)), 'the options are null; they must be an object'],
  ['$batch(f, true)', () => proxy.$batch(() => undefined, wrong(true)), 'the options are true; they must be an object'],
  ['kwargs("abc")', () => kwargs(wrong('abc')), 'kwargs(…) got the text "abc"; it takes an object or a Map'],
  ['kwargs(5)', () => kwargs(wrong(5)), 'kwargs(…) got 5; it takes'],
  ['kwargs(null)', () => kwargs(wrong(null)), 'kwargs(…) got null; it takes'],
  ['kwargs([7])', () => kwargs(wrong([7])), 'kwargs(…) got the list [7]; it takes'],
  ['kwargs(function)', () => kwargs(wrong(() => 1)), 'kwargs(…) got a function; it takes'],
  ['kwargs(Set)', () => kwargs(wrong(new Set(['a']))), 'kwargs(…) got an object; it takes'],
  ['kwargs(bytes)', () => kwargs(wrong(Buffer.from('a'))), 'kwargs(…) got an object; it takes'],
  ['kwargs(promise)', () => kwargs(wrong(Promise.resolve({}))), 'kwargs(…) got an object of the class Promise without members'],
  ['kwargs(Date)', () => kwargs(wrong(new Date(0))), 'kwargs(…) got an object of the class Date without members'],
  ['kwargs(proxy)', () => kwargs(wrong(proxy)), 'without members; it takes'],
  ['kwargs(Map of numbers)', () => kwargs(wrong(new Map([[1, 2]]))), 'kwargs(…) got a Map with the key 1; it takes'],
  ['new KeywordArguments("abc")', () => new KeywordArguments(wrong('abc')), 'kwargs(…) got the text "abc"; it takes'],
  ['locateNameServer(null)', () => locateNameServer(wrong(null)), 'nameServer is null; it must be an object'],
  ['locateNameServer("host")', () => locateNameServer(wrong('host')), 'nameServer is the text "host"; it must be an object'],
  ['resolve(5)', () => resolve(wrong(5)), 'invalid uri "5": it is no string'],
  ['resolve(uri, "host")', () => resolve(URI, wrong('host')), 'nameServer is the text "host"; it must be an object'],
  ['NameServerClient.at(5)', () => NameServerClient.at(wrong(5)), 'invalid uri "5": it is no string'],
  ['withCorrelationId(5, f)', () => withCorrelationId(wrong(5), () => 0), 'correlation id 5 is no UUID'],
  [
    'withCorrelationId(id, 5)',
    () => withCorrelationId('12345678-1234-4234-8234-123456789abc', wrong(5)),
    'withCorrelationId takes a function, not 5',
  ],
  ['typeMeta("Camera")', () => typeMeta(wrong('Camera')), 'typeMeta takes a class or an object, not the text "Camera"'],
  ['typeMeta(null)', () => typeMeta(wrong(null)), 'typeMeta takes a class or an object, not null'],
  ['new PyroClient(null)', () => new PyroClient(wrong(null)), 'PyroClient has no uri'],
  ['new PyroClient({ uri: 5 })', () => new PyroClient({ uri: wrong(5) }), 'uri is 5; it must be a text or a PyroUri'],
  ['new PyroClient({ uri: null })', () => new PyroClient({ uri: wrong(null) }), 'uri is null; it must be a text or a PyroUri'],
  [
    'PyroModule.forFeature(feature)',
    () => PyroModule.forFeature(wrong({ token: 'a', uri: URI })),
    'the list is an object; it must be a list of objects, each with a token',
  ],
  [
    'PyroModule.forFeature([null])',
    () => PyroModule.forFeature([wrong(null)]),
    'it must be a list of objects, each with a token',
  ],
  [
    'PyroModule.forFeature without a token',
    () => PyroModule.forFeature([wrong({ uri: URI })]),
    'a remote object lacks token: CAMERA',
  ],
  [
    'PyroModule.forFeatureAsync without a factory',
    () => PyroModule.forFeatureAsync([wrong({ token: 'a' })]),
    'a remote object lacks useFactory: () => ({ uri:',
  ],
  [
    'PyroModule.forFeature([], null)',
    () => PyroModule.forFeature([], wrong(null)),
    'the options are null; they must be an object',
  ],
];

describe('arguments of another type', () => {
  it.each(cases)('%s is refused in words', async (_, make, text) => {
    await expect((async () => make())()).rejects.toThrow(text);
  });

  it.each([
    ['a feature without a uri', () => PyroModule.forFeature([wrong({ token: 'a' })]), 'invalid uri "undefined": it is no string'],
    [
      'a feature whose uri is a number',
      () => PyroModule.forFeature([{ token: 'a', uri: wrong(5) }]),
      'PyroModule.forFeature, 5: uri is 5; it must be a text or a PyroUri',
    ],
    [
      'a factory that gives nothing',
      () => PyroModule.forFeatureAsync([{ token: 'a', useFactory: () => wrong(null) }]),
      'PyroModule.forFeatureAsync, undefined: the options are null; they must be an object',
    ],
  ])('an application with %s does not start', async (_, makeModule, text) => {
    @Module({ imports: [makeModule()] })
    class App {}
    await expect(NestFactory.createApplicationContext(App, { logger: false, abortOnError: false })).rejects.toThrow(text);
  });
});

describe('keyword arguments', () => {
  class Echo {
    echo(values: unknown): unknown {
      return values;
    }
  }
  expose(Echo);
  params(Echo, 'echo', '**values');

  it.each([
    ['an object', { a: 1, b: undefined }, { a: 1 }],
    [
      'a Map',
      new Map<string, unknown>([
        ['a', 1],
        ['b', undefined],
      ]),
      { a: 1 },
    ],
    ['an object without prototype', Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
    [
      'an object of a class',
      new (class Options {
        a = 1;
      })(),
      { a: 1 },
    ],
    ['an empty object', {}, {}],
  ])('keyword arguments are the members of %s', async (_, given, expected) => {
    await using daemon = await PyroDaemon.listen({ host: '127.0.0.1' });
    await using remote = PyroProxy.to(daemon.register(new Echo()));
    const results = await remote.$batch((batch) => batch['echo']!(kwargs(given as Record<string, unknown>)));
    expect([await remote['echo']!(kwargs(given as Record<string, unknown>)), results[0]]).toEqual([expected, expected]);
  });
});
