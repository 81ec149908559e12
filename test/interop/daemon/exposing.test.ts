import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { expose, params, PyroDaemon } from '../../../lib/core.js';
import { PythonInterpreter } from '../python-interpreter.js';

let python: PythonInterpreter;
beforeAll(async () => {
  python = await PythonInterpreter.start();
  await python.run(`
    global Finder
    class Finder:
        def find(self, text, limit=10, **filters): return [text, limit, filters]
        def collect(self, first, *words, **options): return [first, list(words), options]
        def options(self, **options): return options
        def plain(self, a, b=2): return [a, b]
    state.finder = Pyro5.api.expose(Finder)
    state.daemon = Pyro5.api.Daemon(host="127.0.0.1")
    threading.Thread(target=state.daemon.requestLoop, daemon=True).start()
    state.uri = str(state.daemon.register(Finder, "finder"))`);
});
afterAll(() => python.stop());

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

class Finder {
  @params('text', 'limit?', '**filters')
  find(text: string, limit = 10, filters: Record<string, unknown> = {}): unknown {
    return [text, limit, filters];
  }
  @params('first', '**options', '...words')
  collect(first: unknown, options: Record<string, unknown>, ...words: unknown[]): unknown {
    return [first, words, options];
  }
  @params('**options')
  options(options: Record<string, unknown>): unknown {
    return options;
  }
  plain(a: unknown, b = 2): unknown {
    return [a, b];
  }
}
expose(Finder);

async function serve(): Promise<string> {
  const daemon = await PyroDaemon.listen({ host: '127.0.0.1' });
  cleanups.push(() => daemon.close());
  return String(daemon.register(Finder, 'finder'));
}

describe('keyword arguments', () => {
  it.each([
    'find("a")',
    'find("a", 5)',
    'find("a", limit=5)',
    'find(limit=5, text="a")',
    'find("a", colour="red", size=3)',
    'find("a", 5, limit=6)',
    'find("a", 5, 6)',
    'find()',
    'find(colour="red")',
    'find("a", filters={"x": 1})',
    'find("a", **{"not a name": 1, "constructor": 3})',
    'collect(1)',
    'collect(1, 2, 3, a=4)',
    'collect(1, 2, first=3)',
    'collect(first=1, b=2)',
    'collect(b=2)',
    'options()',
    'options(a=1, options=2)',
    'options(1)',
    'plain(1, c=3)',
    'plain(1, 2, 3)',
    'plain(b=1)',
  ])('keyword arguments of %s are bound as in Python', async (call) => {
    const ours = await serve();
    const answers = await python.run<unknown[]>(
      `
      def outcome(uri):
          with Proxy(uri) as p:
              try: return ["result", p.${call}]
              except Exception as error: return [type(error).__name__, str(error)]
      return [outcome(uri) for uri in (state.uri, ours)]`,
      { ours },
    );
    expect(answers[1]).toEqual(answers[0]);
  });
});
