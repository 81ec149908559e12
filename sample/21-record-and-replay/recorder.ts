import { PyroRemoteError, type RemoteObject, RemoteStream } from 'nestjs-pyro';
import { questionsTo } from './questions.js';
import { type ItemLine, literalOf, type RecordedError, type RecordingFile, valueOf } from './recording.js';

/**
 * Makes an object that asks the instrument and writes its answers down. The program gets each value as it was written, so a recorded
 * run and a replayed one get the same values.
 *
 * Errors that are not the instrument's, such as a broken connection, are passed on and not recorded.
 *
 * @param instrument a remote object with `values: 'faithful'`, which keeps 2.0 and 2, and lists and tuples apart
 */
export function recordInstrument<T>(instrument: RemoteObject<T>, file: RecordingFile): RemoteObject<T> {
  return questionsTo(instrument, async (question, ask) => {
    const line = { id: file.nextId(), ask: question };
    let result: unknown;
    try {
      result = await ask();
    } catch (thrown) {
      const { error, recorded } = recordError(thrown);
      if (recorded !== undefined) file.write({ ...line, error: recorded });
      throw error;
    }
    if (result instanceof RemoteStream) {
      file.write({ ...line, stream: true });
      return recordItems(result, line.id, file);
    }
    const literal = literalOf(result);
    file.write({ ...line, result: literal });
    return valueOf(literal);
  });
}

/** The items of a stream, which are recorded as the program takes them. A program may leave before it takes the first item. */
function recordItems(stream: RemoteStream, id: number, file: RecordingFile): AsyncIterableIterator<unknown> {
  const items = takeItems(stream, id, file);
  let isBegun = false;
  return {
    next() {
      isBegun = true;
      return items.next();
    },
    async return() {
      if (!isBegun) {
        // the body of a generator that has not begun does not end either
        file.write({ of: id, end: 'left' });
        await stream.return();
      }
      return items.return(undefined);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

async function* takeItems(stream: RemoteStream, id: number, file: RecordingFile): AsyncGenerator<unknown> {
  let end: ItemLine['end'] = 'left';
  try {
    for await (const value of stream) {
      const item = literalOf(value);
      file.write({ of: id, item });
      yield valueOf(item);
    }
    end = 'done';
  } catch (thrown) {
    end = undefined;
    const { error, recorded } = recordError(thrown);
    if (recorded !== undefined) file.write({ of: id, error: recorded });
    throw error;
  } finally {
    if (end !== undefined) file.write({ of: id, end });
  }
}

/** The error that the program gets, and what is written of it: nothing if it is no exception of Python. */
function recordError(thrown: unknown): { error: unknown; recorded?: RecordedError } {
  if (!(thrown instanceof PyroRemoteError)) return { error: thrown };
  const { pythonType: type, args, attributes, remoteTraceback } = thrown;
  const recorded = { type, args: literalOf(args), attributes: literalOf(attributes) };
  return { error: replayedError(recorded, remoteTraceback), recorded };
}

/** The exception of a recording. */
export function replayedError({ type, args, attributes }: RecordedError, traceback?: readonly string[]): PyroRemoteError {
  return new PyroRemoteError(type, valueOf(args) as unknown[], valueOf(attributes) as Record<string, unknown>, traceback);
}
