import { PyroProxy } from '../../../lib/core.js';
import { isLinearizable, type Operation } from './linearizability.js';

/** An operation on a name, with the answer of the name server. `uri` is the URI that the client registers. */
export type NameAction =
  | { readonly kind: 'register' | 'hold'; readonly uri: string; readonly answer: 'done' | 'refused' | undefined }
  | { readonly kind: 'release'; readonly uri: string; readonly answer: number | 'refused' | undefined }
  | { readonly kind: 'remove'; readonly answer: number | undefined }
  | { readonly kind: 'lookup'; readonly answer: string | undefined };

/** The behaviour of a name server with one name. The state is the registered URI, or undefined. */
export function nameStep(state: string | undefined, action: NameAction): { state: string | undefined } | undefined {
  const when = (is: boolean, next: string | undefined): { state: string | undefined } | undefined =>
    is ? { state: next } : undefined;
  const { answer } = action;
  switch (action.kind) {
    case 'register': {
      const isFree = state === undefined;
      if (answer === 'refused') return when(!isFree, state);
      // without an answer, it may have been refused
      return answer === undefined ? { state: isFree ? action.uri : state } : when(isFree, action.uri);
    }
    case 'hold': {
      const isMine = state === undefined || state === action.uri;
      if (answer === 'refused') return when(!isMine, state);
      return answer === undefined ? { state: isMine ? action.uri : state } : when(isMine, action.uri);
    }
    case 'release': {
      if (answer === 'refused') return when(state !== undefined && state !== action.uri, state);
      if (answer === undefined) return { state: state === action.uri ? undefined : state };
      return answer === 0 ? when(state === undefined, undefined) : when(state === action.uri, undefined);
    }
    case 'remove':
      return answer === undefined ? { state: undefined } : when((state === undefined) === (answer === 0), undefined);
    case 'lookup':
      return when(state === answer, state);
  }
}

/** Records what clients do with names and what they are answered. */
export class NameHistory {
  private readonly byName = new Map<string, Operation<NameAction>[]>();
  private position = 0;
  count = 0;

  /**
   * Does an operation.
   *
   * @param call resolves with the answer
   * @throws the error of an operation that was not answered, or did not happen; its record is kept when it may have happened
   */
  async record<Answer>(
    name: string,
    action: (answer: Answer | undefined) => NameAction,
    call: () => Promise<Answer>,
  ): Promise<Answer> {
    const called = this.position++;
    try {
      const answer = await call();
      this.add(name, { action: action(answer), called, answered: this.position++ });
      return answer;
    } catch (error) {
      const didNotHappen = /cannot be reached|refuses: LOADING/.test(String(error));
      const unanswered = action(undefined);
      if (!didNotHappen && unanswered.kind !== 'lookup') this.add(name, { action: unanswered, called, answered: Infinity });
      throw error;
    }
  }

  /** Names whose answers cannot be explained by one order of the operations. */
  wrongNames(): string[] {
    return [...this.byName].filter(([, operations]) => !isLinearizable(operations, undefined, nameStep)).map(([name]) => name);
  }

  private add(name: string, operation: Operation<NameAction>): void {
    this.count++;
    const known = this.byName.get(name);
    if (known) known.push(operation);
    else this.byName.set(name, [operation]);
  }
}

/** A client of several name servers, which records what it does. It goes to another one when its name server is lost. */
export class RecordingClient {
  private proxy: PyroProxy | undefined;

  constructor(
    private readonly history: NameHistory,
    private readonly uris: () => readonly string[],
    private readonly owner: string,
  ) {}

  register(name: string, uri: string): Promise<'done' | 'refused'> {
    return this.history.record(
      name,
      (answer) => ({ kind: 'register', uri, answer }),
      () => this.attempt(/name already registered/, 'register', name, uri, true),
    );
  }

  hold(name: string, uri: string): Promise<'done' | 'refused'> {
    return this.history.record(
      name,
      (answer) => ({ kind: 'hold', uri, answer }),
      () => this.attempt(/name is in use/, 'register_leased', name, uri, this.owner, 600_000),
    );
  }

  release(name: string, uri: string): Promise<number | 'refused'> {
    return this.history.record(
      name,
      (answer) => ({ kind: 'release', uri, answer }),
      async () => {
        try {
          return (await this.call('remove', name, null, null, this.owner)) as number;
        } catch (error) {
          if (/name is in use/.test(String(error))) return 'refused';
          throw error;
        }
      },
    );
  }

  remove(name: string): Promise<number> {
    return this.history.record(
      name,
      (answer) => ({ kind: 'remove', answer }),
      async () => (await this.call('remove', name)) as number,
    );
  }

  lookup(name: string): Promise<string | undefined> {
    return this.history.record<string | undefined>(
      name,
      (answer) => ({ kind: 'lookup', answer }),
      async () => {
        try {
          return String(await this.call('lookup', name));
        } catch (error) {
          if (/unknown name/.test(String(error))) return undefined;
          throw error;
        }
      },
    );
  }

  async close(): Promise<void> {
    await this.proxy?.$release();
  }

  private async attempt(refusal: RegExp, method: string, ...args: unknown[]): Promise<'done' | 'refused'> {
    try {
      await this.call(method, ...args);
      return 'done';
    } catch (error) {
      if (refusal.test(String(error))) return 'refused';
      throw error;
    }
  }

  private async call(method: string, ...args: unknown[]): Promise<unknown> {
    const proxy = (this.proxy ??= await this.connect());
    try {
      return await proxy.$call(method, ...args);
    } catch (error) {
      if ((error as { code?: string }).code !== 'REMOTE') {
        this.proxy = undefined;
        await proxy.$release();
      }
      throw error;
    }
  }

  private async connect(): Promise<PyroProxy> {
    const uris = this.uris();
    return PyroProxy.connect(uris[Math.floor(Math.random() * uris.length)]!).catch((error: unknown) => {
      throw new Error('the name server cannot be reached', { cause: error });
    });
  }
}
