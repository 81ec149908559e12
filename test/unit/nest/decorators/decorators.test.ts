import 'reflect-metadata';
import { applyDecorators } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { controllerMetadataOf } from '../../../../lib/nest/metadata/controller-metadata.js';
import { behavior, params } from '../../../../lib/core.js';
import { PyroClass, PyroController, PyroKwargs, PyroMethod, PyroProperty, UseHandshakeGuards } from '../../../../lib/index.js';

describe('@PyroMethod', () => {
  const decorate = (...names: [string?, string?]): (() => void) => {
    const [key = 'method', wireName] = names;
    return () => {
      const type = { [key]() {} };
      PyroMethod(wireName)(type, key, Object.getOwnPropertyDescriptor(type, key)!);
    };
  };

  it.each([
    ['_private', undefined],
    ['__private', undefined],
    ['__init__', undefined],
    ['__getattr__', undefined],
    ['__', undefined],
    ['method', '_private'],
    ['method', '__call__'],
  ])('@PyroMethod refuses the private name of %s (%s) at run time', (key, wireName) => {
    expect(decorate(key, wireName)).toThrow(/is private in Python/);
  });

  it('@PyroMethod refuses names that begin with $, and empty names', () => {
    expect(decorate('$get')).toThrow(/begin with \$ belong to proxies/);
    expect(decorate('method', '$x')).toThrow(/begin with \$ belong to proxies/);
    expect(decorate('method', '')).toThrow(/wire name is empty/);
  });

  it('@PyroMethod takes public dunder names, and any other name', () => {
    for (const name of ['__len__', '__iter__', 'a.b', 'any name', 'take_item']) expect(decorate('method', name)).not.toThrow();
    expect(decorate('_private', 'public')).not.toThrow();
    expect(decorate('$x', 'public')).not.toThrow();
  });

  it('@PyroMethod refuses members that are no methods of instances', () => {
    expect(() => {
      class Thing {
        static method(): void {}
      }
      PyroMethod()(Thing, 'method', Object.getOwnPropertyDescriptor(Thing, 'method')!);
    }).toThrow('a static method cannot be exposed');
    expect(() => {
      const thing = {
        get value() {
          return 1;
        },
      };
      PyroMethod()(thing, 'value', Object.getOwnPropertyDescriptor(thing, 'value')!);
    }).toThrow('accessors take @PyroProperty');
    const symbol = Symbol('method');
    const thing = { [symbol]() {} };
    expect(() => PyroMethod()(thing, symbol, Object.getOwnPropertyDescriptor(thing, symbol)!)).toThrow('string name');
  });

  it('@PyroMethod on a field says to write a method', () => {
    expect(() => {
      class Thing {
        @(PyroMethod() as PropertyDecorator) read = (): number => 1;
      }
      return Thing;
    }).toThrow(
      'Thing.read is a field, and @PyroMethod is for methods: each instance gets a field of its own, so write `read(…) { … }`',
    );
  });

  it('@PyroMethod refuses to be put on a method twice', () => {
    const thing = { method() {} };
    const descriptor = Object.getOwnPropertyDescriptor(thing, 'method')!;
    PyroMethod()(thing, 'method', descriptor);
    expect(() => PyroMethod('other')(thing, 'method', descriptor)).toThrow('decorated twice');
  });

  it('@PyroMethod refuses impossible `params`', () => {
    const thing = { method() {} };
    expect(() => PyroMethod({ params: ['a', 'a'] })(thing, 'method', Object.getOwnPropertyDescriptor(thing, 'method')!)).toThrow(
      'given twice',
    );
  });
});

