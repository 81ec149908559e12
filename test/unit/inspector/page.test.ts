import { describe, expect, it } from 'vitest';
import type { InspectedServer } from '../../../lib/inspector/contract/contract.js';
import { bytesText, durationText } from '../../../lib/inspector/page/formats.js';
import { CallHistory } from '../../../lib/inspector/page/history.js';
import { pythonLine, type WrittenCall } from '../../../lib/inspector/page/python-line.js';
import { writtenArguments } from '../../../lib/inspector/page/written-arguments.js';

const NO_NEEDS = { handshake: false, tls: false, certificate: false };

describe('the line of Python', () => {
  const line = (call: Partial<WrittenCall>): string =>
    pythonLine({
      uri: 'PYRO:a@b:1',
      pageHost: 'lab.example',
      needs: NO_NEEDS,
      kind: 'method',
      member: 'f',
      args: [],
      kwargs: {},
      isLiteral: false,
      handshake: null,
      ...call,
    });

  it('the line of Python has the arguments as literals of Python', () => {
    expect(line({ args: ['1', '-2.5', 'true', 'null', 'hello "you"', '"12"', '[1, {"a": false}]'], kwargs: { k: '3' } })).toBe(
      String.raw`Pyro5.api.Proxy("PYRO:a@b:1").f(1, -2.5, True, None, "hello \"you\"", "12", [1, {"a": False}], k=3)`,
    );
    expect(line({ args: ['123456789012345678901234567890'] })).toContain('f(123456789012345678901234567890)');
    expect(line({ args: ['007', '-0', '[12345678901234567890, -0, 1e17, {"a": 1e400}, -1e400]'] })).toContain(
      'f("007", -0.0, [12345678901234567890, -0.0, 1e+17, {"a": float("inf")}, float("-inf")])',
    );
    expect(line({ args: ['(1, None)', 'b"x"'], isLiteral: true })).toContain('f((1, None), b"x")');
  });

  it('the line of Python reads and writes attributes, and sends handshake data', () => {
    expect(line({ kind: 'get', member: 'gain' })).toBe('Pyro5.api.Proxy("PYRO:a@b:1").gain');
    expect(line({ kind: 'set', member: 'gain', args: ['2'], handshake: 'secret' })).toBe(
      'proxy = Pyro5.api.Proxy("PYRO:a@b:1"); proxy._pyroHandshake = "secret"; proxy.gain = 2',
    );
  });

  it('the line of Python reaches names that Python does not take for names', () => {
    expect(line({ member: 'break' })).toBe('getattr(Pyro5.api.Proxy("PYRO:a@b:1"), "break")()');
    expect(line({ member: 'a-b', args: ['1'] })).toBe('getattr(Pyro5.api.Proxy("PYRO:a@b:1"), "a-b")(1)');
    expect(line({ kwargs: { 'x y': '1', class: '2' } })).toContain('f(**{"x y": 1, "class": 2})');
  });

  it('the line of Python has places for handshake data and files that the inspector has, and does not show them', () => {
    expect(line({ needs: { ...NO_NEEDS, handshake: true } })).toBe(
      'proxy = Pyro5.api.Proxy("PYRO:a@b:1"); proxy._pyroHandshake = "<handshake data>"; proxy.f()',
    );
    expect(line({ needs: { ...NO_NEEDS, handshake: true }, handshake: 'typed' })).toContain(
      '_pyroHandshake = "typed"; proxy.f()',
    );
    expect(line({ needs: { ...NO_NEEDS, tls: true } })).toBe(
      'Pyro5.api.config.SSL = True; Pyro5.api.config.SSL_CACERTS = "<PEM file of the authority>"; Pyro5.api.Proxy("PYRO:a@b:1").f()',
    );
    expect(line({ needs: { ...NO_NEEDS, tls: true, certificate: true } })).toContain(
      'SSL_CLIENTCERT = "<PEM file of your certificate>"; Pyro5.api.config.SSL_CLIENTKEY = "<PEM file of its key>"; Pyro5',
    );
  });

  it('the line of Python has the host of the page in place of the address of all interfaces', () => {
    expect(line({ uri: 'PYRO:a@0.0.0.0:1' })).toBe('Pyro5.api.Proxy("PYRO:a@lab.example:1").f()');
    expect(line({ uri: 'PYRO:a@[::]:1', pageHost: '[::1]' })).toBe('Pyro5.api.Proxy("PYRO:a@[::1]:1").f()');
    expect(line({ uri: 'PYRO:a@10.0.0.0:1' })).toContain('@10.0.0.0:1');
  });

  it('the line of Python stays one line whatever a text has', () => {
    expect(line({ args: ['a\nb\u2028c\u0085d'] })).toContain(String.raw`"a\nb\u2028c\u0085d"`);
  });
});

