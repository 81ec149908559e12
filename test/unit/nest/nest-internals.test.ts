import { type CanActivate, Injectable, Module, type OnModuleDestroy, Scope, UseGuards } from '@nestjs/common';
import { createContextId, ExternalContextCreator, ModulesContainer } from '@nestjs/core';
import { Ctx, type CustomTransportStrategy, Payload, Server } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  addFirstHookOf,
  assertNestInternals,
  containerOf,
  ContextualLoader,
  dependenciesOf,
  ENTRY_PROVIDER_WATERMARK,
  enhancersOf,
  existingInstances,
  firstDestroyedModule,
  type InstanceWrapper,
  rootModuleOf,
  ROUTE_ARGS_METADATA,
  RPC_PARAM_TYPES,
  USED_OF_NEST,
} from '../../../lib/nest/nest-internals.js';
import { packageRoot } from '../../../scripts/package-root.js';

@Injectable({ scope: Scope.REQUEST })
class Dependency {}
@Injectable({ scope: Scope.REQUEST })
class Guard implements CanActivate {
  constructor(readonly dependency: Dependency) {}
  canActivate(): boolean {
    return true;
  }
}
@Injectable({ scope: Scope.REQUEST })
@UseGuards(Guard)
@Reflect.metadata(ENTRY_PROVIDER_WATERMARK, true)
class User {
  constructor(readonly dependency: Dependency) {}
}
@Module({ providers: [User, Dependency] })
class Inner {}
@Module({ imports: [Inner] })
class Root {}

const compile = async () => {
  const app = await Test.createTestingModule({ imports: [Root] }).compile();
  const modules = app.get(ModulesContainer);
  const inner = [...modules.values()].find(({ metatype }) => metatype === Inner)!;
  return { app, modules, inner, contexts: app.get(ExternalContextCreator) };
};

const members = USED_OF_NEST.flatMap(([{ name, prototype }, names]) => names.map((member) => ({ name, prototype, member })));

