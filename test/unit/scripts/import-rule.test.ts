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
  ])('the import rule lets %s import what lies below it', (file, text) => {
    expect(messages(file, text)).toEqual([]);
  });

  it.each([
    ['serpent/reader.ts', "import { PyroError } from '../protocol/errors.js';", 'serpent must not import protocol'],
    ['protocol/uri.ts', "import type { PyroDaemon } from '../daemon/daemon.js';", 'protocol must not import daemon'],
    ['client/proxy.ts', "import { PyroDaemon } from '../daemon/daemon.js';", 'client must not import daemon'],
    ['daemon/daemon.ts', "export * from '../client/proxy.js';", 'daemon must not import client'],
    ['daemon/daemon.ts', "type Proxy = import('../client/proxy.js').PyroProxy;", 'daemon must not import client'],
    ['daemon/daemon.ts', "const { PyroProxy } = await import('../client/proxy.js');", 'daemon must not import client'],
    ['daemon/daemon.ts', "import proxy = require('../client/proxy.js');", 'daemon must not import client'],
    ['daemon/daemon.ts', "import { PyroDaemon } from '../core.js';", 'daemon must not import core.ts'],
    ['daemon/streams.ts', "import { Observable } from 'rxjs';", 'only nest may import "rxjs"'],
    ['daemon/streams.ts', "import { map } from 'rxjs/operators';", 'only nest may import "rxjs/operators"'],
    ['core.ts', "import { Injectable } from '@nestjs/common';", 'only nest may import "@nestjs/common"'],
    ['core.ts', "export * from './nest/pyro-server.js';", 'core.ts must not import nest'],
    ['testing/index.ts', "import { Test } from '@nestjs/testing';", 'only nest may import "@nestjs/testing"'],
    ['nest/pyro-binder.ts', "import { X } from '@nestjs/core/internal';", 'only nest/nest-internals.ts may import'],
    ['nest/pyro-binder.ts', "declare module '@nestjs/core/injector/module.js' {}", 'only nest/nest-internals.ts may import'],
    ['client/proxy.ts', "import { dumps } from '../serializers/json';", 'does not end in .js'],
    ['client/proxy.ts', "import { x } from '../../scripts/x.js';", 'leaves lib/'],
    ['client/proxy.ts', 'await import(name);', 'only the run knows'],
    ['client/proxy.ts', "import { PyroError } from 'nestjs-pyro/core';", 'by relative paths'],
    ['helpers/things.ts', '', 'no known room'],
  ])('the import rule refuses %s: %s', (file, text, reason) => {
    const [violation, ...others] = messages(file, text);
    expect(violation).toContain(reason);
    expect(others).toEqual([]);
  });

  it('the import rule names the line of the import', () => {
    expect(checkImports('client/proxy.ts', "import a from './a.js';\n\nimport b from '../daemon/b.js';")).toMatchObject([
      { file: 'client/proxy.ts', line: 3 },
    ]);
  });
});
