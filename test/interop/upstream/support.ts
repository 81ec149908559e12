import { expose, oneway } from '../../../lib/core.js';

/* The classes of Pyro5's tests/support.py, without what JavaScript has no counterpart of: static members are never remote here. */

/** Of all its members, `prop1`, `readonly_prop1`, `oneway` and `exposed` are remote. */
export class MyThingPartlyExposed {
  c_attr = 'hi';
  propvalue = 42;
  _private_attr1 = 'hi';

  constructor(public name = 'dummy') {}

  method(_arg: unknown, _default = 99): void {}
  __dunder__(): void {}
  _private(): void {}

  @expose
  get prop1(): number {
    return this.propvalue;
  }
  set prop1(value: number) {
    this.propvalue = value;
  }

  @expose
  get readonly_prop1(): number {
    return this.propvalue;
  }

  get prop2(): number {
    return this.propvalue;
  }
  set prop2(value: number) {
    this.propvalue = value;
  }

  @oneway
  @expose
  oneway(_arg: unknown): void {}

  @expose
  exposed(): void {}
}

/** The same class, exposed as a whole. */
@expose
export class MyThingFullExposed {
  c_attr = 'hi';
  propvalue = 42;
  _private_attr1 = 'hi';

  constructor(public name = 'dummy') {}

  method(_arg: unknown, _default = 99): void {}
  __dunder__(): void {}
  _private(): void {}

  get prop1(): number {
    return this.propvalue;
  }
  set prop1(value: number) {
    this.propvalue = value;
  }

  get readonly_prop1(): number {
    return this.propvalue;
  }

  get prop2(): number {
    return this.propvalue;
  }
  set prop2(value: number) {
    this.propvalue = value;
  }

  @oneway
  oneway(_arg: unknown): void {}

  exposed(): void {}
}

@expose
export class MyThingExposedSub extends MyThingFullExposed {
  sub_exposed(): void {}
  sub_unexposed(): void {}
  @oneway
  oneway2(): void {}
}

export class MyThingPartlyExposedSub extends MyThingPartlyExposed {
  @expose
  sub_exposed(): void {}
  sub_unexposed(): void {}
  @oneway
  oneway2(): void {}
}
