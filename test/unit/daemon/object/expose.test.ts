import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import * as core from '../../../../lib/core.js';
import { behavior, callback, expose, oneway, params } from '../../../../lib/core.js';
import { eventually, join, startDaemon } from '../fixtures.js';

type Class = new () => object;

/** Compiles TypeScript with standard or experimental decorators, and gives the class that the code returns. */
function compiled(code: string, experimentalDecorators = false): Class {
  const { outputText } = ts.transpileModule(code, {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, experimentalDecorators },
  });
  const names = Object.keys(core);
  return new Function(...names, outputText)(...Object.values(core)) as Class;
}

interface Metadata {
  methods: Set<string>;
  oneway: Set<string>;
  attrs: Set<string>;
}

async function metadataOf(type: Class): Promise<Metadata> {
  const daemon = await startDaemon();
  daemon.register(type, 'thing');
  return (await (await join(daemon)).call('Pyro.Daemon', 'get_metadata', 'thing')) as Metadata;
}

const MEMBERS = `
  class Thing {
    @expose add(a, b) { return a + b; }
    @expose @oneway note() {}
    @oneway @expose log() {}
    @expose get total() { return 1; }
    @expose set limit(value) {}
    @expose async later() {}
    @expose *items() {}
    @expose __len__() { return 1; }
    hidden() {}
    get hiddenToo() { return 1; }
  }
  return Thing;`;

describe.each([
  ['the standard', false],
  ['TypeScript', true],
])('decorators of %s', (_, experimental) => {
  it('@expose exposes members', async () => {
    expect(await metadataOf(compiled(MEMBERS, experimental))).toEqual({
      methods: new Set(['add', 'note', 'log', 'later', 'items', '__len__']),
      oneway: new Set(['note', 'log']),
      attrs: new Set(['total', 'limit']),
    });
  });

  it('@expose exposes classes, and @behavior says how they are instantiated', async () => {
    const type = compiled(
      `@expose @behavior({ instanceMode: 'single' }) class Thing { n = 0; next() { return ++this.n; } get now() { return this.n; } }
       return Thing;`,
      experimental,
    );
    const daemon = await startDaemon();
    daemon.register(type, 'thing');
    expect(await (await join(daemon)).call('thing', 'next')).toBe(1);
    expect(await (await join(daemon)).call('thing', 'next')).toBe(2);
    expect(await (await join(daemon)).call('thing', '__getattr__', 'now')).toBe(2);
  });

  it('@callback and @params mark callbacks and name parameters', async () => {
    const type = compiled(
      `class Thing {
         @expose @callback fail() { throw new Error('failed'); }
         @params('text', '**filters') @expose find(...given) { return given; }
       }
       return Thing;`,
      experimental,
    );
    const daemon = await startDaemon();
    const told: unknown[] = [];
    daemon.on('callError', (error) => told.push(String(error)));
    daemon.register(type, 'thing');
    const peer = await join(daemon);
    expect((await peer.fail('thing', 'fail')).args).toEqual(['failed']);
    await eventually(() => told.length === 1);
    expect(told).toEqual(['Error: failed']);
    expect(await peer.call('thing', 'find', 'a')).toEqual(['a', {}]);
  });

  it.each([
    ['static methods', '@expose static make() {}'],
    ['static accessors', '@expose static get one() { return 1; }'],
    ['fields', '@expose value = 1;'],
    ['names that are no strings', '@expose [Symbol.iterator]() {}'],
  ])('@expose refuses %s', (__, member) => {
    expect(() => compiled(`class Thing { ${member} } return Thing;`, experimental)).toThrow(
      /decorate methods and accessors of instances/,
    );
  });

  it('@expose refuses private names, and names that a proxy has itself', () => {
    for (const name of ['_hidden', '__init__', '__call__']) {
      expect(() => compiled(`class Thing { @expose ${name}() {} } return Thing;`, experimental)).toThrow(
        'exposing private names (starting with _) is not allowed',
      );
    }
    expect(() => compiled(`class Thing { @expose $get() {} } return Thing;`, experimental)).toThrow('"$get" cannot be exposed');
  });
});