describe('@PyroProperty', () => {
  it('@PyroProperty refuses methods, fields and private names', () => {
    const thing = {
      method() {},
      get _private() {
        return 1;
      },
    };
    expect(() => PyroProperty()(thing, 'method', Object.getOwnPropertyDescriptor(thing, 'method')!)).toThrow('is for accessors');
    expect(() => PyroProperty()(thing, 'field')).toThrow('is for accessors');
    expect(() => PyroProperty()(thing, '_private', Object.getOwnPropertyDescriptor(thing, '_private')!)).toThrow('is private');
  });

  it('@PyroProperty leaves the accessor as it is, and adds nothing enumerable', () => {
    class Thing {
      private stored = 1;
      @PyroProperty() get value(): number {
        return this.stored;
      }
      set value(value: number) {
        this.stored = value;
      }
    }
    const thing = new Thing();
    thing.value = 2;
    expect(thing.value).toBe(2);
    const names: string[] = [];
    for (const name in thing) names.push(name);
    expect(names).toEqual(['stored']);
  });
});

describe('@PyroController', () => {
  it('@PyroController refuses unknown instance modes and namings, and ids that no URI can hold', () => {
    expect(() => PyroController({ instanceMode: 'other' as never })).toThrow(
      'instanceMode is the text "other"; it must be session, single or percall',
    );
    expect(() => PyroController({ naming: 'camel' as never })).toThrow(
      'naming is the text "camel"; it must be same or snake_case',
    );
    expect(() => PyroController('two words')).toThrow('cannot stand in a URI');
    expect(() => PyroController('')).toThrow('cannot stand in a URI');
  });

  it('@PyroController takes options after an id, and refuses two ids and unknown options', () => {
    @PyroController('thing', { instanceMode: 'single' })
    class Thing {}
    expect(controllerMetadataOf(Thing)).toEqual({ objectId: 'thing', instanceMode: 'single' });
    expect(() => PyroController('thing', { objectId: 'other' } as never)).toThrow('takes an object id and options');
    expect(() => PyroController({} as never, {})).toThrow('takes an object id and options');
    expect(() => PyroController('thing', { mode: 'single' } as never)).toThrow(
      '@PyroController: mode is no option; the options are instanceMode, metadata, name, naming, objectId, server',
    );
  });
});

it('decorators say which options of the compiler they need, when they are called as standard decorators', () => {
  const remedy = /was called as a standard decorator, which Nest cannot use: set "experimentalDecorators": true/;
  const context = (kind: string, name: string): never => ({ kind, name, static: false, private: false }) as never;
  const method = (): void => undefined;
  expect(() => (PyroMethod() as (...args: unknown[]) => void)(method, context('method', 'greet'))).toThrow(
    '@PyroMethod on the method greet was called as a standard decorator',
  );
  expect(() => (PyroMethod() as (...args: unknown[]) => void)(undefined, context('field', 'greet'))).toThrow(remedy);
  expect(() => (PyroProperty() as (...args: unknown[]) => void)(method, context('getter', 'gain'))).toThrow(remedy);
  expect(() => (PyroController() as (...args: unknown[]) => void)(class {}, context('class', 'Greeter'))).toThrow(remedy);
  expect(() => (UseHandshakeGuards() as (...args: unknown[]) => void)(class {}, context('class', 'Greeter'))).toThrow(remedy);
});

it('@UseHandshakeGuards refuses values that are no guards', () => {
  expect(() => UseHandshakeGuards({} as never)).toThrow('takes guards');
  expect(() => UseHandshakeGuards(undefined as never)).toThrow('takes guards');
});

it('@PyroKwargs() is refused on what is no parameter of a method', () => {
  class Camera {
    expose(): void {}
  }
  const descriptor = Object.getOwnPropertyDescriptor(Camera.prototype, 'expose');
  const decorate = PyroKwargs() as (...args: unknown[]) => void;
  expect(() => decorate(Camera.prototype, 'expose', descriptor)).toThrow('@PyroKwargs() stands before a parameter');
  expect(() => decorate(Camera, undefined, 0)).toThrow('@PyroKwargs() stands before a parameter');
  expect(() => decorate(Camera)).toThrow('@PyroKwargs() stands before a parameter');
});

