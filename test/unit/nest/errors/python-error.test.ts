import 'reflect-metadata';
import {
  BadRequestException,
  ConflictException,
  ForbiddenException,
  GatewayTimeoutException,
  HttpException,
  InternalServerErrorException,
  NotFoundException,
  NotImplementedException,
  RequestTimeoutException,
  UnauthorizedException,
  UnprocessableEntityException,
} from '@nestjs/common';
import { RpcException } from '@nestjs/microservices';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { presentableError } from '../../../../lib/daemon/request/presentable-error.js';
import { PythonException } from '../../../../lib/core.js';
import { PyroException } from '../../../../lib/index.js';
import { messageOf, toPythonError } from '../../../../lib/nest/errors/python-error.js';
import { SERIALIZER_IDS } from '../../../../lib/protocol/constants.js';
import { createSerializers } from '../../../../lib/serializers/serializers.js';

describe('PyroException', () => {
  it('a PyroException travels as the named exception when it is a value that is not thrown', () => {
    const error = new PyroException('builtins.ValueError', ['bad', 1], { attributes: { extra: [2] } });
    const serializer = createSerializers({ detailedTraceback: false }).get(SERIALIZER_IDS.serpent)!;
    expect(serializer.loads(serializer.dumps([error]), { plain: true })).toEqual([
      { __class__: 'builtins.ValueError', __exception__: true, args: ['bad', 1], attributes: { extra: [2] } },
    ]);
  });

  it('a PyroException takes args that have no text of their own', () => {
    const args = [Object.create(null) as unknown, Symbol('mark'), 7];
    const error = new PyroException('builtins.ValueError', args);
    expect(error.message).toBe('[object], Symbol(mark), 7');
    expect(error.args).toEqual(args);
  });

  it('a PyroException is never sent as an error on which a Python proxy drops its connection', () => {
    const shown = presentableError(new PyroException('Pyro5.errors.TimeoutError', ['late']));
    expect(shown).toMatchObject({ pythonType: 'builtins.TimeoutError', args: ['late'] });
  });
});

describe('toPythonError', () => {
  it.each<[string, unknown, string, unknown[]]>([
    ['a 400', new BadRequestException('bad'), 'ValueError', ['bad']],
    ['validation messages', new BadRequestException(['a must be', 'b must be']), 'ValueError', ['a must be', 'b must be']],
    ['a 422', new UnprocessableEntityException('bad'), 'ValueError', ['bad']],
    ['a 401', new UnauthorizedException('who'), 'PermissionError', ['who']],
    ['a 403', new ForbiddenException('no'), 'PermissionError', ['no']],
    ['a 404', new NotFoundException('where'), 'LookupError', ['where']],
    ['a 408', new RequestTimeoutException('slow'), 'TimeoutError', ['slow']],
    ['a 504', new GatewayTimeoutException('slow'), 'TimeoutError', ['slow']],
    ['a 501', new NotImplementedException('later'), 'NotImplementedError', ['later']],
    ['a 409', new ConflictException('taken'), 'RuntimeError', ['taken']],
    ['a 500', new InternalServerErrorException('oops'), 'RuntimeError', ['oops']],
    ['an HttpException with a list', new HttpException(['a', 'b'] as never, 409), 'RuntimeError', ['a', 'b']],
    [
      'an HttpException with a list of objects',
      new HttpException([{ field: 'x' }] as never, 400),
      'ValueError',
      [{ field: 'x' }],
    ],
    ['an RpcException with a list', new RpcException(['a', 'b']), 'RuntimeError', ['a', 'b']],
    ['an HttpException with an empty list', new HttpException([] as never, 409), 'RuntimeError', ['Http Exception']],
    ['an HttpException with text', new HttpException('text', 404), 'LookupError', ['text']],
    ['an HttpException with its own body', new HttpException({ code: 7 }, 400), 'ValueError', ['Http Exception']],
    ['an RpcException', new RpcException('rpc'), 'RuntimeError', ['rpc']],
    ['an RpcException with a status', new RpcException({ status: 404, message: 'rpc' }), 'LookupError', ['rpc']],
    ['an RpcException with a statusCode', new RpcException({ statusCode: 400, message: ['a', 'b'] }), 'ValueError', ['a', 'b']],
    ['what Nest’s own filter makes', { status: 'error', message: 'text' }, 'RuntimeError', ['text']],
    ['an RpcException around another', new RpcException(new NotFoundException('inner')), 'LookupError', ['inner']],
    ['a string', 'text', 'RuntimeError', ['text']],
    ['nothing', undefined, 'RuntimeError', ['undefined']],
    [
      'ValidationErrors',
      [
        {
          property: 'a',
          constraints: { isInt: 'a must be int' },
          children: [{ property: 'b', constraints: { isInt: 'b must be int' } }],
        },
      ],
      'ValueError',
      ['a must be int', 'b must be int'],
    ],
    [
      'a ZodError',
      z.object({ a: z.object({ b: z.number() }) }).safeParse({ a: { b: 'x' } }).error,
      'ValueError',
      ['a.b: Invalid input: expected number, received string'],
    ],
  ])('toPythonError translates %s to the closest builtin', (_what, error, type, args) => {
    expect(toPythonError(error)).toMatchObject({ pythonType: `builtins.${type}`, args });
  });

  it('toPythonError gives a PyroException as the Python class that it names', () => {
    const error = new PyroException('sqlite3.OperationalError', ['locked', 5], { attributes: { code: 5 }, cause: 'why' });
    expect(error.message).toBe('locked, 5');
    expect(error.name).toBe('OperationalError');
    expect(error).toBeInstanceOf(RpcException);
    expect(toPythonError(error)).toMatchObject({
      pythonType: 'sqlite3.OperationalError',
      args: ['locked', 5],
      attributes: { code: 5 },
    });
  });

  it.each([
    ['CommunicationError', 'Pyro5.errors.PyroError'],
    ['ConnectionClosedError', 'builtins.ConnectionError'],
    ['TimeoutError', 'builtins.TimeoutError'],
    ['ProtocolError', 'Pyro5.errors.PyroError'],
    ['MessageTooLargeError', 'Pyro5.errors.PyroError'],
    ['SerializeError', 'Pyro5.errors.PyroError'],
  ])('an error never travels as %s, on which a Python proxy drops its connection', (name, standIn) => {
    const error = new PyroException(`Pyro5.errors.${name}`, ['x']);
    expect(toPythonError(error)).toMatchObject({ pythonType: standIn, args: ['x'] });
    expect(presentableError(error)).toMatchObject({ pythonType: standIn, args: ['x'] });
  });

  it('toPythonError leaves other errors to the serializers', () => {
    for (const error of [new RangeError('x'), new PythonException('builtins.KeyError', ['k'])])
      expect(toPythonError(error)).toBe(error);
  });

  it('toPythonError keeps the stack of the thrown error, and the error as cause', () => {
    const error = new NotFoundException('where');
    const mapped = toPythonError(error) as Error;
    expect(mapped.stack).toBe(error.stack);
    expect(mapped.cause).toBe(error);
  });

  it('toPythonError survives errors that are cyclic, deep or hostile', () => {
    const cyclic: Record<string, unknown> = { property: 'a' };
    cyclic['children'] = [cyclic];
    expect(toPythonError([cyclic])).toMatchObject({ pythonType: 'builtins.RuntimeError' });
    expect(toPythonError({ message: { toString: 1 } })).toMatchObject({
      pythonType: 'builtins.RuntimeError',
      args: ['unknown error'],
    });
  });
});

