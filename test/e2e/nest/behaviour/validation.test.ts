import { ParseArrayPipe, StandardSchemaValidationPipe, UsePipes, ValidationPipe } from '@nestjs/common';
import { APP_PIPE } from '@nestjs/core';
import { Payload } from '@nestjs/microservices';
import { Type } from 'class-transformer';
import { ArrayMinSize, IsEmail, IsInt, IsOptional, IsString, Min, ValidateNested } from 'class-validator';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { PyroController, PyroKwargs, PyroMethod, PyroProperty } from '../../../../lib/index.js';
import { callWith, serveForAll, WAYS } from '../fixtures.js';

class ItemDto {
  @IsString() name!: string;
  @IsInt() @Min(1) count!: number;
}
class OrderDto {
  @IsEmail() customer!: string;
  @ValidateNested({ each: true }) @Type(() => ItemDto) @ArrayMinSize(1) items!: ItemDto[];
}
class OptionsDto {
  @IsInt() limit!: number;
  @IsOptional() @IsString() order?: string;
}

@PyroController('orders', { instanceMode: 'single' })
class Orders {
  private stored = new ItemDto();

  @PyroMethod() place(order: OrderDto, priority = 1): unknown {
    return [order instanceof OrderDto, order.items.every((item) => item instanceof ItemDto), priority];
  }
  @PyroMethod() two(first: ItemDto, second: ItemDto): unknown {
    return [first.name, second.name, first instanceof ItemDto && second instanceof ItemDto];
  }
  @PyroMethod() find(text: string, @PyroKwargs() options: OptionsDto): unknown {
    return [text, options instanceof OptionsDto, options.limit];
  }
  @PyroMethod() list(@Payload('0', new ParseArrayPipe({ items: ItemDto })) items: ItemDto[]): unknown {
    return items.length;
  }
  @PyroMethod() strict(
    @Payload('0', new ValidationPipe({ whitelist: true, forbidNonWhitelisted: true })) item: ItemDto,
  ): unknown {
    return item.count;
  }
  @PyroProperty() get last(): ItemDto {
    return this.stored;
  }
  set last(item: ItemDto) {
    this.stored = item;
  }
}

const chair = { name: 'chair', count: 2 };
const order = { customer: 'ann@example.com', items: [chair] };

describe.each(WAYS)('a ValidationPipe with class-validator DTOs (%s)', (way) => {
  const served = serveForAll(way, {
    providers: [Orders, { provide: APP_PIPE, useValue: new ValidationPipe({ transform: true }) }],
  });
  const call = async (method: string, args: unknown[], kwargs: object = {}): Promise<unknown> =>
    callWith(await served().join('orders'), 'orders', method, args, kwargs);

  it.each<[method: string, args: unknown[], kwargs: object, expected: unknown]>([
    ['place', [order], {}, [true, true, 1]],
    ['place', [], { order, priority: 5 }, [true, true, 5]],
    ['two', [chair], { second: { name: 'table', count: 1 } }, ['chair', 'table', true]],
    ['find', ['text'], { limit: 5 }, ['text', true, 5]],
    ['list', [[chair, chair]], {}, 2],
    ['strict', [chair], {}, 2],
    ['__setattr__', ['last', chair], {}, null],
  ])('a ValidationPipe lets %s%j %j pass', async (method, args, kwargs, expected) => {
    expect(await call(method, args, kwargs)).toEqual(expected);
  });

  it.each<[method: string, args: unknown[], kwargs: object, messages: string[]]>([
    ['place', [{ customer: 'ann', items: [chair] }], {}, ['customer must be an email']],
    [
      'place',
      [],
      { order: { customer: 'ann', items: [{ name: 1, count: 0 }] } },
      ['customer must be an email', 'items.0.name must be a string', 'items.0.count must not be less than 1'],
    ],
    ['place', [{ customer: 'ann@example.com', items: [] }], {}, ['items must contain at least 1 elements']],
    ['place', ['no order'], {}, ['order: customer must be an email', 'order: items must contain at least 1 elements']],
    ['two', [chair], { second: { count: 1 } }, ['name must be a string']],
    ['find', ['text'], { limit: 'many', order: 7 }, ['limit must be an integer number', 'order must be a string']],
    ['list', [[chair, { name: 'x' }]], {}, ['count must not be less than 1', 'count must be an integer number']],
    ['list', [true], {}, ['items: Validation failed (parsable array expected)']],
    ['strict', [{ ...chair, colour: 'red' }], {}, ['property colour should not exist']],
    ['__setattr__', ['last', { name: 'x' }], {}, ['count must not be less than 1', 'count must be an integer number']],
    ['__setattr__', ['last', 5], {}, expect.arrayContaining(['last: name must be a string']) as never],
  ])('a ValidationPipe refuses %s%j %j as a ValueError that names the fields', async (method, args, kwargs, messages) => {
    await expect(call(method, args, kwargs)).rejects.toMatchObject({ pythonType: 'builtins.ValueError', args: messages });
  });
});

