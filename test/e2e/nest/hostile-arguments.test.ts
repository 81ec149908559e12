import { ParseArrayPipe, UsePipes, ValidationPipe } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { Transform, Type } from 'class-transformer';
import { Allow, IsInt, IsNotEmpty, IsOptional, Max, ValidateNested } from 'class-validator';
import { expect, it } from 'vitest';
import {
  type PyroDaemon,
  PyroClass,
  PyroController,
  PyroMethod,
  PyroProxy,
  PyroUri,
  registerClass,
  type RemoteObject,
} from '../../../lib/index.js';
import { closeAfter, serve } from './fixtures.js';

class Step {
  @IsOptional() @IsInt() @Max(10) amount?: number;
}
class Blob {
  @IsOptional() @IsNotEmpty() @Type(() => Buffer) data?: Buffer;
  @IsOptional() @Allow() @Type(() => Array) list?: unknown[];
  @IsOptional() @Allow() @Type(() => String) names?: string[];
  @IsOptional() @Allow() @Type(() => Number) byName?: Map<string, number>;
  @IsOptional() @ValidateNested() @Type(() => Step) step?: Step;
  @IsOptional() @ValidateNested({ each: true }) @Type(() => Step) steps?: Step[];
  @IsOptional() @Type(() => Blob) @ValidateNested() below?: Blob;
}
/** Without `@Type`: only implicit conversion knows the classes. */
class Plain {
  @IsOptional() @Allow() data?: Buffer;
  @IsOptional() @Allow() list?: unknown[];
  @IsOptional() @Allow() size?: number;
}
@PyroClass('hostile.Order')
class Order {
  @IsInt() amount!: number;
}
/** Without rules for `value`. */
class Free {
  @IsOptional() @Allow() value?: unknown;
}
type Chooser = (about: { object: { kind: string; meta: { kind: string } } }) => unknown;
const chosen = (choose: Chooser): PropertyDecorator => Type(choose as never);
class Chosen {
  @IsOptional() @Allow() kind?: string;
  @IsOptional() @Allow() meta?: unknown;
  @IsOptional()
  @ValidateNested()
  @chosen(({ object }) => (object.kind === 'blob' ? Blob : Free))
  body?: object;
  @IsOptional() @ValidateNested() @chosen(({ object }) => (object.meta.kind === 'blob' ? Blob : Free)) below?: object;
  @IsOptional() @Allow() any?: unknown;
  @IsOptional() @Allow() @Type() data?: Buffer;
  @IsOptional()
  @Allow()
  @Type(() => Date)
  @Transform(({ obj }: { obj: { when: { seconds: number } } }) => new Date(obj.when.seconds * 1000))
  when?: Date;
}
/** A converter makes the instance, without a check of its members. */
class Carrier {
  @Allow() @Type(() => Buffer) data?: unknown;
}
registerClass(Carrier, {
  name: 'hostile.Carrier',
  toDict: ({ data }) => ({ data }),
  fromDict: ({ data }) => Object.assign(new Carrier(), { data }),
});

/** The given members with their classes. */
const seen = (value: unknown): string =>
  Object.entries(value as Record<string, object | undefined>)
    .flatMap(([key, each]) => (each === undefined ? [] : `${key}:${each.constructor.name}`))
    .join(' ');

@PyroController('gate', { instanceMode: 'single' })
class Gate {
  @PyroMethod()
  @UsePipes(new ValidationPipe({ transform: true }))
  take(blob: Blob): string {
    return seen(blob);
  }
  @PyroMethod()
  @UsePipes(new ValidationPipe({ transform: true, transformOptions: { enableImplicitConversion: true } }))
  implicit(plain: Plain): string {
    return seen(plain);
  }
  @PyroMethod()
  @UsePipes(new ValidationPipe({ transform: true }))
  step(step: Step): string {
    return step.constructor.name;
  }
  @PyroMethod()
  @UsePipes(new ValidationPipe({ transform: true }))
  choose(given: Chosen): string {
    return seen(given);
  }
  @PyroMethod()
  @UsePipes(new ValidationPipe())
  order(order: Order): string {
    return order.constructor.name;
  }
  @PyroMethod() all(@Payload('0', new ParseArrayPipe({ items: Blob })) blobs: Blob[]): string {
    return blobs.map(seen).join();
  }
}

async function gate(): Promise<RemoteObject> {
  const { server } = await serve({ providers: [Gate] });
  const proxy = PyroProxy.to(server.unwrap<PyroDaemon>().uriFor('gate'), { maxRetries: 0, serializer: 'msgpack' });
  closeAfter(() => proxy.$release());
  return proxy;
}