describe('decorators of the standard alone', () => {
  it('@expose exposes a pair of accessors from either of them, and auto-accessors', async () => {
    const type = compiled(`
      class Thing {
        get one() { return 1; }
        @expose set one(value) {}
        @expose get two() { return 2; }
        set two(value) {}
        @expose accessor three = 3;
      }
      return Thing;`);
    expect((await metadataOf(type)).attrs).toEqual(new Set(['one', 'two', 'three']));
    const daemon = await startDaemon();
    daemon.register(type, 'thing');
    const peer = await join(daemon, 'thing');
    await peer.call('thing', '__setattr__', 'three', 4);
    expect(await peer.call('thing', '__getattr__', 'three')).toBe(4);
    expect(await peer.call('thing', '__getattr__', 'one')).toBe(1);
  });

  it('@expose refuses #private members', () => {
    expect(() => compiled('class Thing { @expose #hidden() {} } return Thing;')).toThrow(/not .* #private members/);
  });
});

describe('inheritance', () => {
  class Base {
    private count = 0;
    next(): number {
      return ++this.count;
    }
    overridden(): string {
      return 'of the base';
    }
    again(): string {
      return 'of the base';
    }
  }
  expose(Base);
  behavior({ instanceMode: 'single' })(Base);

  class Derived extends Base {
    override overridden(): string {
      return 'hidden';
    }
    override again(): string {
      return 'exposed again';
    }
    own(): string {
      return 'hidden';
    }
  }
  expose(Derived, 'again');

  class Other extends Derived {}
  behavior({ instanceMode: 'percall' })(Other);

  it('a subclass inherits exposed members, and hides overrides until they are exposed again', async () => {
    expect((await metadataOf(Derived)).methods).toEqual(new Set(['next', 'again']));
    const daemon = await startDaemon();
    daemon.register(Derived, 'derived');
    expect(await (await join(daemon)).call('derived', 'again')).toBe('exposed again');
  });

  it('a subclass inherits how a class is instantiated, until it says otherwise', async () => {
    const daemon = await startDaemon();
    daemon.register(Derived, 'derived');
    daemon.register(Other, 'other');
    for (const count of [1, 2]) {
      const peer = await join(daemon);
      expect([await peer.call('derived', 'next'), await peer.call('other', 'next')]).toEqual([count, 1]);
    }
  });
});

describe('functions instead of decorators', () => {
  class Thing {
    add(a: number, b: number): number {
      return a + b;
    }
    private _secret(): void {}
    secret(): void {
      this._secret();
    }
  }

  it('expose() as a function refuses members that the class does not have', () => {
    for (const mark of [expose, oneway, callback]) {
      // @ts-expect-error -- no such member
      expect(() => mark(Thing, 'sub')).toThrow('no method or accessor "sub"');
    }
    // @ts-expect-error -- no such member
    expect(() => params(Thing, 'sub', 'a')).toThrow('no method or accessor "sub"');
    // @ts-expect-error -- a private member
    expect(() => expose(Thing, '_secret')).toThrow('private names');
    // @ts-expect-error -- no class
    expect(() => expose(() => 1, 'name')).toThrow('no method or accessor "name"');
    expect(() => (expose as (what: unknown) => unknown)(1)).toThrow('decorate methods');
  });

  it('expose() and oneway() as functions refuse object literals and instances, and name the remedy', () => {
    const literal = { make(): void {}, one: 1 };
    const [exposeAny, onewayAny] = [expose, oneway] as unknown as ((...args: unknown[]) => void)[];
    const fault = 'an object literal cannot be exposed: make a class, and expose the class';
    for (const args of [[literal], [literal, 'make', 'one'], [Object.create(null)]]) {
      expect(() => exposeAny!(...args)).toThrow(fault);
      expect(() => onewayAny!(...args)).toThrow(fault);
    }
    for (const args of [[new Thing()], [new Thing(), 'add']]) {
      expect(() => exposeAny!(...args)).toThrow('an instance cannot be exposed: expose its class');
    }
  });

  it('params() as a function refuses impossible parameters', () => {
    expect(() => params(Thing, 'add', 'a', 'a')).toThrow('"a" is given twice');
    expect(() => params(Thing, 'add', '...rest', 'a')).toThrow('nothing can follow');
    expect(() => params(Thing, 'add', '**a', '**b')).toThrow('only one parameter takes the remaining keywords');
  });
});
