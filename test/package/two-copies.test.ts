import { cp, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kwargs, PyComplex, PyFloat, PyroProxy, PyTuple, type PyroProxyOptions, type RemoteObject } from 'nestjs-pyro';
import { packageRoot } from '../../scripts/package-root.js';
import { Program, run } from '../../scripts/program.js';

/** Puts a copy of the built package into `node_modules` of a directory. */
async function copyPackage(directory: string): Promise<void> {
  const target = join(directory, 'node_modules', 'nestjs-pyro');
  await mkdir(target, { recursive: true });
  await cp(join(packageRoot, 'dist'), join(target, 'dist'), { recursive: true });
  await cp(join(packageRoot, 'package.json'), join(target, 'package.json'));
}

describe('an application whose shared library brings a copy of nestjs-pyro of its own', () => {
  let app: string;
  let program: Program;
  let uri: string;
  const proxies: RemoteObject[] = [];

  beforeAll(async () => {
    app = await mkdtemp(join(await realpath(tmpdir()), 'two-copies-'));
    await copyPackage(app);
    await copyPackage(join(app, 'out', 'shared'));
    for (const name of [
      '@nestjs',
      '@types',
      'acorn',
      'commander',
      're2js',
      'reflect-metadata',
      'rxjs',
      'undici-types',
      'iterare',
      'uid',
      'tslib',
    ]) {
      await symlink(join(packageRoot, 'node_modules', name), join(app, 'node_modules', name));
    }
    await cp(join(packageRoot, 'test', 'package', 'app'), join(app, 'src'), { recursive: true });
    await writeFile(join(app, 'package.json'), JSON.stringify({ name: 'app', private: true, type: 'module' }));
    const compilerOptions = {
      target: 'es2022',
      lib: ['es2023', 'esnext.disposable'],
      module: 'nodenext',
      types: ['node'],
      strict: true,
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
      rootDir: 'src',
      outDir: 'out',
      skipLibCheck: true,
    };
    await writeFile(join(app, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['src/two-copies.ts'] }));
    await run(process.execPath, [join(packageRoot, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', app]);
    program = new Program(process.execPath, [join(app, 'out', 'two-copies.js')], { cwd: dirname(app) });
    uri = await program.line('ready:');
  });

  afterAll(async () => {
    await Promise.all(proxies.map((proxy) => proxy.$release()));
    await program?.stop();
    await rm(app, { recursive: true, force: true });
  });

  const proxyOf = (objectId: string, options: PyroProxyOptions = {}): RemoteObject => {
    const proxy = PyroProxy.to(uri.replace('own.values', objectId), { maxRetries: 0, ...options });
    proxies.push(proxy);
    return proxy;
  };

  it.each(['own.mixed', 'own.guarded', 'shared.bench'])(
    '%s refuses a wrong token, and lets the right one in',
    async (objectId) => {
      await expect(proxyOf(objectId).$connect()).rejects.toThrow('Forbidden resource');
      await expect(proxyOf(objectId, { handshake: 'wrong' }).$connect()).rejects.toThrow('Forbidden resource');
      await proxyOf(objectId, { handshake: 'secret' }).$connect();
    },
  );

  it('members are served whichever copy decorated them', async () => {
    const mixed = await proxyOf('own.mixed', { handshake: 'secret' }).$connect();
    expect([...mixed.$metadata!.methods].sort()).toEqual(['foreign', 'own', 'search', 'seek']);
    expect([...mixed.$metadata!.attrs]).toEqual(['label']);
    expect(await mixed.$call('foreign')).toBe('foreign');
    expect(await mixed.$get('label')).toBe('mixed');
  });

  it('remaining keywords are found whichever copy decorated the parameter', async () => {
    const mixed = proxyOf('own.mixed', { handshake: 'secret' });
    for (const method of ['search', 'seek']) {
      expect(await mixed.$call(method, kwargs({ text: 'steel', limit: 5 }))).toEqual(['steel', { limit: 5 }]);
    }
    const bench = proxyOf('shared.bench', { handshake: 'secret' });
    expect(await bench.$call('search', kwargs({ limit: 5 }))).toEqual(['everything', { limit: 5 }]);
    expect(await bench.$get('size')).toBe(3);
  });

  it('the context of a call is the same object in both copies', async () => {
    expect(await proxyOf('own.guarded', { handshake: 'secret' }).$call('who')).toEqual(['Ann', true]);
    expect(await proxyOf('shared.bench', { handshake: 'secret' }).$call('whose')).toBe('Ann');
    expect(await proxyOf('own.values').$call('current')).toEqual([true, true]);
  });

  it.each(['serpent', 'marshal', 'json', 'msgpack'] as const)('values of the other copy travel in %s', async (serializer) => {
    const values = proxyOf('own.values', { serializer, values: 'faithful' });
    expect(await values.$call('make', 'float')).toEqual(new PyFloat(2));
    const hasTuples = serializer === 'serpent' || serializer === 'marshal';
    expect((await values.$call('make', 'tuple')) instanceof PyTuple).toBe(hasTuples);
    const complex = values.$call('make', 'complex');
    if (serializer === 'json') await expect(complex).rejects.toThrow('complex');
    else expect(await complex).toEqual(new PyComplex(1, -2));
    expect(String(await values.$call('make', 'uri'))).toBe('PYRO:a@host:1');
    expect(String(((await values.$call('make', 'proxy')) as RemoteObject).$uri)).toBe('PYRO:a@host:1');
    await expect(values.$call('make', 'sample')).rejects.toThrow('lab.Sample');
    await expect(values.$call('make', 'blob')).rejects.toThrow('a SerializedBlob is no value');
  });

  it('errors of the other copy keep their Python type', async () => {
    const values = proxyOf('own.values');
    const failure = (name: string): Promise<unknown> => values.$call('fail', name).catch((error: unknown) => error);
    expect(await failure('exception')).toMatchObject({ pythonType: 'builtins.KeyError', args: ['k'], attributes: { code: 7 } });
    expect(await failure('remote')).toMatchObject({ pythonType: 'builtins.LookupError', args: ['gone'] });
    expect(await failure('security')).toMatchObject({ pythonType: 'Pyro5.errors.SecurityError', args: ['no entry'] });
  });

  it('proxies take keywords and correlation ids of the other copy', async () => {
    const id = '11111111-2222-4333-8444-555555555555';
    expect(await proxyOf('own.values').$call('call', uri, id)).toEqual(['own', ['steel', {}], id, true]);
  });

  it('an object that is registered at a daemon of one copy travels as a proxy in calls and results of the other', async () => {
    expect(await proxyOf('own.values').$call('registered')).toEqual(['proxy', true, 'proxy', true]);
  });

  it('remote objects that the other copy provides have the defaults of the application, and their health is checked', async () => {
    expect(await proxyOf('own.values').$call('moveRemote')).toEqual(['moved', true]);
    expect(await proxyOf('own.values').$call('checkRemote')).toEqual(['up', null]);
  });

  it('a factory may give an object of the other copy', async () => {
    expect(await proxyOf('shared.given').$call('whose')).toBe('shared.given');
  });

  it('an application of objects of the other copy alone is served without a warning', async () => {
    await using alone = PyroProxy.to(await program.line('alone:').then((text) => text.replace(/^alone: */, '')));
    expect(await alone.$call('light')).toBe(1);
    expect(program.soFar).not.toContain('WARN');
  });

  it('the error of a callback method that the other copy marked surfaces at the server, too', async () => {
    await expect(proxyOf('shared.lamp').$call('fall')).rejects.toThrow('the lamp fell');
    expect(await program.line('callError:')).toBe('shared.lamp: Error: the lamp fell');
  });

  it('a daemonObject that extends DaemonObject of the other copy serves streams, signatures and its own members', async () => {
    const items: unknown[] = [];
    for await (const item of (await proxyOf('own.values').$call('items')) as AsyncIterable<unknown>) items.push(item);
    expect(items).toEqual([1, 2, 3]);
    const daemon = proxyOf('Pyro.Daemon');
    expect(await daemon.$call('motto')).toBe('shared');
    expect(await daemon.$call('close_stream', 'none')).toBeNull();
    expect(await daemon.$call('registered')).toContain('own.values');
    expect(await daemon.$call('get_signatures', 'own.values')).toBeTypeOf('object');
  });

  it('a server serves what the other copy exposed', async () => {
    expect(await proxyOf('shared.lamp').$call('light')).toBe(1);
    const lamp = proxyOf('shared.lamp');
    expect(await lamp.$call('light')).toBe(2);
    expect(await lamp.$call('find', 'steel', kwargs({ limit: 5 }))).toEqual(['steel', { limit: 5 }]);
  });
});
