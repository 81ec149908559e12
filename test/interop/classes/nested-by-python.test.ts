import 'reflect-metadata';
import { type INestMicroservice, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { Type } from 'class-transformer';
import { IsInt, IsString, Min, ValidateNested } from 'class-validator';
import { PyroClass, PyroController, PyroKwargs, PyroMethod, PyroProperty, PyroServer } from 'nestjs-pyro';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PyroProxy, type RemoteObject, type RemoteStream, type SerializerName } from '../../../lib/core.js';
import { PythonInterpreter } from '../python-interpreter.js';

/** A class with validators, but without a name for Python: its instances come only as plain dicts. */
class Item {
  @IsInt()
  @Min(1)
  count!: number;
}

@PyroClass('nested.Order')
class Order {
  @IsString()
  name!: string;

  @ValidateNested()
  @Type(() => Item)
  item!: Item;

  @ValidateNested({ each: true })
  @Type(() => Item)
  more!: Item[];
}

/** True when every value that should be an instance is one, with a count that its class accepts. */
const isGood = (order: unknown): boolean =>
  order instanceof Order && [order.item, ...order.more].every((item) => item instanceof Item && item.count >= 1);

@PyroController('nested.shop')
class Shop {
  private kept: unknown;

  @PyroMethod()
  take(order: Order): boolean {
    return isGood(order);
  }

  @PyroMethod()
  keywords(@PyroKwargs() order: Order): boolean {
    return isGood(order);
  }

  @PyroMethod({ types: { orders: [Order] } })
  all(orders: Order[]): boolean {
    return orders.every(isGood);
  }

  @PyroMethod()
  *watch(order: Order): Generator<boolean> {
    yield isGood(order);
  }

  @PyroProperty()
  get latest(): Order {
    return this.kept as Order;
  }
  set latest(order: Order) {
    this.kept = isGood(order) ? order : 'bypassed';
  }
}

@Module({ providers: [Shop] })
class ShopModule {}

let python: PythonInterpreter;
let app: INestMicroservice;
let uri: string;
let pythonUri: string;

beforeAll(async () => {
  python = await PythonInterpreter.start();
  const strategy = new PyroServer({ host: '127.0.0.1', port: 0 });
  app = await NestFactory.createMicroservice<MicroserviceOptions>(ShopModule, { strategy, logger: false });
  await app.listen();
  uri = `PYRO:nested.shop@${strategy.unwrap().locationStr}`;
  pythonUri = await python.run<string>(`
    @expose
    class Office:
        def orders(self, orders):
            for order in orders:
                yield {"__class__": "nested.Order", **order}
        def each(self, orders):
            return [{"__class__": "nested.Order", **order} for order in orders]
    state.office = Pyro5.api.Daemon(host="127.0.0.1")
    uri = state.office.register(Office())
    threading.Thread(target=state.office.requestLoop, daemon=True).start()
    return str(uri)`);
});
afterAll(async () => {
  await app?.close();
  python?.stop();
});

const good = { name: 'a', item: { count: 1 }, more: [{ count: 2 }] };
const wrong: [string, object, RegExp][] = [
  ['a member', { ...good, item: { count: 0 } }, /count must not be less than 1/],
  ['an item of a list', { ...good, more: [{ count: 1 }, { count: 'x' }] }, /count must be an integer number/],
  ['a member with more', { ...good, item: { count: 1, constructor: 1 } }, /Item has no member constructor/],
  ['a member without values', { ...good, item: {} }, /count must be an integer number/],
];

describe.each<SerializerName>(['serpent', 'json', 'msgpack', 'marshal'])('with %s', (serializer) => {
  /** Each way of Python to give an order; an answer is what the server saw, or the exception. */
  const given = (order: object): Promise<Record<string, unknown>> =>
    python.run(
      `
      from Pyro5.api import BatchProxy
      def attribute(shop):
          shop.latest = order
          return "set"
      def batch(shop):
          calls = BatchProxy(shop)
          calls.take({"name": "b", "item": {"count": 1}, "more": []})
          calls.take(order)
          return list(calls())
      ways = {
          "position": lambda shop: shop.take(order),
          "keyword": lambda shop: shop.take(order=order),
          "keywords": lambda shop: shop.keywords(**order),
          "list": lambda shop: shop.all([order]),
          "stream": lambda shop: list(shop.watch(order)),
          "attribute": attribute,
          "batch": batch,
      }
      if serializer == "marshal":  # Pyro5's marshal cannot write calls without keyword arguments
          del ways["attribute"], ways["batch"]
      answers = {}
      for name, call in ways.items():
          with Proxy(uri) as shop:
              shop._pyroSerializer = serializer
              try:
                  answers[name] = call(shop)
              except Exception as error:
                  answers[name] = type(error).__name__ + ": " + str(error)
      return answers`,
      { uri, order, serializer },
    );

  it('an order of plain dicts is read by the rules of its classes, by whatever way it comes', async () => {
    expect(await given(good)).toEqual({
      position: true,
      keyword: true,
      keywords: true,
      list: true,
      stream: [true],
      ...(serializer !== 'marshal' && { attribute: 'set', batch: [true, true] }),
    });
  });

  it.each(wrong)('no way leads past the validators of a nested class: %s', async (_, order, message) => {
    const answers = await given(order);
    expect(Object.keys(answers)).toHaveLength(serializer === 'marshal' ? 5 : 7);
    for (const [way, answer] of Object.entries(answers)) {
      expect(answer, way).toMatch(/^ValueError: /);
      expect(answer, way).toMatch(message);
    }
  });

  it('results and items of streams of Python are read by the same rules', async () => {
    const remote: RemoteObject = PyroProxy.to(pythonUri, { serializer, maxRetries: 0 });
    const items = async (orders: object[]): Promise<unknown[]> => {
      const found: unknown[] = [];
      for await (const order of (await remote.orders!(orders)) as RemoteStream) found.push(order);
      return found;
    };
    expect((await items([good, good])).every(isGood)).toBe(true);
    expect(((await remote.each!([good])) as unknown[]).every(isGood)).toBe(true);
    for (const [, order, message] of wrong) {
      await expect(items([good, order])).rejects.toThrow(message);
      await expect(remote.each!([order])).rejects.toThrow(message);
    }
    await remote.$release();
  });

  it('a dict with numbers as keys is refused where a list or an object is expected', async () => {
    const answers = await python.run<string[]>(
      `
      answers = []
      one, many = {"count": 1}, {1: {"count": 0}}
      for order in ({"item": one, "more": many}, {"item": many, "more": []}, {"item": one, "more": [many]}):
          with Proxy(uri) as shop:
              shop._pyroSerializer = serializer
              try:
                  answers.append(shop.take({"name": "a", **order}))
              except Exception as x:
                  answers.append(type(x).__name__ + ": " + str(x))
      return answers`,
      { uri, serializer },
    );
    // json has texts as keys
    const expected = serializer === 'json' ? /Item has no member/ : /which the class does not expect there/;
    for (const answer of answers) expect(answer).toMatch(expected);
    expect(answers).toHaveLength(3);
  });
});
