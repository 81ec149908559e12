import { createParamDecorator, type ExecutionContext, ParseIntPipe, ValidationPipe } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { IsInt, IsString } from 'class-validator';
import { describe, expect, it } from 'vitest';
import { PyroContext, PyroController, PyroKwargs, PyroMethod } from '../../../lib/index.js';
import { callWith, serve } from './fixtures.js';

class Entry {
  @IsString() name!: string;
  @IsInt() count!: number;
}

const Serializer = createParamDecorator(
  async (_data: unknown, context: ExecutionContext) => context.switchToRpc().getContext<PyroContext>().serializer,
);

const wrapped = (_target: object, _key: string, descriptor: PropertyDescriptor): void => {
  const original = descriptor.value as (...args: unknown[]) => unknown;
  descriptor.value = function (this: unknown, ...args: unknown[]) {
    return original.apply(this, args);
  };
};

@PyroController({ objectId: 'args', instanceMode: 'single' })
class Args {
  @PyroMethod() take(person: unknown, item: unknown = 'default', @Ctx() ctx?: PyroContext): unknown {
    return [person, item, ctx instanceof PyroContext];
  }
  @PyroMethod() contextFirst(@Ctx() ctx: PyroContext, item: unknown): unknown {
    return [ctx.method, item];
  }
  @PyroMethod() rest(first: unknown, ...rest: unknown[]): unknown {
    return { first, rest };
  }
  @PyroMethod() keywords(first: unknown, @PyroKwargs() options: Record<string, unknown>): unknown {
    return { first, options };
  }
  @PyroMethod() checkedKeywords(@PyroKwargs() entry: Entry): unknown {
    return entry instanceof Entry ? { ...entry } : 'not made an Entry';
  }
  @PyroMethod() everything(@Payload() all: unknown[], @Ctx() ctx: PyroContext): unknown {
    return [all, Object.keys(ctx.kwargs)];
  }
  @PyroMethod() picked(@Payload('1', ParseIntPipe) second: number, @Payload('0') first: unknown): unknown {
    return { first, second };
  }
  @PyroMethod() named(@Payload('person') who: unknown, item: unknown, @Payload('item', ParseIntPipe) parsed: number): unknown {
    return { who, item, parsed };
  }
  @PyroMethod() piped(@Payload('0', ParseIntPipe) count: number): unknown {
    return count;
  }
  @PyroMethod() entry(entry: Entry): unknown {
    return entry instanceof Entry ? { ...entry } : 'not made an Entry';
  }
  @PyroMethod({ params: ['person', 'item?'] }) @wrapped given(a: unknown, b: unknown = 'b'): unknown {
    return [a, b];
  }
  @PyroMethod() @wrapped unread(a: unknown, b: unknown): unknown {
    return [a, b];
  }
  @PyroMethod() @wrapped unreadWithContext(a: unknown, @Ctx() ctx: PyroContext, b: unknown): unknown {
    return [a, ctx.method, b];
  }
  @PyroMethod() custom(item: unknown, @Serializer() serializer: string): unknown {
    return [item, serializer];
  }
  @PyroMethod() destructured({ a, b }: { a: number; b: number }, [c]: number[] = [3]): unknown {
    return a + b + c!;
  }
  @PyroMethod({ params: ['a', '...more'] }) givenRest(@Ctx() ctx: PyroContext, a: unknown, ...more: unknown[]): unknown {
    return [ctx.method, a, more];
  }
  @PyroMethod() counted(): unknown {
    return arguments.length;
  }
}

describe('arguments of a method', () => {
  const call = async (method: string, args: unknown[] = [], kwargs: object = {}): Promise<unknown> => {
    const { join } = await serve(
      { providers: [Args] },
      { prepare: (app) => app.useGlobalPipes(new ValidationPipe({ transform: true })) },
    );
    const peer = await join('args');
    try {
      return await callWith(peer, 'args', method, args, kwargs);
    } catch (error) {
      return (error as Error).message;
    }
  };

  it.each<[string, unknown[], object, unknown]>([
    ['take', ['me', 'it'], {}, ['me', 'it', true]],
    ['take', ['me'], {}, ['me', 'default', true]],
    ['take', ['me', null], {}, ['me', null, true]],
    ['take', [], { item: 1, person: 2 }, [2, 1, true]],
    ['contextFirst', ['it'], {}, ['contextFirst', 'it']],
    ['contextFirst', [], { item: 'it' }, ['contextFirst', 'it']],
    ['rest', [1, 2, 3], {}, { first: 1, rest: [2, 3] }],
    ['rest', [], { first: 1 }, { first: 1, rest: [] }],
    ['keywords', [1], { a: 2, b: 3 }, { first: 1, options: { a: 2, b: 3 } }],
    ['keywords', [], { first: 1 }, { first: 1, options: {} }],
    ['checkedKeywords', [], { name: 'x', count: 1 }, { name: 'x', count: 1 }],
    ['everything', [1, 'two'], {}, [[1, 'two'], []]],
    ['picked', ['a', '7'], {}, { first: 'a', second: 7 }],
    ['picked', [], { first: 'a', second: '7' }, { first: 'a', second: 7 }],
    ['named', ['me', '5'], {}, { who: 'me', item: '5', parsed: 5 }],
    ['named', [], { person: 'me', item: '5' }, { who: 'me', item: '5', parsed: 5 }],
    ['piped', ['12'], {}, 12],
    ['entry', [{ name: 'x', count: 1 }], {}, { name: 'x', count: 1 }],
    ['given', [1], {}, [1, 'b']],
    ['given', [], { item: 2, person: 1 }, [1, 2]],
    ['unread', [1, 2], {}, [1, 2]],
    ['unreadWithContext', [1, 2], {}, [1, 'unreadWithContext', 2]],
    ['custom', [1], {}, [1, 'serpent']],
    ['destructured', [{ a: 1, b: 2 }], {}, 6],
    ['givenRest', [1, 2, 3], {}, ['givenRest', 1, [2, 3]]],
    ['counted', [], {}, 0],
  ])('a method is called with the arguments %s%j %j', async (method, args, kwargs, expected) => {
    expect(await call(method, args, kwargs)).toEqual(expected);
  });

  it.each<[string, unknown[], object, string | RegExp]>([
    ['take', [], {}, "builtins.TypeError: Args.take() missing 1 required positional argument: 'person'"],
    ['take', [1, 2, 3], {}, 'builtins.TypeError: Args.take() takes from 2 to 3 positional arguments but 4 were given'],
    ['take', [1], { person: 2 }, "builtins.TypeError: Args.take() got multiple values for argument 'person'"],
    ['take', [1], { ctx: 2 }, "builtins.TypeError: Args.take() got an unexpected keyword argument 'ctx'"],
    ['keywords', [1, 2], {}, 'builtins.TypeError: Args.keywords() takes 2 positional arguments but 3 were given'],
    ['unread', [1], { b: 2 }, /^builtins\.TypeError: Args\.unread\(\) got an unexpected keyword argument 'b' \(.*`params`\)$/],
    ['piped', ['x'], {}, 'builtins.ValueError: count: Validation failed (numeric string is expected)'],
    ['entry', [{ name: 1 }], {}, 'builtins.ValueError: name must be a string, count must be an integer number'],
    ['checkedKeywords', [], { name: 'x', count: 'many' }, 'builtins.ValueError: count must be an integer number'],
  ])('a method refuses the arguments %s%j %j', async (method, args, kwargs, expected) => {
    expect(await call(method, args, kwargs)).toEqual(expected instanceof RegExp ? expect.stringMatching(expected) : expected);
  });
});
