import { PyroController, PyroMethod } from 'nestjs-pyro';
import { ClassRegistry } from 'nestjs-pyro/core';
import { type Example, SERVING } from '../example.js';
import { ServerConsole } from '../stage.js';

class Thingy {
  constructor(readonly number: number) {}
}

class OtherThingy {
  constructor(readonly number: number) {}
}

/** The counterpart of Python's `register_class_to_dict` and `register_dict_to_class`: one registration for each pair. */
const classes = new ClassRegistry();
classes.registerClass(Thingy, {
  name: 'waheeee-custom-thingy',
  toDict: ({ number }) => ({ 'number-attribute': number }),
  fromDict: (dict) => new Thingy(dict['number-attribute'] as number),
});
classes.registerClass(OtherThingy, {
  name: 'mycustomclasses.OtherThingy',
  toDict: ({ number }) => ({ number }),
  fromDict: (dict) => new OtherThingy(dict['number'] as number),
});

@PyroController('example.customclasses')
class Server {
  constructor(private readonly console: ServerConsole) {}

  @PyroMethod()
  method(arg: Thingy): Thingy {
    this.console.log(`method called, arg= ${arg.constructor.name} ${arg.number}`);
    return new Thingy(999);
  }

  @PyroMethod()
  othermethod(arg: OtherThingy): OtherThingy {
    this.console.log(`othermethod called, arg= ${arg.constructor.name} ${arg.number}`);
    return new OtherThingy(999);
  }
}

/** Objects of classes that both sides know. */
export default {
  async serve(stage) {
    const server = await stage.nest({ providers: [Server] }, { classes });
    return server.unwrap().uriFor('example.customclasses');
  },
  original: [{ file: 'server.py', ready: SERVING }],
  scripts: [
    {
      file: 'client.py',
      input: (uri) => `${uri}\n`,
      prints: [
        "type of response object: <class 'mycustomclasses.Thingy'>",
        "<class 'mycustomclasses.OtherThingy'>",
        'number=999>',
      ],
      // the order of the members of a dict does not matter
      normalize: (output) => output.replace(/\{deserializer hook.*999.*\}/, ''),
    },
  ],
  serverPrints: ['method called, arg= Thingy 42', 'othermethod called, arg= OtherThingy 42'],
} satisfies Example;
