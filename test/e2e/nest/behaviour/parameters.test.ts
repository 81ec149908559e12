import {
  type ArgumentMetadata,
  BadRequestException,
  createParamDecorator,
  DefaultValuePipe,
  type ExecutionContext,
  Injectable,
  ParseArrayPipe,
  ParseBoolPipe,
  ParseEnumPipe,
  ParseIntPipe,
  type PipeTransform,
  SetMetadata,
  UseGuards,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { Ctx, Payload } from '@nestjs/microservices';
import { describe, expect, it } from 'vitest';
import { PyroContext, PyroController, PyroKwargs, PyroMethod } from '../../../../lib/index.js';
import { callWith, serveForAll, WAYS } from '../fixtures.js';
import { log } from './noting.js';

@Injectable()
class Units {
  readonly names = ['mm', 'cm'];
}
/** A pipe that Nest makes from its class, with dependencies. */
@Injectable()
class UnitPipe implements PipeTransform<unknown, string> {
  constructor(private readonly units: Units) {}
  transform(value: unknown, { data, type }: ArgumentMetadata): string {
    log.push(`unit pipe ${data} ${type}`);
    if (typeof value === 'string' && this.units.names.includes(value)) return value;
    throw new BadRequestException(`no unit ${String(value)}`);
  }
}

const Peer = createParamDecorator((property: 'host' | 'port' | undefined, context: ExecutionContext) => {
  const { connection } = context.switchToRpc().getContext<PyroContext>();
  const [host, port] = connection.remoteAddress.split(':');
  return property === undefined ? connection.remoteAddress : { host, port }[property];
});
const First = createParamDecorator((_data: unknown, context: ExecutionContext) => context.switchToRpc().getData<unknown[]>()[0]);
const Later = createParamDecorator(async () => Promise.resolve('12'));

const Role = Reflector.createDecorator<string>();
const Tags = (...tags: string[]): ClassDecorator & MethodDecorator => SetMetadata('tags', tags);

@Injectable()
class MetadataGuard {
  constructor(private readonly reflector: Reflector) {}
  canActivate(context: ExecutionContext): boolean {
    const targets = [context.getHandler(), context.getClass()];
    log.push(
      `${this.reflector.getAllAndOverride(Role, targets)} ${this.reflector.getAllAndMerge<string[]>('tags', targets).join()}`,
    );
    return this.reflector.get(Role, context.getHandler()) !== 'nobody';
  }
}

enum Colour {
  Red = 'red',
}

@PyroController('parameters', { instanceMode: 'single' })
@UseGuards(MetadataGuard)
@Role('everybody')
@Tags('class')
class Parameters {
  @PyroMethod() context(@Ctx() ctx: PyroContext, item: string): unknown {
    return [ctx instanceof PyroContext, ctx.method, ctx.kwargs, item];
  }
  @PyroMethod() whole(@Payload() all: unknown[]): unknown {
    return all;
  }
  @PyroMethod() wholePiped(@Payload({ transform: (all: unknown[]) => all.length }) count: unknown, first: unknown): unknown {
    return [count, first];
  }
  @PyroMethod() byIndex(@Payload('1', ParseIntPipe) second: number, @Payload('0') first: string): unknown {
    return [first, second];
  }
  @PyroMethod() byName(@Payload('unit', UnitPipe) unit: string, @Payload('size', ParseIntPipe) size: number): unknown {
    return `${size} ${unit}`;
  }
  @PyroMethod() builtIns(
    @Payload('0', new ParseArrayPipe({ items: Number })) list: number[],
    @Payload('1', ParseBoolPipe) flag: boolean,
    @Payload('2', new ParseEnumPipe(Colour)) colour: Colour,
  ): unknown {
    return [list, flag, colour];
  }
  @PyroMethod({ params: ['count?'] }) defaulted(
    @Payload('count', new DefaultValuePipe('7'), ParseIntPipe) count: number,
  ): unknown {
    return count;
  }
  @PyroMethod() keywords(item: string, @PyroKwargs() options: Record<string, unknown>): unknown {
    return [item, options];
  }
  @PyroMethod() custom(
    @Peer() peer: string,
    @Peer('host') host: string,
    item: string,
    @First(ParseIntPipe) first: number,
    @Later(ParseIntPipe) later: number,
  ): unknown {
    return [peer.startsWith(host), item, first, later];
  }
  @PyroMethod() @Role('nobody') refused(): string {
    return 'never';
  }
  @PyroMethod() @Role('somebody') @Tags('method') allowed(): string {
    return 'ok';
  }
}

describe.each(WAYS)('parameters (%s)', (way) => {
  const served = serveForAll(way, { providers: [Parameters, Units] });
  const call = async (method: string, args: unknown[], kwargs: object = {}): Promise<unknown> =>
    callWith(await served().join('parameters'), 'parameters', method, args, kwargs);

  it.each<[method: string, args: unknown[], kwargs: object, expected: unknown]>([
    ['context', ['x'], {}, [true, 'context', {}, 'x']],
    ['context', [], { item: 'x' }, [true, 'context', { item: 'x' }, 'x']],
    ['whole', [1, 'two', [3]], {}, [1, 'two', [3]]],
    ['wholePiped', ['x'], {}, [1, 'x']],
    ['byIndex', ['a', '2'], {}, ['a', 2]],
    ['byIndex', [], { first: 'a', second: '2' }, ['a', 2]],
    ['byName', ['mm', '5'], {}, '5 mm'],
    ['byName', [], { size: '5', unit: 'cm' }, '5 cm'],
    ['builtIns', ['1,2', 'true', 'red'], {}, [[1, 2], true, 'red']],
    ['defaulted', [], {}, 7],
    ['defaulted', [], { count: '8' }, 8],
    ['keywords', ['x'], { a: 1, b: [2] }, ['x', { a: 1, b: [2] }]],
    ['keywords', [], { item: 'x' }, ['x', {}]],
    ['custom', ['5'], {}, [true, '5', 5, 12]],
    ['custom', [], { item: '5' }, [true, '5', 5, 12]],
    ['allowed', [], {}, 'ok'],
  ])('a method gets its decorated parameters from %s%j %j', async (method, args, kwargs, expected) => {
    expect(await call(method, args, kwargs)).toEqual(expected);
  });

  it.each<[method: string, args: unknown[], kwargs: object, type: string, message: string]>([
    ['byIndex', ['a', 'x'], {}, 'ValueError', 'second: Validation failed (numeric string is expected)'],
    ['byName', [], { unit: 'km', size: '1' }, 'ValueError', 'unit: no unit km'],
    ['byName', ['mm', 'x'], {}, 'ValueError', 'size: Validation failed (numeric string is expected)'],
    ['builtIns', [[1], 'x', 'red'], {}, 'ValueError', 'flag: Validation failed (boolean string is expected)'],
    ['builtIns', [[1], 'true', 'blue'], {}, 'ValueError', 'colour: Validation failed (enum string is expected)'],
    ['custom', ['x'], {}, 'ValueError', 'Validation failed (numeric string is expected)'],
    ['refused', [], {}, 'PermissionError', 'Forbidden resource'],
    ['keywords', [1, 2], {}, 'TypeError', 'Parameters.keywords() takes 2 positional arguments but 3 were given'],
  ])('a method with decorated parameters refuses %s%j %j', async (method, args, kwargs, type, message) => {
    await expect(call(method, args, kwargs)).rejects.toMatchObject({ pythonType: `builtins.${type}`, args: [message] });
  });

  it('a pipe is told which parameter it transforms', async () => {
    await call('byName', ['mm', '5']);
    expect(log).toContain('unit pipe unit body');
  });

  it('a guard reads metadata of the method and the class', async () => {
    await call('allowed', []);
    await call('whole', []);
    expect(log).toEqual(['somebody method,class', 'everybody class']);
  });
});