describe('the internals of Nest that the package uses', () => {
  it('every internal of Nest is found in the installed version', async () => {
    const { contexts } = await compile();
    expect(() => assertNestInternals(contexts)).not.toThrow();
  });

  it.each(members)('the internal of Nest that is missing is named: $name.$member', async ({ name, prototype, member }) => {
    const { contexts } = await compile();
    const holder = holderOf(prototype, member);
    const descriptor = Object.getOwnPropertyDescriptor(holder, member)!;
    Reflect.deleteProperty(holder, member);
    try {
      expect(() => assertNestInternals(contexts)).toThrow(`does not fit this version of Nest: ${name}.${member} missing`);
    } finally {
      Object.defineProperty(holder, member, descriptor);
    }
  });

  it('the error names the versions of Nest that fit when the container is not where it was', () => {
    const { peerDependencies } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as {
      peerDependencies: Record<string, string>;
    };
    const contexts = Object.create(ExternalContextCreator.prototype) as ExternalContextCreator;
    expect(() => assertNestInternals(contexts)).toThrow(
      'does not fit this version of Nest: ExternalContextCreator.container missing; it is made for ' +
        `@nestjs/core and @nestjs/common ${peerDependencies['@nestjs/core']} and @nestjs/microservices ${peerDependencies['@nestjs/microservices']}`,
    );
    expect(peerDependencies['@nestjs/common']).toBe(peerDependencies['@nestjs/core']);
  });

  it('instances of Nest providers are made per context, told apart, and their dependencies known', async () => {
    const { inner, contexts } = await compile();
    const loader = new ContextualLoader(containerOf(contexts));
    const wrapper = inner.providers.get(User) as InstanceWrapper;
    expect(wrapper).toMatchObject({ token: User, metatype: User, scope: Scope.REQUEST, isAlias: false, isFactory: false });
    expect(wrapper.host).toBe(inner);
    const [one, two] = [createContextId(), createContextId()];
    const [first, second] = [await loader.load(wrapper, one), await loader.load(wrapper, two)];
    expect(first).toBeInstanceOf(User);
    expect(first).not.toBe(second);
    expect(await loader.load(wrapper, one)).toBe(first);
    expect(existingInstances(wrapper, one)).toEqual([first]);
    expect(existingInstances(wrapper, createContextId())).toEqual([]);
    expect(dependenciesOf(wrapper).map(({ token }) => token)).toEqual([Dependency]);
  });

  it('the root module of Nest is found, and the module that is destroyed first', async () => {
    const { modules } = await compile();
    expect(rootModuleOf(modules).metatype.name).toBe('RootTestModule');
    expect(firstDestroyedModule(modules)?.distance).toBe(Math.min(...[...modules.values()].map(({ distance }) => distance)));
  });

  it('the enhancers of an instance are made in a context of their own, with their dependencies', async () => {
    const { inner, contexts } = await compile();
    const loader = new ContextualLoader(containerOf(contexts));
    const wrapper = inner.providers.get(User) as InstanceWrapper;
    const [guard] = enhancersOf(wrapper);
    expect(guard!.metatype).toBe(Guard);
    const call = createContextId();
    await loader.loadEnhancers(wrapper, call);
    const { instance } = guard!.getInstanceByContextId(call, wrapper.id);
    expect((instance as Guard).dependency).toBeInstanceOf(Dependency);
    expect(existingInstances(wrapper, call)).toEqual([]);
  });

  it('a lifecycle hook runs before those of all modules, once', async () => {
    const { app, modules, inner } = await compile();
    const calls: string[] = [];
    const hook = (name: string): OnModuleDestroy => ({ onModuleDestroy: () => void calls.push(name) });
    const [first, token] = [firstDestroyedModule(modules)!, Symbol('first')];
    inner.addProvider({ provide: 'other', useValue: hook('other') });
    first.addProvider({ provide: 'neighbour', useValue: hook('neighbour') });
    addFirstHookOf(first, token, hook('first'));
    addFirstHookOf(first, token, hook('again'));
    await app.close();
    expect(calls[0]).toBe('first');
    expect(calls.toSorted()).toEqual(['first', 'neighbour', 'other']);
  });

  it('a strategy is added to the microservice registry of the Nest container', async () => {
    class Strategy extends Server implements CustomTransportStrategy {
      listen(callback: () => void): void {
        callback();
      }
      close(): void {}
      on(): void {}
      unwrap<T>(): T {
        return undefined as T;
      }
    }
    const { app, modules } = await compile();
    const strategy = new Strategy();
    const microservice = app.createNestMicroservice({ strategy, logger: false });
    const seen: unknown[] = [];
    modules
      .getRpcTargetRegistry()
      .subscribe((server) => seen.push(server))
      .unsubscribe();
    expect(seen).toContain(strategy);
    await microservice.close();
  });

  it('the parameter type numbers are those of Nest’s @Payload() and @Ctx()', () => {
    class Handlers {
      handle(@Payload() _payload: unknown, @Ctx() _context: unknown): void {}
    }
    const kinds = Object.keys(Reflect.getMetadata(ROUTE_ARGS_METADATA, Handlers, 'handle') as object);
    expect(kinds.toSorted()).toEqual([`${RPC_PARAM_TYPES.payload}:0`, `${RPC_PARAM_TYPES.context}:1`].toSorted());
  });

  it('only one file imports the internals of Nest', () => {
    const room = fileURLToPath(new URL('../../../lib', import.meta.url));
    const files = readdirSync(room, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
    const deep = files.filter((file) => /from '@nestjs\/[a-z]+\//.test(readFileSync(`${room}/${file}`, 'utf8')));
    expect(deep).toEqual(['nest/nest-internals.ts']);
  });
});

/** The object in the prototype chain that has the member as an own property. */
function holderOf(prototype: object, member: string): object {
  for (let holder: object | null = prototype; holder !== null; holder = Object.getPrototypeOf(holder) as object | null)
    if (Object.hasOwn(holder, member)) return holder;
  throw new Error(`nobody has ${member}`);
}
