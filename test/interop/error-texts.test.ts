import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PyroProxy } from '../../lib/core.js';
import { PROXY_LIMITS } from '../../lib/client/options/proxy-limits.js';
import { LIMITS } from '../../lib/daemon/limits/limits.js';
import { packageRoot } from '../../scripts/package-root.js';
import { ensurePythonEnv } from './python-env.js';
import { PythonInterpreter } from './python-interpreter.js';
import { thrownTexts } from './thrown-texts.js';

interface Row {
  /** The texts of the first cell. */
  texts: string[];
  says: string;
}

/** The folders of `lib` whose errors a peer may get, or a program that calls a peer. */
const ROOMS_OF_ERRORS = [
  'calls',
  'client',
  'daemon',
  'inspector',
  'name-server',
  'naming',
  'nest',
  'objects',
  'pyro',
  'transport',
];

/** Texts that need no row: they say what to do, tell a fault of the program at its start, or of a peer that does not keep to the protocol. */
const SELF_EXPLAINING = [
  '… (a compiler or bundler may have renamed the parameter to',
  '… (its parameter names cannot be read from its source',
  '…; for the class of an exception, the fromDict of registerClass must give an Error',
  '…; give an IP address in the URI, or try again later',
  '"…" cannot be exposed: …',
  '"…" cannot stand for …: it is no PYRO uri',
  '… cannot be registered: it is no object and no class',
  '… has half of a surrogate pair, which UTF-8 cannot express; register another text',
  '… must be …',
  '… sent a message that no call waits for',
  '… takes …',
  "'…' object is not iterable",
  "'…' object has no attribute '…'",
  'a CONNECT message holds a dict with',
  'a SerializedBlob must be the only argument of its call',
  'a daemon cannot be combined with itself',
  'a metadata tag must be a str, not …',
  'a name server cannot be at …',
  'behavior can only be used on a class',
  'behavior takes options: …',
  'classes cannot be registered weakly',
  'correlation id … is no UUID',
  'expose takes a class, or a method or accessor as its decorator',
  'first argument must be string or compiled pattern',
  "object isn't registered",
  'reply has not the correlation id of its call',
  'result of call is an iterator',
  'startswith first arg must be str, not …',
  'the answer to a handshake is a dict with',
  'the body is no JSON',
  'the body must be a JSON object',
  'the class has no method or accessor',
  'the content type must be application/json',
  'the daemon does not listen yet; call start() first',
  'the daemon was started before; make a new one',
  'the metadata of an object is a dict of name sets',
  'the name registrar was stopped',
  'the reply to a batch is a list of results',
  'the reply to a batch of … calls has … results',
  'the request must say its Content-Length',
  'the server was drained, or its daemon was closed; close() it before it listens again',
  'the watch ends: …',
  'unhashable type:',
  'withCorrelationId takes a function, not …',
];

/** Prints the names of OpenSSL's errors, and the text of an unknown attribute. */
const PRINT_TEXTS_OF_PYTHON = `
import _ssl
print(*_ssl.err_names_to_codes)
try:
    object().none
except AttributeError as x:
    print(x)`;

/** The sources of who says a text. */
const sources: Record<string, string[]> = {};
let page: string;
let rows: Row[];
let interpreter: PythonInterpreter;

