import { ClassSerializerInterceptor, ParseArrayPipe, ValidationPipe, type ValidationPipeOptions } from '@nestjs/common';
import { APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { Payload } from '@nestjs/microservices';
import { Exclude, Transform, Type } from 'class-transformer';
import { Allow, ArrayMinSize, IsArray, IsInstance, IsInt, IsOptional, ValidateNested } from 'class-validator';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import {
  kwargs,
  NdArray,
  PyComplex,
  PyFloat,
  pyFloat,
  PyFrozenSet,
  PyroClass,
  PyroController,
  type PyroDaemon,
  PyroKwargs,
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

class Point {
  @IsInt() x!: number;
}
class AnyValue {
  @Allow() v: unknown;
}
@PyroClass('opaque.Place')
class Place {
  @IsInstance(PyroUri) uri!: PyroUri;
}
class Points {
  @IsOptional() @IsArray() @ArrayMinSize(1) @ValidateNested({ each: true }) @Type(() => Point) list?: Point[];
  @IsOptional() @ValidateNested({ each: true }) @Type(() => Point) set?: Set<Point>;
  @IsOptional() @ValidateNested({ each: true }) @Type(() => Point) map?: Map<string, Point>;
  @IsOptional() @ValidateNested() @Type(() => Point) one?: Point;
  @IsOptional() @Type(() => String) text?: string;
  @IsOptional() @Transform(({ value }) => (value as unknown[]).length) count?: number;
  @IsOptional() @IsInstance(PyroUri) uri?: PyroUri;
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
  @PyroMethod() any(value: unknown): string {
    return shown(value);
  }
  @PyroMethod() inList(value: unknown[]): string {
    return shown(value[0]);
  }
  @PyroMethod() inDto(value: AnyValue): string {
    return shown(value.v);
  }
  @PyroMethod() nested(value: AnyValue): string {
    return shown((value.v as unknown[])[0]);
  }
  @PyroMethod() inKeywords(@PyroKwargs() value: AnyValue): string {
    return shown(value.v);
  }
  @PyroMethod() inItems(@Payload('0', new ParseArrayPipe({ items: AnyValue })) values: AnyValue[]): string {
    return shown(values[0]!.v);
  }
  @PyroMethod() uris(@Payload('0', new ParseArrayPipe({ items: PyroUri })) values: PyroUri[]): string {
    return shown(values[0]);
  }
  @PyroMethod() place(value: Place): string {
    return shown(value.uri);
  }
  @PyroMethod() points(value: Points): string {
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
  ['map', { a: { b: 1 } }],
  ['set', new Set([1, pyTuple(2, 3)])],
  ['set', new PyFrozenSet([1])],
  ['bytes', Buffer.from('hi')],
  ['array', NdArray.from([1, 2])],
  ['error', new TypeError('x')],
  ['remote', new RangeError('x')],
];

describe.each(CASES)('a global ValidationPipe, values: %s, options %j', (values, pipe) => {
  it('a ValidationPipe leaves the values of Python as they are', async () => {
    await using plain = await connect(values);
    await using piped = await connect(values, pipe);
    for (const [method, value] of SENT)
      expect([method, await piped[method]!(value)]).toEqual([method, await plain[method]!(value)]);
    for (const [kind, value] of SENT.slice(1)) {
      const seen = await plain.any!(value);
      const all = {
        any: await piped.any!(value),
        inList: await piped.inList!([value]),
        inDto: await piped.inDto!({ v: value }),
        nested: await piped.nested!({ v: [value] }),
        inKeywords: await piped.inKeywords!(kwargs({ v: value })),
        inItems: await piped.inItems!([{ v: value }]),
      };
      expect([kind, all]).toEqual([kind, Object.fromEntries(Object.keys(all).map((name) => [name, seen]))]);
    }
    expect(await piped.uris!([uri])).toBe(await plain.any!(uri));
    expect(await piped.place!({ uri })).toBe(await plain.any!(uri));
  });
});

describe.each(['natural', 'faithful'] as const)('members of DTOs with a class, values: %s', (values) => {
  it('class-transformer makes the instances in tuples, sets and dicts, and keeps values of the class of a member', async () => {
    await using piped = await connect(values, { transform: true });
    const x = { x: 1 };
    expect(await piped.points!({ list: pyTuple(x) })).toContain('list: [ Point { x: 1 } ],');
    expect(await piped.points!({ map: { a: x } })).toContain("map: Map(1) { 'a' => Point { x: 1 } },");
    expect(await piped.points!({ one: x })).toContain('one: Point { x: 1 },');
    expect(await piped.points!({ count: pyTuple(1, 2, 3) })).toContain('count: 3,');
    expect(await piped.points!({ text: uri })).toContain("text: 'PYRO:a@b:1',");
    expect(await piped.points!({ uri })).toContain('uri: PyroUri {');
  });

  it.each<[given: object, message: string]>([
    [{ list: pyTuple({ x: 'no' }) }, 'list.0.x must be an integer number'],
    [{ list: [new TypeError('x')] }, 'list.0.x must be an integer number'],
    [{ list: [new Set([1])] }, 'list.0'],
    [{ list: uri }, 'list must be an array'],
    [{ set: [{ x: 'no' }] }, 'x must be an integer number'],
    [{ map: { a: uri } }, 'map.a.x must be an integer number'],
    [{ one: uri }, 'one.x must be an integer number'],
    [{ one: PyroProxy.to(uri) }, 'one.x must be an integer number'],
    [{ one: new TypeError('x') }, 'one.x must be an integer number'],
    [{ one: new PyComplex(1, 2) }, 'one.x must be an integer number'],
    [{ one: new Map([[1, 2]]) }, 'a dict with keys that are no texts cannot be read as an object with rules'],
    [{ uri: new TypeError('x') }, 'uri must be an instance of PyroUri'],
  ])('no value of Python passes for an instance with rules: %o', async (given, message) => {
    await using piped = await connect(values, { transform: true });
    const refused = await piped.points!(given).catch((error: unknown) => error);
    expect(refused).toMatchObject({ pythonType: 'builtins.ValueError', message: expect.stringContaining(message) });
  });
});

it('a member of a proxy that is not there can be deleted, and a remote method cannot', async () => {
  const proxy = (await connect('natural')) as unknown as Record<string, unknown> & PyroProxy;
  for (const name of ['__proto__', 'prototype', 'constructor', 'nothing', '$call']) expect(delete proxy[name]).toBe(true);
  expect(() => delete proxy['uri']).toThrow('cannot delete uri of a proxy');
  await proxy.$release();
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
  });
});
