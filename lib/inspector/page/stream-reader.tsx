import { useEffect, useRef, useState } from 'preact/hooks';
import type { ShownError, ShownValue } from '../contract.js';
import { Failure } from './failure.js';
import { numberText } from './formats.js';
import type { ServerConnection } from './server-connection.js';

/** Items of one request. */
const COUNT = 20;
/** Pause between two requests, so that a fast stream does not fill the page faster than a person reads. */
const PAUSE_MS = 250;
/** Items that are shown. */
const MAX_SHOWN = 200;

interface StreamReaderProps {
  streamId: string;
  connection: ServerConnection;
  title: string;
}

interface Item {
  number: number;
  value: ShownValue;
}

/** Reads a stream. While it is paused nothing is asked for, so that the stream waits at its source. */
export function StreamReader({ streamId, connection, title }: StreamReaderProps) {
  const [items, setItems] = useState<readonly Item[]>([]);
  const [state, setState] = useState<'reading' | 'paused' | 'stopped' | 'ended'>('reading');
  const [error, setError] = useState<ShownError | Error | null>(null);
  const count = useRef(0);

  useEffect(() => {
    if (state !== 'reading') return;
    const left = new AbortController();
    const read = async (): Promise<void> => {
      while (!left.signal.aborted) {
        const answer = await connection.items({ streamId, count: COUNT });
        const added = answer.items.map((value) => ({ number: (count.current += 1), value }));
        setItems((earlier) => [...earlier, ...added].slice(-MAX_SHOWN));
        setError(answer.error);
        if (answer.isEnded) setState('ended');
        if (answer.isEnded) return;
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
    };
    read().catch((failure: Error) => {
      if (left.signal.aborted) return;
      setError(failure);
      setState('ended');
    });
    return () => left.abort();
  }, [state, streamId, connection]);

  const stop = (): void => {
    setState('stopped');
    void connection.items({ streamId, count: 0 }).catch(() => undefined);
  };
  const isOver = state === 'stopped' || state === 'ended';
  const number = items.at(-1)?.number ?? 0;
  return (
    <section aria-label={`Stream: ${title}`} class="stream">
      <div class="actions">
        <button type="button" disabled={isOver} onClick={() => setState(state === 'paused' ? 'reading' : 'paused')}>
          {state === 'paused' ? 'Resume' : 'Pause stream'}
        </button>
        <button type="button" disabled={isOver} onClick={stop}>
          Stop stream
        </button>
        <span class="note">{numberText(number)} items</span>
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
