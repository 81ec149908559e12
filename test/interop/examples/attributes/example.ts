import { PyroController, PyroMethod, PyroProperty } from 'nestjs-pyro';
import { type Example, SERVING } from '../example.js';

@PyroController('example.attributes')
class Thingy {
  // not decorated: Python clients cannot see this member, although TypeScript has it public
  readonly sub = { name: 'value' };
  private value = 42;

  @PyroMethod()
  __dunder__(): string {
    return 'yep';
  }

  @PyroMethod('__len__')
  size(): number {
    return 200;
  }

  @PyroMethod()
  getValue(): number {
    return this.value;
  }

  @PyroProperty()
  get prop_value(): number {
    return this.value;
  }
  set prop_value(value: number) {
    this.value = value;
  }

  @PyroProperty()
  get prop_sub(): object {
    return this.sub;
  }
}

/** Remote attributes, and the members that clients cannot reach. */
export default {
  async serve(stage) {
    const server = await stage.nest({ providers: [Thingy] });
    return server.unwrap().uriFor('example.attributes');
  },
  original: [{ file: 'server.py', ready: SERVING }],
  scripts: [
    {
      file: 'client.py',
      input: (uri) => `${uri}\n`,
      prints: [
        'p.prop_value= 42',
        'p.prop_value= 542',
        'actual remote value:  542',
        'yep',
        'ok, got expected error (local only)',
      ],
    },
  ],
} satisfies Example;
