import { ParseArrayPipe, StandardSchemaValidationPipe, UsePipes, ValidationPipe } from '@nestjs/common';
import { APP_PIPE } from '@nestjs/core';
import { Payload } from '@nestjs/microservices';
import { Type } from 'class-transformer';
import { IsArray, IsInt, IsOptional, ValidateNested } from 'class-validator';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  kwargs,
  type PyroDaemon,
  PyroClass,
  PyroController,
  PyroKwargs,
  PyroMethod,
  PyroProperty,
  PyroProxy,
  type PyroServerOptions,
  type RemoteObject,
  SerializedBlob,
} from '../../../lib/index.js';
import { PythonInterpreter } from '../../interop/python-interpreter.js';
import { closeAfter, serve } from './fixtures.js';

class Item {
  /** Instances that class-transformer has made. */
  static made = 0;
  constructor() {
    Item.made++;
  }
  @IsOptional() @IsInt() size?: number;
}
class Box {
  @IsOptional() @ValidateNested({ each: true }) @Type(() => Item) items?: Item[];
}
class Step {
  size?: number;
}
@PyroClass('checked.Crate')
class Crate {
  @IsArray() @Type(() => Step) steps!: Step[];
}
@PyroClass('checked.Tag')
class Tag {
  @IsInt() number!: number;
}

const schema = z.object({ items: z.array(z.object({ size: z.number() })) });

@PyroController('depot', { instanceMode: 'single' })
class Depot {
  private kept = new Box();

  @PyroMethod() store(box: Box): number {
    return box.items!.length;
  }
  @PyroMethod() any(values: object): number {
    return Object.keys(values).length;
  }
  @PyroMethod() options(@PyroKwargs() box: Box): number {
    return box.items!.length;
  }
  @PyroMethod() all(@Payload() boxes: Box): number {
    return (boxes as unknown as Box[]).length;
  }
  @PyroMethod() twice(@Payload('0', new ValidationPipe()) box: Box): number {
    return box.items!.length;
  }
  @PyroMethod() crate(crate: Crate): number {
    return crate.steps.length;
  }
  @PyroMethod() tag(tag: Tag): number {
    return tag.number;
  }
  @PyroProperty() get last(): Box {
    return this.kept;
  }
  set last(box: Box) {
    this.kept = box;
  }
}

@PyroController('shelf', { instanceMode: 'single' })
class Shelf {
  @PyroMethod()
  @UsePipes(new ValidationPipe())
  method(box: Box): number {
    return box.items!.length;
  }
  @PyroMethod() parameter(@Payload('0', new ValidationPipe()) box: Box): number {
    return box.items!.length;
  }
  @PyroMethod() expected(@Payload('0', new ValidationPipe({ expectedType: Box })) box: object): number {
    return (box as Box).items!.length;
  }
  @PyroMethod() items(@Payload('0', new ParseArrayPipe({ items: Item })) items: Item[]): number {
    return items.length;
  }
  @PyroMethod() schema(@Payload('0', { schema, pipes: [new StandardSchemaValidationPipe()] }) box: object): number {
    return (box as Box).items!.length;
  }
  @PyroMethod() unchecked(box: Box): number {
    return box.items!.length;
  }
}

const boxOf = (count: number): { items: object[] } => ({ items: Array.from({ length: count }, () => ({ size: 1 })) });
const TOO_MANY = /the value has more objects that rules of classes check than maxCheckedObjects \(10\) allows/;

async function remote(objectId: string, options: PyroServerOptions): Promise<{ proxy: RemoteObject; daemon: PyroDaemon }> {
  const providers = [Depot, Shelf, { provide: APP_PIPE, useValue: new ValidationPipe({ transform: true }) }];
  const { server } = await serve({ providers: objectId === 'depot' ? providers : [Shelf] }, options);
  const daemon = server.unwrap<PyroDaemon>();
  const proxy = PyroProxy.to(daemon.uriFor(objectId), { maxRetries: 0 });
  closeAfter(() => proxy.$release());
  return { proxy, daemon };
}