beforeAll(async () => {
  interpreter = await PythonInterpreter.start();
  const python = await ensurePythonEnv();
  sources['ours'] = await filesOf(join(packageRoot, 'lib'), '.ts');
  sources['Pyro5'] = await filesOf(join(python, '..', '..', 'lib'), '.py', '/Pyro5/');
  sources['Nest'] = await filesOf(join(packageRoot, 'node_modules/@nestjs/core'), '.js');
  // OpenSSL's texts stand in the program of Node
  sources['Node'] = [(await readFile(process.execPath)).toString('latin1')];
  sources['Python'] = [(await promisify(execFile)(python, ['-c', PRINT_TEXTS_OF_PYTHON])).stdout];
  page = await readFile(join(packageRoot, 'docs/troubleshooting.md'), 'utf8');
  rows = page
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => {
      const [, first = '', says = ''] = /^\| (.*?) \| (\w+) \|/.exec(line) ?? [];
      return { texts: [...first.matchAll(/`([^`]+)`/g)].map(([, text]) => text!), says };
    });
});

afterAll(() => interpreter.stop());

async function filesOf(directory: string, ending: string, part = ''): Promise<string[]> {
  const names = await readdir(directory, { recursive: true });
  const wanted = names.map((name) => join(directory, name)).filter((file) => file.endsWith(ending) && file.includes(part));
  return Promise.all(wanted.map((file) => readFile(file, 'utf8')));
}

/** True when one file has all the parts of a text that do not change. */
function isIn(files: readonly string[], text: string): boolean {
  const parts = text.split('…').filter((part) => part.trim().length > 2);
  return parts.length > 0 && files.some((file) => parts.every((part) => file.includes(part)));
}

describe('docs/troubleshooting.md', () => {
  it('docs/troubleshooting.md quotes texts that the library, Pyro5 and Nest have', () => {
    expect(rows.length).toBeGreaterThan(50);
    const missing = rows.flatMap(({ texts, says }) => {
      const speakers = says === 'both' ? ['ours', 'Pyro5'] : [says];
      return texts.flatMap((text) => speakers.filter((speaker) => !isIn(sources[speaker] ?? [], text)).map((who) => [who, text]));
    });
    expect(missing).toEqual([]);
    expect(rows.filter(({ texts }) => texts.length === 0)).toEqual([]);
  });

  it('docs/troubleshooting.md quotes the texts of all errors that a peer may get from the library, but those that tell the remedy', async () => {
    const quoted = rows.filter(({ says }) => says === 'ours' || says === 'both').flatMap(({ texts }) => texts);
    const known = [...quoted, ...SELF_EXPLAINING];
    const thrown = await thrownTexts(join(packageRoot, 'lib'), ROOMS_OF_ERRORS);
    expect(thrown.length).toBeGreaterThan(150);
    expect(thrown.filter(({ text }) => !known.some((each) => isIn([text], each)))).toEqual([]);
    // each of these texts is one that the library has
    expect(SELF_EXPLAINING.filter((each) => !thrown.some(({ text }) => isIn([text], each)))).toEqual([]);
  });

  it('docs/troubleshooting.md names every limit of a daemon and of a proxy', () => {
    const names = [...Object.keys(LIMITS), ...Object.keys(PROXY_LIMITS)];
    expect(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(page))).toEqual([]);
  });

  it('docs/troubleshooting.md has the texts that a client of this library gets from Python', async () => {
    const location = await interpreter.run<string>(`
      config.THREADPOOL_SIZE = config.THREADPOOL_SIZE_MIN = 1
      class Camera:
          @expose
          def add(self, a, b):
              return a + b
          @property
          @expose
          def gain(self):
              return 1
          def hidden(self):
              pass
      daemon = Pyro5.api.Daemon(host="localhost")
      daemon.register(Camera, "camera")
      threading.Thread(target=daemon.requestLoop, daemon=True).start()
      return daemon.locationStr`);
    const proxy = PyroProxy.to(`PYRO:camera@${location}`, { maxRetries: 0 });
    try {
      for (const method of ['none', 'hidden', '_private']) expectListed(await failureOf(proxy.$call(method)));
      const full = await failureOf(PyroProxy.connect(`PYRO:camera@${location}`, { maxRetries: 0 }));
      expectListed(full.slice(full.indexOf(' rejected: ') + ' rejected: '.length));
      expectListed(await failureOf(proxy.$set('gain', 2)));
      await proxy.$release();
      expectListed(await failureOf(proxy.$call('add', 1, 2)));
    } finally {
      await proxy.$release();
    }
  });

  it('docs/troubleshooting.md has the texts that a client of Python gets from a server that hangs up', async () => {
    const endings: [ending: (socket: Socket) => void, handshakeChars: number, text: string][] = [
      [(socket) => socket.resetAndDestroy(), 1, 'receiving: connection lost: '],
      [(socket) => socket.resetAndDestroy(), 50_000_000, 'sending: connection lost: '],
      [(socket) => socket.end(), 1, 'receiving: not enough data'],
    ];
    for (const [ending, chars, text] of endings) {
      const server = createServer((socket) => socket.on('error', () => undefined).once('data', () => ending(socket)));
      await once(server.listen(0, '127.0.0.1'), 'listening');
      try {
        const failure = await interpreter.run<string>(
          `
          with Proxy(f"PYRO:camera@127.0.0.1:{port}") as proxy:
              proxy._pyroHandshake = "x" * chars
              try:
                  proxy._pyroBind()
              except Pyro5.errors.CommunicationError as x:
                  return str(x)`,
          { port: (server.address() as AddressInfo).port, chars },
        );
        expect(failure).toContain(text);
        expectListed(failure);
      } finally {
        server.close();
      }
    }
  });
});

async function failureOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => expect.unreachable(),
    (error: unknown) => (error as Error).message,
  );
}

/** Expects that a row has the text that a client gets. */
function expectListed(text: string): void {
  const found = rows.flatMap(({ texts }) => texts).filter((quoted) => isIn([text], quoted));
  expect(found, text).not.toEqual([]);
}
