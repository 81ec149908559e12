import { mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { packageRoot } from '../../scripts/package-root.js';
import { run } from '../../scripts/program.js';
import { copyBuiltPackage, installedVersion, npm } from './installed-app.js';

// the package is not among those of this project, since one of its dependencies has an install script
const SWAGGER = '@nestjs/swagger@^12.0.2';
const PACKAGES = ['common', 'core', 'microservices', 'platform-express'].map((name) => `@nestjs/${name}`);
const PROGRAM = `
import 'reflect-metadata';
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { PyroController, PyroInspectorModule, PyroMethod } from 'nestjs-pyro';

class Counter { add() {} }
const method = (type, name) => [type.prototype, name, Object.getOwnPropertyDescriptor(type.prototype, name)];
PyroMethod()(...method(Counter, 'add'));
PyroController('counter')(Counter);
class Pages { home() {} }
Get('home')(...method(Pages, 'home'));
Controller('pages')(Pages);
class AppModule {}
Module({ imports: [PyroInspectorModule.forRoot({ path: 'pyro', guards: 'global' })], controllers: [Pages, Counter] })(AppModule);

const app = await NestFactory.create(AppModule, { logger: ['warn', 'error'] });
const { paths } = SwaggerModule.createDocument(app, new DocumentBuilder().build());
console.log(JSON.stringify(Object.keys(paths)));
await app.close();
`;

let app: string;

beforeAll(async () => {
  app = await mkdtemp(join(await realpath(tmpdir()), 'swagger-'));
  await writeFile(join(app, 'package.json'), JSON.stringify({ name: 'app', private: true, type: 'module' }));
  const { dependencies } = JSON.parse(await readFile(join(packageRoot, 'package.json'), 'utf8')) as { dependencies: object };
  const names = [...PACKAGES, 'reflect-metadata', 'rxjs', ...Object.keys(dependencies)];
  const versions = await Promise.all(names.map(async (name) => `${name}@${await installedVersion(name)}`));
  await npm(['install', '--prefer-offline', '--ignore-scripts', ...versions, SWAGGER], app);
  await copyBuiltPackage(app);
  await writeFile(join(app, 'main.js'), PROGRAM);
});

afterAll(async () => {
  await rm(app, { recursive: true, force: true });
});

it('the document of @nestjs/swagger has the controllers of the application, and neither Pyro objects nor the inspector', async () => {
  const { stdout } = await run(process.execPath, ['main.js'], { cwd: app });
  expect(JSON.parse(stdout)).toEqual(['/pages/home']);
});
