import { KeywordArguments, type RemoteObject } from 'nestjs-pyro';
import { callText, literalOf } from './recording.js';

type Members = Record<string, (...args: unknown[]) => unknown>;

/**
 * Answers a question.
 *
 * @param question as a recording has it
 * @param ask asks the remote object
 */
export type Answer = (question: string, ask: () => Promise<unknown>) => Promise<unknown>;

/**
 * Makes an object with the members of a remote object. Calls of its methods, and reads and writes of attributes, become questions.
 * Names that are never remote, such as `then` and the hooks of Nest, are what they are at the remote object.
 */
export function questionsTo<T>(remote: RemoteObject<T>, answer: Answer): RemoteObject<T> {
  const target = remote as unknown as Members;
  return new Proxy(remote, {
    get(_remote, name): unknown {
      const member = Reflect.get(target, name) as unknown;
      if (typeof name === 'symbol' || typeof member !== 'function') return member;
      if (!name.startsWith('$'))
        return async (...given: unknown[]) => answer(textOf(name, given), async () => target[name]!(...given));
      return special(name, target, answer) ?? member.bind(target);
    },
  });
}

function special(name: string, target: Members, answer: Answer): ((...given: never[]) => unknown) | undefined {
  switch (name) {
    case '$get':
      return (attribute: string) => answer(attribute, async () => target.$get!(attribute));
    case '$set':
      return async (attribute: string, value: unknown) =>
        answer(`${attribute} = ${literalOf(value)}`, async () => target.$set!(attribute, value));
    case '$call':
      return async (method: string, ...given: unknown[]) =>
        answer(textOf(method, given), async () => target.$call!(method, ...given));
    case '$with':
      return (options: unknown) => questionsTo(target.$with!(options) as RemoteObject, answer);
    case '$batch':
      return async () => {
        throw new TypeError('batches are not recorded: make the calls one by one');
      };
  }
  return undefined;
}

function textOf(method: string, given: readonly unknown[]): string {
  const last = given.at(-1);
  return areKeywords(last) ? callText(method, given.slice(0, -1), last) : callText(method, given);
}

/** Whether a value was made by `kwargs(…)`. */
function areKeywords(value: unknown): value is KeywordArguments {
  return value instanceof KeywordArguments;
}
