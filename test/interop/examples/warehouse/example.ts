import { PyroController, PyroException, PyroMethod } from 'nestjs-pyro';
import { type Example, SERVING } from '../example.js';

/** The warehouse: one object for all connections. */
@PyroController({ objectId: 'example.warehouse', name: 'example.warehouse', instanceMode: 'single', naming: 'snake_case' })
class Warehouse {
  private readonly contents = ['chair', 'bike', 'flashlight', 'laptop', 'couch'];

  @PyroMethod()
  listContents(): string[] {
    return this.contents;
  }

  @PyroMethod()
  take(_name: string, item: string): void {
    const index = this.contents.indexOf(item);
    if (index < 0) throw new PyroException('builtins.ValueError', ['list.remove(x): x not in list']);
    this.contents.splice(index, 1);
  }

  @PyroMethod()
  store(_name: string, item: string): void {
    this.contents.push(item);
  }
}

const serve: Example['serve'] = async (stage) => {
  const server = await stage.nest({ providers: [Warehouse] });
  return server.unwrap().uriFor('example.warehouse');
};

/** Phase 1 has no remote objects. */
export default [
  {
    serve,
    original: [{ file: 'phase2/warehouse.py', ready: SERVING }],
    scripts: [{ file: 'phase2/visit.py', input: (uri) => `${uri}\ncomputer\nbike\n\n\n` }],
  },
  {
    serve,
    original: [{ file: 'phase3/warehouse.py', ready: SERVING }],
    scripts: [
      { file: 'phase3/visit.py', input: 'computer\nbike\ncake\nchair\n' },
      // Janet takes an item that was left, Henry asks for a missing item
      {
        file: 'phase3/visit.py',
        input: '\ncake\n\npiano\n',
        exitCode: 1,
        tracebacks: true,
        prints: ['ValueError: list.remove(x): x not in list', '+--- This exception occurred remotely (Pyro)'],
      },
    ],
  },
] satisfies Example[];