describe('maxCheckedObjects', () => {
  it('maxCheckedObjects limits the objects that a global ValidationPipe validates, before the pipe has made one', async () => {
    const { proxy, daemon } = await remote('depot', { maxCheckedObjects: 10 });
    // the box, its list and seven items
    expect(await proxy.$call('store', boxOf(7))).toBe(7);
    const { made } = Item;
    await expect(proxy.$call('store', boxOf(8))).rejects.toMatchObject({
      pythonType: 'builtins.ValueError',
      message: expect.stringMatching(new RegExp(`box: ${TOO_MANY.source}`)) as string,
    });
    await expect(proxy.$call('options', kwargs({ items: boxOf(8).items }))).rejects.toThrow(/keyword arguments: the value has/);
    await expect(proxy.$call('all', boxOf(3), boxOf(3))).rejects.toThrow(/the arguments: the value has/);
    await expect(proxy.$set('last', boxOf(8))).rejects.toThrow(/last: the value has/);
    expect(Item.made).toBe(made);
    expect(daemon.counters.maxCheckedObjects).toBe(4);
    expect(await proxy.$call('store', boxOf(7))).toBe(7);
    await proxy.$set('last', boxOf(7));
  });

  it('the memory of copies counts: a ValidationPipe makes long arrays for keys like array indices', async () => {
    const { proxy, daemon } = await remote('depot', { maxValueBytes: 2_000_000 });
    const boxOfKeys = (key: string, count: number, name = 'items'): object => ({
      [name]: Array.from({ length: count }, () => new Map([[key, 1]])),
    });
    expect(await proxy.$call('store', boxOfKeys('abcd', 500))).toBe(500);
    await expect(proxy.$call('store', boxOfKeys('1023', 500))).rejects.toMatchObject({
      pythonType: 'builtins.ValueError',
      message: expect.stringMatching(/box: the value takes \d+ bytes of memory or more \(maxValueBytes is 2000000\)/) as string,
    });
    await expect(proxy.$call('crate', { ...boxOfKeys('1023', 500, 'steps'), __class__: 'checked.Crate' })).rejects.toThrow(
      'maxValueBytes is 2000000',
    );
    expect(await proxy.$call('store', boxOfKeys('1023', 5))).toBe(5);
    expect(daemon.inspect().limits.find(({ name }) => name === 'maxInFlightValueBytes')!.used).toBe(0);
  });

  it('a blob in place of an object with rules is refused, and the rules do not look into it', async () => {
    const { proxy } = await remote('depot', {});
    await expect(proxy.$call('store', SerializedBlob.of('info', [{ items: [] }]))).rejects.toMatchObject({
      pythonType: 'builtins.ValueError',
      message: expect.stringContaining('box: a SerializedBlob cannot be checked by rules') as string,
    });
  });

  it('maxCheckedObjects does not count arguments that a ValidationPipe lets pass', async () => {
    const { proxy } = await remote('depot', { maxCheckedObjects: 10 });
    expect(await proxy.$call('any', boxOf(1_000))).toBe(1);
  });

  it('maxCheckedObjects counts for each of two ValidationPipes', async () => {
    const { proxy } = await remote('depot', { maxCheckedObjects: 10 });
    expect(await proxy.$call('twice', boxOf(2))).toBe(2);
    await expect(proxy.$call('twice', boxOf(3))).rejects.toThrow(TOO_MANY);
  });

  it('maxCheckedObjects counts a registered class for its own rules, and for the ValidationPipe after them', async () => {
    const { proxy } = await remote('depot', { maxCheckedObjects: 2 });
    expect(await proxy.$call('tag', { number: 5 })).toBe(5);
    const { proxy: limited } = await remote('depot', { maxCheckedObjects: 1 });
    await expect(limited.$call('tag', { number: 5 })).rejects.toThrow(/tag: the value has more objects/);
  });

  it('maxCheckedObjects counts the calls of a batch together', async () => {
    const { proxy } = await remote('depot', { maxCheckedObjects: 10 });
    const outcomes = await proxy.$batch(
      (batch) => {
        batch.store!(boxOf(5));
        batch.store!(boxOf(5));
      },
      { settled: true },
    );
    expect(outcomes).toMatchObject([
      { status: 'fulfilled', value: 5 },
      { status: 'rejected', reason: { pythonType: 'builtins.ValueError' } },
    ]);
  });

  it.each([
    ['the ValidationPipe of a method', 'method', boxOf],
    ['the ValidationPipe of a parameter', 'parameter', boxOf],
    ['a ValidationPipe with an expected type', 'expected', boxOf],
    ['a StandardSchemaValidationPipe', 'schema', boxOf],
    ['a ParseArrayPipe', 'items', (count: number) => boxOf(count + 1).items],
  ])('maxCheckedObjects counts for %s', async (_pipe, method, valueOf) => {
    const { proxy } = await remote('shelf', { maxCheckedObjects: 10 });
    expect(await proxy.$call(method, valueOf(7))).toBeGreaterThan(0);
    await expect(proxy.$call(method, valueOf(9))).rejects.toThrow(TOO_MANY);
    // a method without pipes checks nothing
    expect(await proxy.$call('unchecked', boxOf(1_000))).toBe(1_000);
  });
});

describe('maxCheckedObjects with a Python client', () => {
  let python: PythonInterpreter;
  beforeAll(async () => {
    python = await PythonInterpreter.start();
  });
  afterAll(() => python.stop());

  it('a Python client gets a ValueError for a value that a ValidationPipe would validate for too long', async () => {
    const { daemon } = await remote('depot', { maxCheckedObjects: 10 });
    const result = await python.run(
      `
      with Proxy(uri) as depot:
          before = depot.store({'items': [{'size': 1}] * 7})
          try:
              depot.store({'items': [{'size': 1}] * 8})
          except ValueError as error:
              message = error.args[0]
          try:
              depot.last = {'items': [{'size': 1}] * 8}
          except ValueError as error:
              return [before, message, error.args[0], depot.store({'items': []})]
      `,
      { uri: String(daemon.uriFor('depot')) },
    );
    expect(result).toEqual([7, expect.stringMatching(/^box: /), expect.stringMatching(/^last: /), 0]);
  });
});
