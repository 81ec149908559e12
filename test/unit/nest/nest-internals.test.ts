import { Injectable, Module, Scope } from '@nestjs/common';
import { createContextId, ExternalContextCreator, ModulesContainer } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  assertNestInternals,
  containerOf,
  ContextualLoader,
  dependenciesOf,
  existingInstances,
  firstDestroyedModule,
  type InstanceWrapper,
  rootModuleOf,
} from '../../../lib/nest/nest-internals.js';

@Injectable({ scope: Scope.REQUEST })
class Dependency {}
@Injectable({ scope: Scope.REQUEST })
class User {
  constructor(readonly dependency: Dependency) {}
}
@Module({ providers: [User, Dependency] })
class Inner {}
@Module({ imports: [Inner] })
class Root {}

const compile = async () => {
  const app = await Test.createTestingModule({ imports: [Root] }).compile();
  return { modules: app.get(ModulesContainer), contexts: app.get(ExternalContextCreator) };
};

describe('what is used of Nest’s inside', () => {
  it('is there in the installed version', async () => {
    const { modules, contexts } = await compile();
    expect(() => assertNestInternals(modules, contexts)).not.toThrow();
  });

  it('is missed by name when it is not', async () => {
    const { modules } = await compile();
    expect(() => assertNestInternals(modules, {} as ExternalContextCreator)).toThrow(
      /does not fit this version of Nest: ExternalContextCreator\.container/,
    );
  });

  it('makes instances in contexts, tells them apart, and knows what they were given', async () => {
    const { modules, contexts } = await compile();
    const loader = new ContextualLoader(containerOf(contexts));
    const inner = [...modules.values()].find(({ metatype }) => metatype === Inner)!;
    const wrapper = inner.providers.get(User) as InstanceWrapper;
    const [one, two] = [createContextId(), createContextId()];
    const [first, second] = [await loader.load(wrapper, one), await loader.load(wrapper, two)];
    expect(first).toBeInstanceOf(User);
    expect(first).not.toBe(second);
    expect(await loader.load(wrapper, one)).toBe(first);
    expect(existingInstances(wrapper, one)).toEqual([first]);
    expect(existingInstances(wrapper, createContextId())).toEqual([]);
    expect(dependenciesOf(wrapper).map(({ token }) => token)).toEqual([Dependency]);
  });

  it('knows the root module, and the one that is destroyed first', async () => {
    const { modules } = await compile();
    expect(rootModuleOf(modules).metatype.name).toBe('RootTestModule');
    expect(firstDestroyedModule(modules)?.distance).toBe(Math.min(...[...modules.values()].map(({ distance }) => distance)));
  });

  it('is imported by one file alone', () => {
    const room = fileURLToPath(new URL('../../../lib', import.meta.url));
    const files = readdirSync(room, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
    const deep = files.filter((file) => /from '@nestjs\/[a-z]+\//.test(readFileSync(`${room}/${file}`, 'utf8')));
    expect(deep).toEqual(['nest/nest-internals.ts']);
  });
});
