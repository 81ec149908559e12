import { ParseArrayPipe, type PipeTransform, StandardSchemaValidationPipe } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, ValidateNested } from 'class-validator';
import { beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { PyroController, PyroMethod } from '../../../lib/index.js';
import type { ScriptedPeer } from '../../../lib/testing/index.js';
import { serve } from './fixtures.js';

class Child {
  @IsInt() n!: number;
}
class Item {
  static made = 0;
  constructor() {
    Item.made++;
  }
  @IsOptional() @IsInt() n?: number;
  @IsOptional() @ValidateNested({ each: true }) @Type(() => Child) children?: Child[];
}
class Loose {}
class Bracketed extends ParseArrayPipe implements PipeTransform {
  override async transform(value: unknown, metadata: never): Promise<unknown> {
    return super.transform((value as string).slice(1, -1), metadata);
  }
}
class Same extends ParseArrayPipe implements PipeTransform {
  override transform(value: unknown, metadata: never): Promise<unknown> {
    return super.transform(value, metadata);
  }
}
let got: unknown;
beforeEach(() => {
  got = undefined;
  Item.made = 0;
});

@PyroController({ objectId: 'lab', instanceMode: 'single' })
class Lab {
  private take(items: unknown): void {
    got = items;
  }
  @PyroMethod() items(@Payload('0', new ParseArrayPipe({ items: Item })) items: Item[]): void {
    this.take(items);
  }
  @PyroMethod() spaced(@Payload('0', new ParseArrayPipe({ items: Item, separator: ';;' })) items: Item[]): void {
    this.take(items);
  }
  @PyroMethod() loose(@Payload('0', new ParseArrayPipe({ items: Loose })) items: Loose[]): void {
    this.take(items);
  }
  @PyroMethod() bracketed(@Payload('0', new Bracketed({ items: Item })) items: Item[]): void {
    this.take(items);
  }
  @PyroMethod() same(@Payload('0', new Same({ items: Item })) items: Item[]): void {
    this.take(items);
  }
  @PyroMethod() numbers(@Payload('0', new ParseArrayPipe({ items: Number })) items: number[]): void {
    this.take(items);
  }
  @PyroMethod() texts(@Payload('0', new ParseArrayPipe({ items: String })) items: string[]): void {
    this.take(items);
  }
  @PyroMethod() all(@Payload('0', new ParseArrayPipe({ items: Number, stopAtFirstError: false })) items: number[]): void {
    this.take(items);
  }
  @PyroMethod() plain(@Payload('0', new ParseArrayPipe()) items: string[]): void {
    this.take(items);
  }
  @PyroMethod() schema(@Payload('0', { schema: z.string(), pipes: [new StandardSchemaValidationPipe()] }) text: string): void {
    this.take(text);
  }
}
const LIMIT = 50;
const OVER = 'than maxCheckedObjects (50) allows';
const join = async (options = {}): Promise<ScriptedPeer> => {
  const served = await serve({ providers: [Lab] }, { maxCheckedObjects: LIMIT, ...options });
  return served.join('lab');
};
const dicts = (count: number, separator = ','): string => Array(count).fill('{"n":1}').join(separator);
const nested = (count: number): string => `{"children":[${dicts(count)}]}`;

describe('texts of which a ParseArrayPipe makes objects', () => {
  it.each([
    ['a text of too many dicts', 'items', dicts(LIMIT + 1)],
    ['a text with another separator', 'spaced', dicts(LIMIT + 1, ';;')],
    ['a text of too many parts that are no JSON', 'loose', 'a,'.repeat(LIMIT)],
    ['a list of too many texts that are no JSON', 'loose', Array(LIMIT + 1).fill('a')],
    ['a list of a text with too many dicts', 'items', [nested(LIMIT)]],
    [
      'a list of a text with a dict of many members',
      'items',
      [`{${Array.from({ length: 1_000 }, (_, n) => `"a${n}":1`).join()}}`],
    ],
    ['a list of a text with a long text', 'items', [`{"a":"${'x'.repeat(60_000)}"}`]],
    ['a list of a text with a long list', 'items', [`{"a":[${'1,'.repeat(5_000)}1]}`]],
    ['a text for a subclass of the pipe', 'bracketed', `[${dicts(LIMIT + 1)}]`],
    ['a text of many numbers', 'numbers', '1,'.repeat(2_000)],
    ['a list of many numbers', 'numbers', Array(2_000).fill(1)],
    ['a list of a text of dicts in place of numbers', 'numbers', [`[${dicts(LIMIT + 1)}]`]],
    ['a text of many texts', 'texts', 'a,'.repeat(2_000)],
    ['a text of which each part gives an error', 'all', 'a,'.repeat(LIMIT + 1)],
    ['a long text that a schema checks', 'schema', 'x'.repeat(60_000)],
  ])('a text of which a ParseArrayPipe makes objects is refused before the pipe reads it: %s', async (_what, method, value) => {
    const peer = await join();
    const error = await peer.fail('lab', method, value);
    expect([error.pythonType, error.message]).toEqual(['builtins.ValueError', expect.stringContaining(OVER)]);
    expect([Item.made, got]).toEqual([0, undefined]);
  });

  it.each([
    ['items', dicts(20)],
    ['spaced', dicts(20, ';;')],
    ['items', Array(20).fill('{"n":1}')],
    ['bracketed', `[${dicts(20)}]`],
    ['same', dicts(20)],
    // once, although a list is looked at by two counts
    ['same', Array.from({ length: 20 }, () => ({ n: 1 }))],
  ])('as many objects of a text as the limit allows are read as Nest reads them: %s', async (method, value) => {
    const peer = await join({ maxCheckedObjects: 30 });
    await peer.call('lab', method, value);
    expect(got).toEqual(Array.from({ length: 20 }, () => Object.assign(new Item(), { n: 1 })));
  });

  it('texts that are no objects in JSON stay as a ParseArrayPipe reads them', async () => {
    const peer = await join();
    await peer.call('lab', 'loose', '"7",7,a, {},[],null');
    expect(got).toEqual(['7', 7, 'a', new Loose(), [], new Loose()]);
    await peer.call('lab', 'numbers', '1,"2",3');
    expect(got).toEqual([1, 2, 3]);
    await peer.call('lab', 'plain', 'a,{"n":1}');
    expect(got).toEqual(['a', '{"n":1}']);
  });

  it('the objects that a ParseArrayPipe makes of several arguments and texts count together', async () => {
    const peer = await join();
    await expect(peer.call('lab', 'items', Array(3).fill(nested(20)))).rejects.toThrow(OVER);
    await peer.call('lab', 'items', Array(2).fill(nested(20)));
  });

  it('the memory of the values that a ParseArrayPipe makes counts before they are made', async () => {
    const peer = await join({ maxCheckedObjects: 1_000_000, maxValueBytes: 1_000_000 });
    await expect(peer.call('lab', 'items', [nested(10_000)])).rejects.toThrow('maxValueBytes is 1000000');
    await expect(peer.call('lab', 'numbers', [`[${dicts(10_000)}]`])).rejects.toThrow('maxValueBytes is 1000000');
    await expect(peer.call('lab', 'plain', 'a,'.repeat(100_000))).rejects.toThrow('maxValueBytes is 1000000');
    expect(Item.made).toBe(0);
  });

  it('a text that nests too deep for a ParseArrayPipe is refused', async () => {
    const peer = await join({ maxCheckedObjects: 1_000_000, maxDepth: 20 });
    await expect(peer.call('lab', 'items', [`{"a":${'['.repeat(20)}${']'.repeat(20)}}`])).rejects.toThrow(
      'more than 20 nested containers: the limit is maxDepth',
    );
  });
});
