import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PyroError, PyroUri } from '../../../lib/core.js';
import { PythonInterpreter } from '../python-interpreter.js';

/* The URI cases of Pyro5's tests/test_core.py; docs/audit/upstream-tests.md says which is which. */

let python: PythonInterpreter;
beforeAll(async () => {
  python = await PythonInterpreter.start();
});
afterAll(() => python.stop());

interface Parts {
  protocol: string;
  object: string;
  host: string | null;
  port: number | null;
  socketName: string | null;
  location: string | null;
  text: string;
}

/** Lets Python read texts as URIs: returns the parts of each, or the error. */
function readByPython(texts: readonly string[]): Promise<(Parts | string)[]> {
  return python.run(
    `
    def read(text):
      try:
        uri = URI(text)
      except Exception as x:
        return type(x).__name__
      object = uri.object if isinstance(uri.object, str) else ",".join(sorted(uri.object))
      name = f"{uri.protocol}:{object}" + (f"@{uri.location}" if uri.location else "")
      return dict(protocol=uri.protocol, object=object, host=uri.host, port=uri.port, socketName=uri.sockname,
        location=uri.location, text=str(uri) if isinstance(uri.object, str) else name)
    return [read(text) for text in texts]`,
    { texts },
  );
}

function partsOf(text: string): Parts {
  const uri = new PyroUri(text);
  const { protocol, object, host = null, port = null, socketName = null, location = null } = uri;
  return { protocol, object, host, port, socketName, location, text: String(uri) };
}

/** Expects both sides to read each text in the same way, and with the given parts. */
async function expectSame(cases: readonly (readonly [text: string, parts?: Partial<Parts>])[]): Promise<void> {
  const theirs = await readByPython(cases.map(([text]) => text));
  for (const [index, [text, parts = {}]] of cases.entries()) {
    expect(partsOf(text), text).toEqual(theirs[index]);
    expect(partsOf(text), text).toMatchObject(parts);
  }
}