const exception = { __class__: 'builtins.ValueError', __exception__: true, args: [1], attributes: { amount: 500 } };
const huge = { length: 2 ** 52 };

it('a ValidationPipe gets no value by which class-transformer takes memory or calls what a client chose', async () => {
  const proxy = await gate();
  const refused: [string, object, string][] = [
    ['take', { data: huge }, 'blob["data"]: data of Blob is'],
    ['take', { data: 'text' }, 'data of Blob is text; it must be bytes'],
    ['take', { data: 5 }, 'it must be bytes'],
    ['take', { list: huge }, 'list of Blob is'],
    ['take', { list: [huge] }, 'list of Blob is'],
    ['take', { names: ['a', { toString: 1 }] }, 'names of Blob is {"toString": 1}; it must be a str'],
    ['take', { byName: { a: huge } }, 'byName of Blob'],
    ['take', { below: { below: { data: huge } } }, 'blob["below"]["below"]["data"]: data of Blob'],
    ['all', [{ data: huge }], 'data of Blob'],
    ['implicit', { data: huge }, 'plain["data"]: data of Plain is'],
    ['implicit', { list: huge }, 'list of Plain is'],
    ['implicit', { size: { a: 1 } }, 'it must be a number'],
  ];
  for (const [method, value, text] of refused) {
    const failure = expect.objectContaining({
      pythonType: 'builtins.ValueError',
      message: expect.stringContaining(text) as string,
    });
    await expect(proxy.$call(method, value), `${method} ${text}`).rejects.toEqual(failure);
  }
  const data = Buffer.from('abc');
  expect(await proxy.$call('take', { data, list: [1], names: ['a', 5], byName: { a: '1' } })).toBe(
    'data:Buffer list:Array names:Array byName:Map',
  );
  expect(await proxy.$call('implicit', { data, list: [{ a: 1 }], size: '7' })).toBe('data:Buffer list:Array size:Number');
});

it('a ValidationPipe gets no object of another class in a nested place, or as the argument itself', async () => {
  const proxy = await gate();
  const foreign = [exception, new PyroUri('PYRO:x@h:1'), { __class__: 'hostile.Order', amount: 500 }];
  for (const value of foreign) {
    await expect(proxy.$call('take', { step: value })).rejects.toThrow(/step of Blob is .*; it must be an object of Step/);
    await expect(proxy.$call('take', { steps: [{ amount: 1 }, value] })).rejects.toThrow(
      /steps of Blob is .*; it must be an object of Step/,
    );
    await expect(proxy.$call('step', value)).rejects.toThrow(/step: the value is .*; it must be an object of Step/);
  }
  for (const value of [exception, new PyroUri('PYRO:x@h:1'), Buffer.from('abc')])
    await expect(proxy.$call('order', value)).rejects.toThrow('expected hostile.Order, not');
  expect(await proxy.$call('take', { step: { amount: 1 }, steps: [{}] })).toBe('step:Step steps:Array');
  expect(await proxy.$call('step', { amount: 1 })).toBe('Step');
});

it('a ValidationPipe gets values by the class that a @Type chooses by the object', async () => {
  const proxy = await gate();
  const dict = { value: { x: 1 } };
  expect(await proxy.$call('choose', { kind: 'free', body: dict })).toBe('kind:String body:Free');
  expect(await proxy.$call('choose', { meta: { kind: 'free' }, below: dict })).toBe('meta:Object below:Free');
  expect(await proxy.$call('choose', { kind: 'blob', body: { data: Buffer.from('a') } })).toBe('kind:String body:Blob');
  expect(await proxy.$call('choose', { when: { seconds: 5 } })).toBe('when:Date');
  await expect(proxy.$call('choose', { kind: 'blob', body: { data: huge } })).rejects.toThrow('data of Blob is');
  await expect(proxy.$call('choose', { meta: { kind: 'blob' }, below: { data: huge } })).rejects.toThrow('data of Blob is');
  await expect(proxy.$call('choose', { meta: null, below: dict })).rejects.toThrow(/null .*'kind'/);
  await expect(proxy.$call('choose', { data: huge })).rejects.toThrow('data of Chosen is');
});

it('a ValidationPipe gets no instance of a converter that holds what class-transformer would take memory for', async () => {
  const proxy = await gate();
  for (const any of [{ __class__: 'hostile.Carrier', data: huge }, [{ a: { __class__: 'hostile.Carrier', data: huge } }]])
    await expect(proxy.$call('choose', { any })).rejects.toThrow('data of Carrier is');
  const carrier = { __class__: 'hostile.Carrier', data: Buffer.from('a') };
  expect(await proxy.$call('choose', { any: carrier })).toBe('any:Carrier');
});
