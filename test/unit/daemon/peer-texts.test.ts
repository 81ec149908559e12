import { expect, it } from 'vitest';
import { expose, kwargs, PyroProxy } from '../../../lib/core.js';
import { startDaemon } from './fixtures.js';

const LONG = '\u0001'.repeat(100_000);
/** The longest keyword. */
const LONG_NAME = '\u0001'.repeat(16_383);

class Shelf {
  @expose
  put(_thing: unknown): string {
    return 'done';
  }
}

type AnyCalls = Record<string, (...args: unknown[]) => unknown>;

/** An exception without args, which no reader takes, ten dicts deep. */
function unreadable(key: string): unknown {
  let value: unknown = { __class__: 'builtins.KeyError', __exception__: true, args: 5 };
  for (let depth = 0; depth < 10; depth++) value = { [key]: value };
  return value;
}

it.each(['serpent', 'marshal', 'json', 'msgpack'] as const)(
  'no error holds a whole text of the client: key, keyword, method or attribute, in %s',
  async (serializer) => {
    const daemon = await startDaemon();
    const uri = daemon.register(new Shelf(), 'shelf');
    await using shelf = await PyroProxy.connect<AnyCalls>(String(uri), { serializer });
    const calls: [RegExp, () => unknown][] = [
      [/: argument 1\["\\u0001.*…"\].* of put cannot be read: /, () => shelf.put!(unreadable(LONG))],
      [/keyword argument .*….* of put cannot be read: /, () => shelf.put!(kwargs({ [LONG_NAME]: unreadable('key') }))],
      [/unexpected keyword argument '\u0001+…'/, () => shelf.put!(kwargs({ [LONG_NAME]: 1 }))],
      [/expected keywords of at most 16383 characters, not of 100000/, () => shelf.put!(kwargs({ [LONG]: 1 }))],
      [/unknown remote attribute 'z\u0001+…'$/, () => shelf.$call(`z${LONG}`)],
      [/private attribute '_\u0001+…'$/, () => shelf.$call(`_${LONG}`)],
      [/unknown remote attribute 'z\u0001+…'$/, () => shelf.$call('__getattr__', `z${LONG}`)],
    ];
    for (const [text, call] of calls) {
      const error = (await Promise.resolve(call()).catch((thrown: unknown) => thrown)) as Error;
      expect(error.message).toMatch(text);
      expect(error.message.length).toBeLessThan(10_000);
    }
  },
);
