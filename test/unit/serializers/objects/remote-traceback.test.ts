import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { SERIALIZER_IDS } from '../../../../lib/protocol/constants.js';
import { PyroRemoteError } from '../../../../lib/serializers/objects/exceptions.js';
import { beginningOfTraceback } from '../../../../lib/serializers/objects/remote-traceback.js';
import { ValueBudget } from '../../../../lib/serializers/contract/value-budget.js';
import type { SerializerName } from '../../../../lib/serializers/contract/serializer.js';
import { createSerializers } from '../../../../lib/serializers/serializers.js';

const LINES = ['Traceback (most recent call last):\n', '  File "x.py", line 1\n'];

interface Given {
  args?: unknown[];
  attributes?: Record<string, unknown>;
}

/** An exception as it arrives among the arguments of a call, and the memory that is counted for it. */
function received({ args = ['x'], attributes = {} }: Given, name: SerializerName = 'serpent'): [PyroRemoteError, number] {
  const serializer = createSerializers().get(SERIALIZER_IDS[name])!;
  const budget = new ValueBudget(Infinity);
  const dict = { __class__: 'builtins.ValueError', __exception__: true, args, attributes };
  return [serializer.loads(serializer.dumps(dict), { budget }) as PyroRemoteError, budget.spentBytes];
}

const withTraceback = (lines: unknown): PyroRemoteError => received({ attributes: { _pyroTraceback: lines } })[0];
const stackProperty = (error: Error) => Object.getOwnPropertyDescriptor(error, 'stack')!;

describe('the stack of an exception that was read', () => {
  it('the stack holds the remote traceback, and no place where the exception was read', () => {
    expect(withTraceback(LINES).stack).toBe(
      'PyroRemoteError: builtins.ValueError: x\nRemote traceback:\nTraceback (most recent call last):\n  File "x.py", line 1\n',
    );
    expect(withTraceback('one text').stack).toMatch(/Remote traceback:\none text\n$/);
    expect(withTraceback([]).stack).toBe('PyroRemoteError: builtins.ValueError: x');
  });

  it('the stack of an exception that a program makes holds both sides', () => {
    const { stack } = new PyroRemoteError('a.B', ['x'], {}, LINES);
    expect(stack).toMatch(/^PyroRemoteError: a\.B: x\n {4}at [^]*remote-traceback\.test[^]*\nRemote traceback:\nTraceback/);
  });

  it('the traceback is not printed before somebody reads the stack', () => {
    const error = withTraceback(LINES);
    expect(stackProperty(error)).toMatchObject({ get: expect.any(Function) as unknown, enumerable: false, configurable: true });
    const { stack } = error;
    expect(stackProperty(error)).toEqual({ value: stack, writable: true, enumerable: false, configurable: true });
  });

  it('loggers and copies see the stack as that of any error', () => {
    expect(inspect(withTraceback(LINES))).toMatch(/^\[PyroRemoteError: [^]*Remote traceback:[^]*x\.py[^]*remoteTraceback: \[/);
    expect(inspect({ inner: withTraceback(LINES) })).toContain('Remote traceback:');
    expect(structuredClone(withTraceback(LINES)).stack).toContain('  File "x.py", line 1\n');
    expect(Object.keys(withTraceback(LINES))).not.toContain('stack');
    expect(JSON.stringify(withTraceback(LINES))).not.toContain('Remote traceback');
  });

  it('the stack can be set, also before it is read, and that of a frozen error can be read', () => {
    const error = withTraceback(LINES);
    error.stack = 'mine';
    expect(stackProperty(error)).toEqual({ value: 'mine', writable: true, enumerable: false, configurable: true });
    const child = Object.assign(Object.create(withTraceback(LINES)) as Error, { stack: 'of the child' });
    expect(child.stack).toBe('of the child');
    const frozen = Object.freeze(withTraceback(LINES));
    expect([frozen.stack, frozen.stack]).toEqual([withTraceback(LINES).stack, withTraceback(LINES).stack]);
  });

  it.each([
    ['one line', ['\x01'.repeat(100_000)]],
    ['many lines', Array.from({ length: 1_000 }, () => `${'\x01'.repeat(2_000)}\n`)],
    ['many lines in one text', [`${'\x01'.repeat(2_000)}\n`.repeat(1_000)]],
    ['lines without an end', Array.from({ length: 1_000 }, () => '\x01'.repeat(2_000))],
    ['letters', Array.from({ length: 1_000 }, () => `${'x'.repeat(2_000)}\n`)],
  ])('the stack is short enough for a log, whatever a peer sends: %s', (_, lines) => {
    const { stack } = withTraceback(lines);
    expect(stack!.length).toBeGreaterThan(10_000);
    expect(stack!.length).toBeLessThan(50_000);
    expect(stack).toMatch(/…\n$/);
  });

  it('the beginning of a traceback is made of no more characters than are wanted', () => {
    const line = 'x'.repeat(2 ** 28);
    expect(beginningOfTraceback([line, line, line], 3, 5)).toBe('xxxxx');
    expect(beginningOfTraceback(['ab\n', 'cd\n', 'ef\n'], 2, 100)).toBe('ab\ncd\n');
  });
});

describe('the memory of an exception that is read', () => {
  const costOf = (given: Given, name?: SerializerName): number => received(given, name)[1];
  const NAMES = Object.keys(SERIALIZER_IDS) as SerializerName[];

  it.each(NAMES)('%s: the message is counted, which is a copy of the texts of the args', (name) => {
    const [error] = received({ args: ['x'.repeat(10_000), 'y'] }, name);
    const lists = Array.from({ length: 5 }, () => Array.from({ length: 5 }, () => '\x01'.repeat(100)));
    expect(error.message).toHaveLength('builtins.ValueError: '.length + 10_003);
    expect(costOf({ args: ['x'.repeat(10_000), 'y'] }, name) - costOf({ args: ['', 'y'] }, name)).toBeGreaterThan(20_000);
    expect(costOf({ args: [lists] }, name) - costOf({ attributes: { lists } }, name)).toBeGreaterThan(10_000);
  });

  it.each(NAMES)('%s: the property that prints the traceback is counted', (name) => {
    const [without, with_] = [{}, { _pyroTraceback: ['x'] }].map((attributes) => costOf({ attributes }, name)) as [
      number,
      number,
    ];
    expect(with_ - without).toBeGreaterThan(700);
  });

  it('the message shows no more than some of the args that are no texts', () => {
    const list = Array.from({ length: 10 }, () => Array.from({ length: 10 }, () => '\x01'.repeat(100)));
    expect(received({ args: Array.from({ length: 10 }, () => list) })[0].message.length).toBeLessThan(65_000);
    expect(received({ args: [[1], [2], { a: 'b' }] })[0].message).toBe('builtins.ValueError: [1], [2], {"a": "b"}');
  });

  it('exceptions of marshal share a dict of attributes', () => {
    const marshal = createSerializers().get(SERIALIZER_IDS.marshal)!;
    const exception = (attributes: string): string =>
      `{z\x09__class__z\x07lab.Errz\x0d__exception__Tz\x04args)\0z\x0aattributes${attributes}0`;
    const bytes = Buffer.from(`)\x02${exception('\xfbz\x01aN0')}${exception('r\0\0\0\0')}`, 'latin1');
    const [one, other] = marshal.loads(bytes) as [PyroRemoteError, PyroRemoteError];
    expect(one.attributes).toEqual({ a: null });
    expect(other.attributes).toBe(one.attributes);
  });
});
