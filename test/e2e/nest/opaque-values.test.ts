import { ClassSerializerInterceptor, SerializeOptions, ValidationPipe, type ValidationPipeOptions } from '@nestjs/common';
import { APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { Exclude } from 'class-transformer';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import {
  NdArray,
  PyComplex,
  PyFloat,
  pyFloat,
  PyFrozenSet,
  PyroController,
  type PyroDaemon,
  PyroMethod,
  PyroProxy,
  PyroRemoteError,
  type PyroServerOptions,
  PyroUri,
  PyTuple,
  pyTuple,
  SerializedBlob,
} from '../../../lib/index.js';
import { serve } from './fixtures.js';

/** A value as the method got it: class, content. */
function shown(value: unknown): string {
  if (value instanceof Error) {
    const { pythonType, args, remoteTraceback } = value as PyroRemoteError;
    return `${value instanceof PyroRemoteError} ${pythonType} ${inspect(args)} ${(remoteTraceback?.length ?? 0) > 0}`;
  }
  if (value instanceof NdArray) return `${value.dtype} ${inspect(value.toNested())}`;
  if (value instanceof PyroProxy) return `proxy of ${value.$uri}`;
  return inspect(value, { breakLength: Infinity, depth: 4 });
}

@PyroController('values', { instanceMode: 'single' })
class Values {
  @PyroMethod() blob(value: SerializedBlob): string {
    return shown(value.deserialized());
  }
  @PyroMethod() uri(value: PyroUri): string {
    return shown(value);
  }
  @PyroMethod() proxy(value: PyroProxy): string {
    return shown(value);
  }
  @PyroMethod() tuple(value: PyTuple): string {
    return shown(value);
  }
  @PyroMethod() float(value: PyFloat): string {
    return shown(value);
  }
  @PyroMethod() complex(value: PyComplex): string {
    return shown(value);
  }
  @PyroMethod() map(value: Map<unknown, unknown>): string {
    return shown(value);
  }
  @PyroMethod() set(value: Set<unknown>): string {
    return shown(value);
  }
  @PyroMethod() bytes(value: Uint8Array): string {
    return shown(value);
  }
  @PyroMethod() array(value: NdArray): string {
    return shown(value);
  }
  @PyroMethod() error(value: Error): string {
    return shown(value);
  }
  @PyroMethod() remote(value: PyroRemoteError): string {
    return shown(value);
  }
}

interface Remote {
  [method: string]: (...args: unknown[]) => Promise<string>;
}

type How = PyroServerOptions['values'];
const PIPES: ValidationPipeOptions[] = [
  {},
  { transform: true },
  { whitelist: true },
  { transform: true, whitelist: true, transformOptions: { enableImplicitConversion: true } },
];
const CASES = (['natural', 'faithful'] as const).flatMap((values) => PIPES.map((pipe) => [values, pipe] as const));

async function connect(values: How, pipe?: ValidationPipeOptions): Promise<Remote & AsyncDisposable> {
  const pipes = pipe === undefined ? [] : [{ provide: APP_PIPE, useValue: new ValidationPipe(pipe) }];
  const { server } = await serve({ providers: [Values, ...pipes] }, { values });
  return PyroProxy.connect(server.unwrap<PyroDaemon>().uriFor('values'), { serializer: 'marshal' }) as never;
}

const uri = new PyroUri('PYRO:a@b:1');
const SENT: [method: string, value: unknown][] = [
  ['blob', SerializedBlob.of('info', [1, [2]])],
  ['uri', uri],
  ['proxy', PyroProxy.to(uri)],
  ['tuple', pyTuple(1, pyTuple(2))],
  ['float', pyFloat(2)],
  ['complex', new PyComplex(1, -2)],
  [
    'map',
    new Map<unknown, unknown>([
      [1, [2]],
      ['a', new Set([1])],
    ]),
  ],
  ['set', new Set([1, pyTuple(2, 3)])],
  ['set', new PyFrozenSet([1])],
  ['bytes', Buffer.from('hi')],
  ['array', NdArray.from([1, 2])],
  ['error', new TypeError('x')],
  ['remote', new RangeError('x')],
];

describe.each(CASES)('a global ValidationPipe, values: %s, options %j', (values, pipe) => {
  it('a ValidationPipe leaves a value of Python as it is, where the parameter has its class', async () => {
    await using plain = await connect(values);
    await using piped = await connect(values, pipe);
    for (const [method, value] of SENT)
      expect([method, await piped[method]!(value)]).toEqual([method, await plain[method]!(value)]);
  });
});

class User {
  @Exclude() readonly password = 'secret';
  constructor(readonly name: string) {}
}

@PyroController('results', { instanceMode: 'single' })
class Results {
  private at(kind: string): unknown {
    const map = new Map<unknown, unknown>([
      [1, 'a'],
      [pyTuple(1, 2), new User('Ann')],
    ]);
    const results: Record<string, unknown> = {
      tuple: pyTuple(1, pyTuple(new User('Ann'))),
      set: new Set([1, pyTuple(2)]),
      frozenset: new PyFrozenSet([1]),
      map,
      nested: { list: [map, pyTuple(pyFloat(2), uri)] },
    };
    return results[kind];
  }
  @PyroMethod() result(kind: string): unknown {
    return this.at(kind);
  }
  @PyroMethod() @SerializeOptions({ excludePrefixes: ['_'] }) public(): unknown {
    return [new Map(Object.entries({ a: 1, _b: 2 })), { 200: 1, a: 1, _b: 2 }];
  }
  @PyroMethod() *stream(kind: string): Generator<unknown> {
    yield this.at(kind);
    yield this.at(kind);
  }
}

describe('a global ClassSerializerInterceptor', () => {
  it('ClassSerializerInterceptor keeps tuples, sets and dicts with any keys, and serializes their members', async () => {
    const { server } = await serve({
      providers: [Results, { provide: APP_INTERCEPTOR, useClass: ClassSerializerInterceptor }],
    });
    await using proxy = await PyroProxy.connect<{
      result(kind: string): unknown;
      public(): unknown;
      stream(kind: string): Generator<unknown>;
    }>(server.unwrap<PyroDaemon>().uriFor('results'), { serializer: 'marshal', values: 'faithful' });
    const ann = new Map([['name', 'Ann']]);
    const map = new Map<unknown, unknown>([
      [1, 'a'],
      [pyTuple(1, 2), ann],
    ]);
    const expected: Record<string, unknown> = {
      tuple: pyTuple(1, pyTuple(ann)),
      set: new Set([1, pyTuple(2)]),
      frozenset: new PyFrozenSet([1]),
      map,
      nested: new Map([['list', [map, pyTuple(pyFloat(2), uri)]]]),
    };
    for (const [kind, value] of Object.entries(expected)) {
      expect([kind, await proxy.result(kind)]).toEqual([kind, value]);
      const items: unknown[] = [];
      for await (const item of await proxy.stream(kind)) items.push(item);
      expect([kind, items]).toEqual([kind, [value, value]]);
    }
    const tuple = await proxy.result('tuple');
    expect(tuple).toBeInstanceOf(PyTuple);
    expect(await proxy.result('frozenset')).toBeInstanceOf(PyFrozenSet);
    expect(await proxy.public()).toEqual([new Map([['a', 1]]), new Map(Object.entries({ 200: 1, a: 1 }))]);
  });
});
