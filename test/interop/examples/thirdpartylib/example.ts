import { ClassRegistry, expose } from 'nestjs-pyro/core';
import type { Example } from '../example.js';
import { AwesomeClass, WeirdReturnType } from './awesome-library.js';

/** Shows only what clients may use, and makes of the library's results what can travel. */
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
 * A class that nobody registered travels as a dict of its members: TypeScript's data are objects of that kind more often than not.
 * Python tells the class's name, and a client that does not know it refuses the result; so does ours where a converter names it.
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
      // the whole class, as it is: also what its author thought was private
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
