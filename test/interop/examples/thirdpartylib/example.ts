import { ClassRegistry, expose } from 'nestjs-pyro/core';
import type { Example } from '../example.js';
import { AwesomeClass, WeirdReturnType } from './awesome-library.js';

/** Exposes only the methods for clients, and converts the library's results to serializable values. */
class AwesomeAdapter {
  private readonly library = new AwesomeClass();

  @expose
  method(arg: string): string {
    return this.library.method(arg);
  }

  @expose
  weird(): string {
    return `weird ${this.library.weird().value}`;
  }
}

/**
 * An object of an unregistered class travels as a dict of its members, because most TypeScript data are such objects.
 * Python adds the name of the class, and a client without that class refuses the result; a converter with a name does so here, too.
 */
function classesAsInPython(): ClassRegistry {
  const classes = new ClassRegistry();
  const name = 'awesome_thirdparty_library.WeirdReturnType';
  classes.registerClass(WeirdReturnType, { name, toDict: ({ value }) => ({ value }) });
  return classes;
}

const client = { file: 'client.py', input: (uri: string) => `${uri}\n` };

export default [
  {
    async serve(stage) {
      const daemon = await stage.daemon({ classes: classesAsInPython() });
      // the whole class, with methods that its author meant to be private
      expose(AwesomeClass);
      return daemon.register(AwesomeClass, 'example.thirdpartylib');
    },
    original: [{ file: 'server.py', ready: /PYRO:\S+\n/ }],
    scripts: [client],
  },
  {
    async serve(stage) {
      const daemon = await stage.daemon();
      return daemon.register(AwesomeAdapter, 'example.thirdpartylib');
    },
    original: [{ file: 'server2.py', ready: /PYRO:\S+\n/ }],
    scripts: [client],
  },
] satisfies Example[];
