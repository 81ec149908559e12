/**
 * Shows which uses of the decorators of `nestjs-pyro/core` compile. `npm run typecheck` compiles this file twice: with TypeScript's
 * decorators, and with decorators of the standard (tsconfig.json in this folder). Nothing runs this file.
 */
import { behavior, callback, expose, oneway, params, PyroClass, registerClass } from '../../lib/core.js';

@expose
export class Exposed {
  protected count = 0;
  static instances = 0;
  add(a: number, b: number): number {
    return a + b;
  }
}

@expose
export abstract class Shape {
  constructor(protected readonly name: string) {}
  abstract area(): number;
}

@expose
@behavior({ instanceMode: 'single' })
export class Members {
  @expose add(a: number, b: number): number {
    return a + b;
  }
  @expose @oneway async log(line: string): Promise<void> {
    await Promise.resolve(line);
  }
  @callback @expose *items(): Generator<number> {
    yield 1;
  }
  @params('text', '**filters') @expose find(text: string, filters: Record<string, unknown>): unknown[] {
    return [text, filters];
  }
  @expose get total(): number {
    return 1;
  }
  @expose set limit(value: number) {
    void value;
  }
  @expose accessor gain = 1;
  @expose private hidden(): void {}
  @expose __len__(): number {
    this.hidden();
    return 1;
  }
}

export class Refused {
  // @ts-expect-error -- a field
  @expose field = 1;
  // @ts-expect-error -- a field
  @oneway handler = (): void => {};
  // @ts-expect-error -- a static method
  @expose static make(): void {}
  // @ts-expect-error -- a static accessor
  @expose static get one(): number {
    return 1;
  }
  // @ts-expect-error -- a #private method
  @expose #secret(): number {
    return 1;
  }
  // @ts-expect-error -- a name that is no string
  @expose [Symbol.iterator](): Iterator<number> {
    return [1][Symbol.iterator]();
  }
  // @ts-expect-error -- a parameter
  method(@expose value: number): number {
    return value + this.#secret();
  }
  // @ts-expect-error -- an accessor is no method
  @oneway get total(): number {
    return 1;
  }
  // @ts-expect-error -- an accessor is no method
  @callback accessor gain = 1;
  // @ts-expect-error -- an accessor is no method
  @params('value') set limit(value: number) {
    void value;
  }
  // @ts-expect-error -- behavior belongs to a class
  @behavior({ instanceMode: 'single' }) run(): void {}
}

// @ts-expect-error -- a class is never oneway
@oneway
export class Oneway {}

// @ts-expect-error -- params belongs to a method
@params('text')
export class Params {}

export class Thing {
  readonly field = 1;
  add(a: number, b: number): number {
    return a + b;
  }
  get total(): number {
    return this.secret();
  }
  private secret(): number {
    return 1;
  }
  static make(): Thing {
    return new Thing();
  }
}

// the functions give the class back
export const same: typeof Thing = expose(Thing, 'add', 'total');
export const whole: typeof Thing = expose(Thing);
oneway(Thing, 'add');
callback(Thing, 'add');
params(Thing, 'add', 'a', 'b?');
behavior({ instanceMode: 'percall' })(Thing);

class Child extends Thing {}
expose(Child, 'add');

// @ts-expect-error -- a misspelt member
expose(Thing, 'ad');
// @ts-expect-error -- the second member is misspelt
expose(Thing, 'add', 'totl');
// @ts-expect-error -- a private member
expose(Thing, 'secret');
// @ts-expect-error -- a static member
expose(Thing, 'make');
// @ts-expect-error -- the member is misspelt
oneway(Thing, 'ad');
// @ts-expect-error -- the member is misspelt
callback(Thing, 'ad');
// @ts-expect-error -- the member is misspelt
params(Thing, 'ad', 'a');
// @ts-expect-error -- which method is not said
oneway(Thing);
// @ts-expect-error -- an object is no class
expose(new Thing());
// @ts-expect-error -- an arrow function is no class
expose(() => 1, 'name');
// @ts-expect-error -- there is no such mode
behavior({ instanceMode: 'once' });

@PyroClass('lab.Point', { fields: { x: 'float', 'label?': 'str' } })
export class Point {
  constructor(
    readonly x: number,
    readonly label?: string,
  ) {}
}

@PyroClass('lab.Line', { fields: { start: Point, end: 'lab.Point', points: [Point] }, python: 'attrs' })
export abstract class Line {
  abstract length(): number;
}

registerClass(Point, { name: 'lab.Point', fields: ['x', 'label?'] });
registerClass(Point, { name: 'lab.Point', toDict: ({ x }) => ({ x }) });
// @ts-expect-error -- a member that the class does not have
registerClass(Point, { name: 'lab.Point', fields: ['y'] });
// @ts-expect-error -- a kind of Python class that there is not
PyroClass('lab.Point', { python: 'struct' });
// @ts-expect-error -- a type that there is not
PyroClass('lab.Point', { fields: { x: 5 } });

export class Field {
  // @ts-expect-error -- a field is no class
  @PyroClass('lab.Field') x = 1;
}
