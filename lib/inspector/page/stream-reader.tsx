import { useEffect, useMemo, useState } from 'preact/hooks';
import type { ShownError, ShownValue } from '../contract/contract.js';
import { Failure } from './failure.js';
import { numberText } from './formats.js';
import type { ServerConnection } from './server-connection.js';
import { StreamLoop, type StreamState } from './stream-loop.js';

/** Items that are shown. */
const MAX_SHOWN = 200;

interface StreamReaderProps {
  streamId: string;
  connection: ServerConnection;
  title: string;
  /** False: a person looks at another part of the page. */
  isShown: boolean;
}

interface Item {
  number: number;
  value: ShownValue;
}

/** Reads a stream, until it is paused or stopped. A stream that is not shown any more is closed. */
export function StreamReader({ streamId, connection, title, isShown }: StreamReaderProps) {
  const [items, setItems] = useState<readonly Item[]>([]);
  const [{ state, error }, setProgress] = useState<{ state: StreamState; error: ShownError | Error | null }>({
    state: 'reading',
    error: null,
  });
  const loop = useMemo(
    () =>
      new StreamLoop(streamId, connection, {
        onItems: (added) => setItems((earlier) => [...earlier, ...numbered(added, earlier)].slice(-MAX_SHOWN)),
        onState: (next, failure) => setProgress({ state: next, error: failure }),
      }),
    [streamId, connection],
  );
  useEffect(() => {
    if (isShown) loop.resume();
    else loop.stop();
  }, [loop, isShown]);
  useEffect(() => () => loop.stop(), [loop]);

  const isOver = state === 'stopped' || state === 'ended';
  return (
    <section aria-label={`Stream: ${title}`} class="stream">
      <div class="actions">
        <button type="button" disabled={isOver} onClick={() => (state === 'paused' ? loop.resume() : loop.pause())}>
          {state === 'paused' ? 'Resume' : 'Pause stream'}
        </button>
        <button type="button" disabled={isOver} onClick={() => loop.stop()}>
          Stop stream
        </button>
        <span class="note">{numberText(items.at(-1)?.number ?? 0)} items</span>
        <span class="note" role="status">
          {state}
        </span>
      </div>
      {error && (error instanceof Error ? <p class="failure">{error.message}</p> : <Failure error={error} />)}
      {items.length > 0 && (
        <ol class="items" tabIndex={0} aria-label="Items" start={items[0]!.number}>
          {items.map(({ number: at, value }) => (
            <li key={at} value={at}>
              <code>{value.text}</code>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}

function numbered(added: readonly ShownValue[], earlier: readonly Item[]): Item[] {
  const before = earlier.at(-1)?.number ?? 0;
  return added.map((value, index) => ({ number: before + index + 1, value }));
}