describe('the arguments of a form', () => {
  const parameter = (name: string | null): { name: string | null; kind: 'positional'; isRequired: boolean } => ({
    name,
    kind: 'positional',
    isRequired: false,
  });

  it('the arguments of a form are positional up to the first that is left out, and keywords after it', () => {
    const parameters = [parameter('a'), parameter('b'), parameter('c')];
    expect(writtenArguments(parameters, { values: ['1', '', '3'], rest: '', keywords: '' })).toEqual({
      args: ['1'],
      kwargs: { c: '3' },
    });
  });

  it('the arguments of a form take further arguments and keywords line by line', () => {
    expect(writtenArguments([], { values: [], rest: '1\n\n[2]', keywords: 'a=1\nb = x=y' })).toEqual({
      args: ['1', '[2]'],
      kwargs: { a: '1', b: 'x=y' },
    });
  });

  it('the arguments of a form say what cannot be given', () => {
    const parameters = [parameter(null), parameter(null)];
    expect(() => writtenArguments(parameters, { values: ['', '2'], rest: '', keywords: '' })).toThrow('argument 2 has no name');
    expect(() => writtenArguments(parameters, { values: [], rest: '1', keywords: '' })).toThrow('before the further ones');
    expect(() => writtenArguments([], { values: [], rest: '', keywords: 'a' })).toThrow('"a" is no keyword argument');
  });
});

describe('the history of the charts', () => {
  const server = (calls: number, totalMs: number): InspectedServer => ({
    id: 'lab',
    location: null,
    error: null,
    pingMs: null,
    objects: [
      {
        objectId: 'o',
        uri: '',
        names: [],
        className: null,
        instanceMode: null,
        isGuarded: null,
        isLeased: null,
        calls,
        failures: 0,
        members: null,
      },
    ],
    objectCount: 1,
    snapshot: null,
    durations: { o: { calls, totalMs } },
    totalDurations: { calls: calls + 1, totalMs: totalMs + 1 },
    needs: NO_NEEDS,
  });
  const at = (second: number): string => new Date(second * 1_000).toISOString();

  it('the history of the charts has rates and mean durations between two snapshots, and forgets objects that have gone', () => {
    const history = new CallHistory();
    history.add({ at: at(0), allowCalls: false, servers: [server(10, 100)] });
    history.add({ at: at(2), allowCalls: false, servers: [server(14, 120)] });
    history.add({ at: at(4), allowCalls: false, servers: [server(14, 120)] });
    expect(history.of('lab', 'o')).toEqual([
      { rate: 2, failureRate: 0, latencyMs: 5 },
      { rate: 0, failureRate: 0, latencyMs: null },
    ]);
    expect(history.of('lab').map(({ latencyMs }) => latencyMs)).toEqual([5, null]);
    history.add({ at: at(6), allowCalls: false, servers: [] });
    expect(history.of('lab', 'o')).toEqual([]);
  });

  it('the history of the charts has no mean duration where the server forgot the durations of an object', () => {
    const history = new CallHistory();
    for (const [second, calls, totalMs] of [
      [0, 10, 100],
      [2, 12, 90],
      [4, 2, 1],
    ] as const)
      history.add({ at: at(second), allowCalls: false, servers: [server(calls, totalMs)] });
    expect(history.of('lab', 'o').map(({ latencyMs }) => latencyMs)).toEqual([null, null]);
  });
});

it('bytes and times are shown with their units', () => {
  expect([0, 1023, 1024, 1536 * 1024, null].map(bytesText)).toEqual(['0 B', '1023 B', '1.0 KiB', '1.5 MiB', '–']);
  expect([0.05, 1.25, 999, 61_000, 3_700_000, 200_000_000].map(durationText)).toEqual([
    '50 µs',
    '1.3 ms',
    '999 ms',
    '1 min 1 s',
    '1 h 1 min',
    '2 d 7 h',
  ]);
});