describe('a URI', () => {
  it('a URI is read again from its own text', () => {
    const one = new PyroUri('PYRO:obj@host:5555');
    const two = new PyroUri(String(one));
    expect(String(one)).toBe(String(two));
    expect(one.equals(two)).toBe(true);
    expect(one).not.toBe(two);
  });

  it('the URI of an object is read as by Python', () =>
    expectSame([
      [
        'PYRO:12345@host.com:4444',
        { protocol: 'PYRO', object: '12345', host: 'host.com', port: 4444, location: 'host.com:4444' },
      ],
      ['pyro:12345@host.com:4444', { protocol: 'PYRO', socketName: null }],
      ['PYRO:12345@./u:sockname', { object: '12345', socketName: 'sockname', port: null }],
      ['PYRO:12345@./u:/tmp/sockname', { socketName: '/tmp/sockname' }],
      ['PYRO:12345@./u:../sockname', { socketName: '../sockname' }],
      ['PYRO:12345@./u:/path with spaces/sockname  ', { socketName: '/path with spaces/sockname  ' }],
      ['PYRO:12345@./u:sock name with strings', { text: 'PYRO:12345@./u:sock name with strings' }],
    ]));

  it('a URI by name is read as by Python', () =>
    expectSame([
      ['PYRONAME:objectname', { protocol: 'PYRONAME', object: 'objectname', host: null, port: null, socketName: null }],
      [
        'PYRONAME:objectname@nameserverhost',
        { host: 'nameserverhost', port: 9090, text: 'PYRONAME:objectname@nameserverhost:9090' },
      ],
      ['PYRONAME:objectname@nameserverhost:4444', { host: 'nameserverhost', port: 4444 }],
      ['PyroName:some_obj_name@host.com:9999', { protocol: 'PYRONAME' }],
      ['pyroname:some_obj_name@host.com:9999', { protocol: 'PYRONAME' }],
      ['PYRONAME:objectname@./u:/tmp/ns.sock', { socketName: '/tmp/ns.sock' }],
    ]));

  it('a URI by metadata is read as by Python', () =>
    expectSame([
      ['PYROMETA:meta', { protocol: 'PYROMETA', object: 'meta', host: null, port: null }],
      ['PYROMETA:meta1,meta2,meta2@nameserverhost', { object: 'meta1,meta2', host: 'nameserverhost', port: 9090 }],
      ['PYROMETA:meta@nameserverhost:4444', { object: 'meta', port: 4444 }],
      ['PyroMeta:meta1,meta2@host.com:9999', { protocol: 'PYROMETA' }],
    ]));

  it('a URI with IPv6 is read as by Python', async () => {
    await expectSame([['pyro:12345@[::1]:4444', { host: '::1', location: '[::1]:4444' }]]);
    expect(() => new PyroUri('pyro:12345@[[::1]]:4444')).toThrow('invalid ipv6 address: enclosed in too many brackets');
    expect(() => new PyroUri('pyro:12345@[must_be_numeric_here]:4444')).toThrow(
      'invalid ipv6 address: the part between brackets must be a numeric ipv6 address',
    );
    expect(await readByPython(['pyro:12345@[[::1]]:4444', 'pyro:12345@[must_be_numeric_here]:4444'])).toEqual([
      'PyroError',
      'PyroError',
    ]);
  });

  it('a URI may have any letters', () =>
    expectSame([['PYRO:weirdchars\u20ac@host\u20ac.com:4444', { object: 'weirdchars\u20ac', host: 'host\u20ac.com' }]]));

  const invalid = [
    '',
    ' ',
    'a',
    'PYR',
    'PYRO',
    'PYRO:',
    'PYRO::',
    'PYRO:a',
    'PYRO:x@',
    'PYRO:x@hostname',
    'PYRO:@hostname:portstr',
    'PYRO:@hostname:7766',
    'PYRO:objid@hostname:7766:bogus',
    'PYRO:obj id@hostname:7766',
    'PYROLOC:objname',
    'PYROLOC:objname@host',
    'PYROLOC:objectname@hostname:4444',
    'PYRONAME:',
    'PYRONAME:obj name@nameserver:bogus',
    'PYRONAME:objname@nameserver:bogus',
    'PYRONAME:objname@nameserver:7766:bogus',
    'PYROMETA:',
    'PYROMETA:meta@nameserver:bogus',
    'PYROMETA:meta@nameserver:7766:bogus',
    'PYROMETA:meta1, m2 ,m3@nameserver:7766:bogus',
    'FOOBAR:',
    'FOOBAR:objid@hostname:7766',
    'PYRO:12345@./u:sockname:9999',
  ];

  it('the URIs that Python refuses are refused', async () => {
    expect(await readByPython(invalid)).toEqual(invalid.map(() => 'PyroError'));
    for (const text of invalid) expect(() => new PyroUri(text), JSON.stringify(text)).toThrow(PyroError);
    for (const what of [null, undefined, 99_999]) expect(() => new PyroUri(what as unknown as string)).toThrow(PyroError);
  });

  it('URIs with the same parts are equal', () => {
    const [one, two, three] = ['12345@host.com:9999', '12345@host.com:9999', '99999@host.com:4444'].map(
      (at) => new PyroUri(`PYRO:${at}`),
    );
    expect(one!.equals(two)).toBe(true);
    expect(one!.equals(three)).toBe(false);
    expect(one!.equals(42)).toBe(false);
    expect(new PyroUri('PYROMETA:a,b').equals(new PyroUri('PYROMETA:b,a'))).toBe(true);
    expect(new Set([one, two, three].map(String)).size).toBe(2);
  });

  it('a URI names a unix socket with ./u: and nothing else', () => {
    expect(new PyroUri('PYRO:x@./u:name').socketName).toBe('name');
    for (const location of ['./p:name', './x:name', 'foobar']) expect(() => new PyroUri(`PYRO:x@${location}`)).toThrow(PyroError);
  });
});