const itemSchema = z.object({ name: z.string(), count: z.int().min(1).default(1) });
const optionsSchema = z.strictObject({ limit: z.number(), order: z.enum(['up', 'down']).optional() });

@PyroController('schemas', { instanceMode: 'single' })
class Schemas {
  @PyroMethod() place(
    @Payload('0', { schema: itemSchema }) item: z.infer<typeof itemSchema>,
    @Payload('1', { schema: z.coerce.number() }) priority: number,
  ): unknown {
    return [item, priority];
  }
  @PyroMethod() named(@Payload('size', { schema: z.number().positive() }) size: number): unknown {
    return size;
  }
  @PyroMethod() find(@PyroKwargs({ schema: optionsSchema }) options: z.infer<typeof optionsSchema>): unknown {
    return options;
  }
  @PyroMethod() whole(@Payload({ schema: z.tuple([z.string(), z.number()]) }) all: [string, number]): unknown {
    return all;
  }
  @PyroMethod() @UsePipes(new StandardSchemaValidationPipe({ transform: false })) checked(
    @Payload('0', { schema: z.coerce.number() }) value: unknown,
  ): unknown {
    return value;
  }
}

describe.each(WAYS)('a StandardSchemaValidationPipe with zod (%s)', (way) => {
  const served = serveForAll(
    way,
    { providers: [Schemas] },
    { prepare: (app) => void app.useGlobalPipes(new StandardSchemaValidationPipe()) },
  );
  const call = async (method: string, args: unknown[], kwargs: object = {}): Promise<unknown> =>
    callWith(await served().join('schemas'), 'schemas', method, args, kwargs);

  it.each<[method: string, args: unknown[], kwargs: object, expected: unknown]>([
    ['place', [{ name: 'chair' }, '5'], {}, [{ name: 'chair', count: 1 }, 5]],
    ['place', [], { item: { name: 'chair', count: 3 }, priority: 1 }, [{ name: 'chair', count: 3 }, 1]],
    ['named', [], { size: 4 }, 4],
    ['find', [], { limit: 1, order: 'up' }, { limit: 1, order: 'up' }],
    ['whole', ['a', 1], {}, ['a', 1]],
    ['checked', [5], {}, 5],
  ])('a StandardSchemaValidationPipe lets %s%j %j pass', async (method, args, kwargs, expected) => {
    expect(await call(method, args, kwargs)).toEqual(expected);
  });

  it.each<[method: string, args: unknown[], kwargs: object, messages: string[]]>([
    ['place', [{ name: 1, count: 0 }, 1], {}, [expect.stringMatching(/^name: /), expect.stringMatching(/^count: /)] as never],
    ['place', [], { item: 'chair', priority: 1 }, ['item: Invalid input: expected object, received string']],
    ['place', [{ name: 'x' }, 'high'], {}, ['priority: Invalid input: expected number, received NaN']],
    ['named', [-1], {}, ['size: Too small: expected number to be >0']],
    ['named', [], { size: 'big' }, ['size: Invalid input: expected number, received string']],
    ['find', [], { limit: 'x', door: 1 }, ['limit: Invalid input: expected number, received string', 'Unrecognized key: "door"']],
    ['whole', ['a', 'b'], {}, ['1: Invalid input: expected number, received string']],
  ])('a StandardSchemaValidationPipe refuses %s%j %j, naming the fields', async (method, args, kwargs, messages) => {
    await expect(call(method, args, kwargs)).rejects.toMatchObject({ pythonType: 'builtins.ValueError', args: messages });
  });
});
