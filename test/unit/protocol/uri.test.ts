import { describe, expect, it } from 'vitest';
import { PyroError } from '../../../lib/protocol/errors.js';
import { PyroUri } from '../../../lib/protocol/uri.js';

describe('PyroUri', () => {
  it.each([
    ['PYRO:obj@localhost:9999', { protocol: 'PYRO', object: 'obj', host: 'localhost', port: 9999, socketName: undefined }],
    ['pyro:obj@10.0.0.1:80', { protocol: 'PYRO', object: 'obj', host: '10.0.0.1', port: 80, socketName: undefined }],
    ['PYRO:obj@[::1]:9999', { protocol: 'PYRO', object: 'obj', host: '::1', port: 9999, socketName: undefined }],
    [
      'PYRO:obj@./u:/tmp/with space.sock',
      { protocol: 'PYRO', object: 'obj', host: undefined, port: undefined, socketName: '/tmp/with space.sock' },
    ],
    [
      'PYRONAME:some.name',
      { protocol: 'PYRONAME', object: 'some.name', host: undefined, port: undefined, socketName: undefined },
    ],
    ['PYRONAME:some.name@host', { protocol: 'PYRONAME', object: 'some.name', host: 'host', port: 9090, socketName: undefined }],
    [
      'PYRONAME:some.name@[2001:db8::1]',
      { protocol: 'PYRONAME', object: 'some.name', host: '2001:db8::1', port: 9090, socketName: undefined },
    ],
    [
      'PYROMETA:one,two,one',
      { protocol: 'PYROMETA', object: 'one,two', host: undefined, port: undefined, socketName: undefined },
    ],
  ])('PyroUri reads the URI %s', (text, parts) => {
    const uri = new PyroUri(text);
    expect({ ...uri }).toEqual(
      Object.fromEntries(Object.entries({ ...parts }).filter(([key, value]) => value !== undefined || key in uri)),
    );
    expect(new PyroUri(String(uri)).equals(uri)).toBe(true);
    expect(PyroUri.fromState(uri.toState()).equals(uri)).toBe(true);
  });

  it.each([
    ['', 'expected PYRO:'],
    ['http://example.com', 'expected PYRO:'],
    ['PYROX:obj@host:1', 'unknown protocol PYROX'],
    ['PYRO:obj', 'needs a location'],
    ['PYRO:obj@host', 'port is missing'],
    ['PYRO:obj@host:', 'port is missing'],
    ['PYRO:obj@host:99999', 'invalid port'],
    ['PYRO:obj@host:12x', 'invalid port'],
    ['PYRO:obj@:80', 'host is empty'],
    ['PYRO:obj@[[::1]]:80', 'too many brackets'],
    ['PYRO:obj@[example.com]:80', 'numeric ipv6'],
    ['PYRO:obj@./u:', 'socket path'],
    ['PYRO:obj@./u:a:b', 'socket path'],
    ['PYRO: obj@host:80', 'expected PYRO:'],
    ['PYRO:obj@ho st:80', 'white space'],
    ['PYRO:obj@ho\0st:80', 'control characters'],
    ['PYRO:obj@host\x1b:80', 'control characters'],
    ['PYRO:obj@ho\x7fst:80', 'control characters'],
    ['PYRO:obj@ho\x85st:80', 'control characters'],
    ['PYRONAME:obj@ho\0st', 'control characters'],
  ])('PyroUri refuses the URI %j, naming it', (text, why) => {
    expect(() => new PyroUri(text)).toThrow(PyroError);
    expect(() => new PyroUri(text)).toThrow(why);
    expect(() => new PyroUri(text)).toThrow(JSON.stringify(text));
  });

  it('PyroUri reads a URI with the line break at the end of the file that it came from', () => {
    for (const text of ['PYRO:obj@localhost:9999', 'PYRONAME:name', 'PYRO:obj@./u:/tmp/socket']) {
      for (const end of ['\n', '\r\n', '\n\n']) expect(String(new PyroUri(text + end))).toBe(text);
    }
    expect(() => new PyroUri('PYRO:obj\n@localhost:9999')).toThrow('expected PYRO:');
  });

  it('PyroUri takes white space around a port, as Python does', () => {
    for (const host of ['localhost', '[::1]'])
      for (const end of [' ', '\t\n', ' \r\n'])
        expect(String(new PyroUri(`PYRO:obj@${host}:99${end}`))).toBe(`PYRO:obj@${host}:99`);
    expect(String(new PyroUri('PYRO:obj@localhost: 99'))).toBe('PYRO:obj@localhost:99');
    for (const port of ['9 9', ' ']) expect(() => new PyroUri(`PYRO:obj@localhost:${port}`)).toThrow('invalid port');
    expect(() => new PyroUri('PYRONAME:name@local ')).toThrow('a host has no white space');
  });

  it('PyroUri reads a long URI in linear time', () => {
    expect(() => new PyroUri(`PYRO:${'\n'.repeat(1_000_000)} `)).toThrow(PyroError);
    for (const tail of ['', '\n', ' ']) expect(() => new PyroUri(`PYRO:${'@'.repeat(100_000)}${tail}`)).toThrow(PyroError);
  });

  it.each([
    [[]],
    [['PYRO', 5]],
    [['PYRO', 'obj', null, 'host', 'port']],
    [['PYRO', 'obj', null, null, null]],
    [['PYROMETA', [['one']], null, null, null]],
    [['PYRO', { toString: 1 }, null, 'host', 1]],
    [['PYRO', 'obj', null, 'host', { toString: 1 }]],
    [['PYRO', 'obj', null, 'ho\0st', 1]],
  ])('PyroUri refuses the URI state %j', (state) => {
    expect(() => PyroUri.fromState(state)).toThrow(PyroError);
  });

  it('PyroUri refuses more than 1,000 tags, in a text and in a state', () => {
    const tags = Array.from({ length: 1_000 }, (_, index) => `t${index}`);
    expect(new PyroUri(`PYROMETA:${tags.join(',')}`).toState()[1]).toHaveProperty('size', 1_000);
    expect(() => new PyroUri(`PYROMETA:${tags.join(',')},more`)).toThrow('PYROMETA has more than 1000 tags');
    for (const list of [[...tags, 'more'], new Set([...tags, 'more']), Array.from({ length: 1_001 }, () => 'one')])
      expect(() => PyroUri.fromState(['PYROMETA', list, null, null, null])).toThrow('PYROMETA has more than 1000 tags');
  });
});

it.each([
  ['b,a,b,,a', ['a', 'b']],
  ['a,b', ['a', 'b']],
  ['b,a@h:1', ['a', 'b']],
  ['Z,a,10,9,é', ['10', '9', 'Z', 'a', 'é']],
  [',,', []],
])('the tags of PYROMETA:%s are sorted, each once', (text, tags) => {
  const uri = new PyroUri(`PYROMETA:${text}`);
  expect([...(uri.toState()[1] as Set<string>)]).toEqual(tags);
  expect(uri.object).toBe(tags.join(','));
});

it('a port of a URI that is too long is cut in the error', () => {
  expect(() => new PyroUri(`PYRO:o@h:${'9'.repeat(5_000)}`)).toThrow(/port=9{200}…$/);
});
