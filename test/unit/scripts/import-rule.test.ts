import { describe, expect, it } from 'vitest';
import { checkImports } from '../../../scripts/import-rule.js';

const messages = (file: string, text: string) => checkImports(file, text).map(({ message }) => message);

describe('the import direction', () => {
  it.each([
    ['serpent/reader.ts', "import { scan } from './scanner.js';"],
    ['serializers/json.ts', "import { PyComplex } from '../serpent/index.js';"],
    ['daemon/daemon.ts', "import type { Header } from '../protocol/header.js';"],
    ['naming/locate.ts', "export { PyroProxy } from '../client/proxy.js';"],
    ['nest/decorators/x.ts', "import { UseGuards } from '@nestjs/common';\nimport { PyroDaemon } from '../../daemon/daemon.js';"],
    ['nest/nest-internals.ts', "import { ParamsFactory } from '@nestjs/core/internal';"],
    ['testing/index.ts', "export { PyroServer } from '../nest/pyro-server.js';"],
    ['core.ts', "export * from './serpent/index.js';"],
    ['index.ts', "export * from './core.js';\nexport { PyroServer } from './nest/pyro-server.js';"],
    ['protocol/uri.ts', "import { isIPv6 } from 'node:net';"],
    ['daemon/session/session.ts', "import { Reply } from '../call/reply.js';\nimport { Slots } from './slots.js';"],
    ['daemon/daemon.ts', "import { Sessions } from './session/sessions.js';"],
    ['daemon/contract/daemon.ts', "import type { Limit } from '../limits/limits.js';"],
    ['nest/server/pyro-server.ts', "import { USED_OF_NEST } from '../nest-internals.js';"],
  ])('the import rule lets %s import what lies below it', (file, text) => {
    expect(messages(file, text)).toEqual([]);
  });

  it.each([
    ['serpent/reader.ts', "import { PyroError } from '../protocol/errors.js';", 'serpent must not import protocol'],
    ['protocol/uri.ts', "import type { PyroDaemon } from '../daemon/daemon.js';", 'protocol must not import daemon'],
    ['client/proxy/proxy.ts', "import { PyroDaemon } from '../../daemon/daemon.js';", 'client must not import daemon'],
    ['daemon/daemon.ts', "export * from '../client/proxy.js';", 'daemon must not import client'],
    ['daemon/daemon.ts', "type Proxy = import('../client/proxy.js').PyroProxy;", 'daemon must not import client'],
    ['daemon/daemon.ts', "const { PyroProxy } = await import('../client/proxy.js');", 'daemon must not import client'],
    ['daemon/daemon.ts', "import proxy = require('../client/proxy.js');", 'daemon must not import client'],
    [
      'daemon/call/request.ts',
      "import type { Session } from '../session/session.js';",
      'daemon/call must not import daemon/session',
    ],
    [
      'daemon/call/request.ts',
      "import { BaseDaemon } from '../daemon.js';",
      'daemon/call must not import a file of daemon/ itself',
    ],
    ['daemon/contract/target.ts', "import type { Call } from '../call/call.js';", 'daemon/contract must not import daemon/call'],
    ['client/messages/x.ts', "export * from '../connection/x.js';", 'client/messages must not import client/connection'],
    ['nest/errors/x.ts', "type P = import('../pipeline/x.js').P;", 'nest/errors must not import nest/pipeline'],
    ['nest/nest-internals.ts', "import './server/x.js';", 'a file of nest/ itself must not import nest/server'],
    ['name-server/store/sql/x.ts', "import './../redis/x.js';", 'name-server/store/sql must not import name-server/store/redis'],
    ['daemon/daemon.ts', "import { PyroDaemon } from '../core.js';", 'daemon must not import core.ts'],
    ['daemon/streams.ts', "import { Observable } from 'rxjs';", 'only nest may import "rxjs"'],
    ['daemon/streams.ts', "import { map } from 'rxjs/operators';", 'only nest may import "rxjs/operators"'],
    ['core.ts', "import { Injectable } from '@nestjs/common';", 'only nest may import "@nestjs/common"'],
    ['core.ts', "export * from './nest/pyro-server.js';", 'core.ts must not import nest'],
    ['testing/index.ts', "import { Test } from '@nestjs/testing';", 'only nest may import "@nestjs/testing"'],
    ['nest/pyro-binder.ts', "import { X } from '@nestjs/core/internal';", 'only nest/nest-internals.ts may import'],
    ['nest/pyro-binder.ts', "declare module '@nestjs/core/injector/module.js' {}", 'only nest/nest-internals.ts may import'],
    ['client/proxy/proxy.ts', "import { dumps } from '../../serializers/json';", 'does not end in .js'],
    ['client/proxy/proxy.ts', "import { x } from '../../../scripts/x.js';", 'leaves lib/'],
    ['client/proxy/proxy.ts', 'await import(name);', 'only the run knows'],
    ['client/proxy/proxy.ts', "import { PyroError } from 'nestjs-pyro/core';", 'by relative paths'],
    ['helpers/things.ts', '', 'no known room'],
    ['daemon/helpers/things.ts', '', 'daemon/helpers is no known sub-room of daemon'],
    ['copies/helpers/things.ts', '', 'copies/helpers is no known sub-room of copies'],
  ])('the import rule refuses %s: %s', (file, text, reason) => {
    const [violation, ...others] = messages(file, text);
    expect(violation).toContain(reason);
    expect(others).toEqual([]);
  });

  it.each([
    ['a function', 'export function f() {}'],
    ['a class', 'class C {}'],
    ['a constant', 'export const a = 1;'],
    ['an enum', 'export enum E {}'],
    ['a re-export of values', "export { a } from './a.js';"],
    ['an import of values', "import { a } from './a.js';"],
  ])('the import rule refuses %s in a sub-room of interfaces', (_, text) => {
    expect(checkImports('daemon/contract/target.ts', `export interface A {}\n${text}`)).toEqual([
      { file: 'daemon/contract/target.ts', line: 2, message: 'daemon/contract holds interfaces only' },
    ]);
  });

  it('the import rule lets a sub-room of interfaces have interfaces, other types, and imports and re-exports of types', () => {
    const text = "import type { A } from './a.js';\nexport type { A };\nexport type B = A;\nexport interface C {}";
    expect(messages('daemon/contract/target.ts', text)).toEqual([]);
  });

  it('the import rule names the line of the import', () => {
    expect(checkImports('client/proxy/proxy.ts', "import a from './a.js';\n\nimport b from '../../daemon/b.js';")).toMatchObject([
      { file: 'client/proxy/proxy.ts', line: 3 },
    ]);
  });
});