it('a PyroException whose class sets a type that no client can read is an error all the same', () => {
  class StockError extends PyroException {
    override readonly pythonType = 'StockError';
  }
  const error = new StockError('builtins.ValueError', ['none left']);
  expect(toPythonError(error)).toBe(error);
  expect(messageOf(error)).toBe('none left');
});

it('messageOf() gives the text of an error for a person', () => {
  expect(messageOf(new BadRequestException(['a', 'b']))).toBe('a, b');
  expect(messageOf(new RangeError('x'))).toBe('x');
  expect(messageOf(new RangeError())).toBe('RangeError');
  expect(messageOf('text')).toBe('text');
});

describe('the grouped messages of a ValidationPipe', () => {
  const grouped = (message: object): PythonException =>
    toPythonError(new BadRequestException({ message, error: 'Bad Request', statusCode: 400 })) as PythonException;

  it('the grouped messages of a ValidationPipe are the args, and no attribute', () => {
    const { args, attributes } = grouped({
      n: ['n must be a number'],
      'at.x': ['x must be a number'],
      '...': ['some are left out'],
    });
    expect(args).toEqual(['n must be a number', 'at.x: x must be a number', 'some are left out']);
    expect(attributes).toEqual({});
  });

  it('the grouped messages of a ValidationPipe are read of responses of Nest alone, and not when there are none', () => {
    const message = { items: [] };
    expect(grouped(message)).toMatchObject({ args: ['Bad Request Exception'], attributes: { message } });
    const other = toPythonError(new BadRequestException({ message: { allowed: ['a'] } })) as PythonException;
    expect(other).toMatchObject({ args: ['Bad Request Exception'], attributes: { message: { allowed: ['a'] } } });
  });

  it('the grouped messages of a ValidationPipe are as many and as long as those of a list', () => {
    const names = Array.from({ length: 3_000 }, (_, index) => `${'x'.repeat(2_000)}${index}`);
    const { args, attributes } = grouped(Object.fromEntries(names.map((name) => [name, [`property ${name} should not exist`]])));
    expect(args).toHaveLength(101);
    expect(JSON.stringify([args, attributes]).length).toBeLessThan(200_000);
  });
});