describe('without parentheses', () => {
  class Camera {
    expose(): void {}
  }
  const descriptor = { value: () => undefined };

  it.each([
    ['@PyroMethod', PyroMethod],
    ['@PyroProperty', PyroProperty],
  ])('%s without parentheses on a member says that it needs them', (name, decorator) => {
    expect(() => (decorator as (...args: unknown[]) => unknown)(Camera.prototype, 'expose', descriptor)).toThrow(
      new TypeError(`${name} is used without parentheses in Camera: write ${name}()`),
    );
  });

  it('@PyroKwargs without parentheses before a parameter says that it needs them', () => {
    const withoutCall = PyroKwargs as unknown as ParameterDecorator;
    expect(() => withoutCall(Camera.prototype, 'expose', 0)).toThrow(
      new TypeError('@PyroKwargs is used without parentheses in Camera: write @PyroKwargs()'),
    );
  });

  it('@UseHandshakeGuards without parentheses on a class says that it needs them when the class is used', () => {
    const Replaced = UseHandshakeGuards(Camera as never) as unknown as new () => Camera;
    expect(() => new Replaced()).toThrow(
      '@UseHandshakeGuards is used without parentheses in Camera: write @UseHandshakeGuards()',
    );
  });

  it('@PyroClass without parentheses on a class asks for a name', () => {
    expect(() => PyroClass(Camera as never)).toThrow('@PyroClass: the name is a function; it must be a text');
  });

  it('@params without parentheses on a method asks for names', () => {
    const context = { kind: 'method', name: 'expose', static: false, private: false };
    expect(() => params(descriptor.value as never, context as never)).toThrow("write @params('text', 'limit?')");
  });
});

it('@PyroController refuses members', () => {
  class Camera {
    expose(): void {}
  }
  expect(() => (PyroController() as (...args: unknown[]) => unknown)(Camera.prototype, 'expose', {})).toThrow(
    'Camera.expose: @PyroController is for classes; methods take @PyroMethod',
  );
});

describe('decorators of classes', () => {
  class Camera {
    expose(): void {}
    static open(): void {}
  }
  const guard = { canActivate: () => false };
  const MEMBERS: [string, unknown[]][] = [
    ['Camera.expose', [Camera.prototype, 'expose', Object.getOwnPropertyDescriptor(Camera.prototype, 'expose')]],
    ['Camera.field', [Camera.prototype, 'field']],
    ['Camera.open', [Camera, 'open', Object.getOwnPropertyDescriptor(Camera, 'open')]],
    ['Camera.Symbol(key)', [Camera.prototype, Symbol('key'), {}]],
    ['Camera.expose', [Camera.prototype, 'expose', 0]],
    ['Camera.constructor', [Camera, undefined, 0]],
  ];

  it.each(MEMBERS)('@UseHandshakeGuards and @PyroController on %s name the member and the remedy', (where, args) => {
    expect(() => (UseHandshakeGuards(guard) as (...args: unknown[]) => void)(...args)).toThrow(
      new TypeError(
        `${where}: @UseHandshakeGuards is for classes; methods take @UseGuards, accessors @PyroProperty({ guards: […] })`,
      ),
    );
    expect(() => (PyroController() as (...args: unknown[]) => void)(...args)).toThrow(
      new TypeError(`${where}: @PyroController is for classes; methods take @PyroMethod`),
    );
    expect(controllerMetadataOf(Camera)).toBeUndefined();
  });

  it.each(MEMBERS)('@PyroClass and @behavior on %s are refused', (_, args) => {
    expect(() => (PyroClass('unit.OnMember') as (...args: unknown[]) => void)(...args)).toThrow(
      '@PyroClass("unit.OnMember") is on a member of a class; it is for classes',
    );
    expect(() => (behavior({ instanceMode: 'single' }) as (...args: unknown[]) => void)(...args)).toThrow(
      'behavior can only be used on a class',
    );
  });

  it('decorators of classes take classes from other decorators and from loops', () => {
    expect(() => applyDecorators(UseHandshakeGuards(guard), PyroController('composed'))(class Composed {})).not.toThrow();
    expect(() => [class One {}, class Two {}].forEach(behavior({ instanceMode: 'single' }))).not.toThrow();
  });
});
