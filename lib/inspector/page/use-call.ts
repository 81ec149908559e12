import { useEffect, useRef, useState } from 'preact/hooks';
import type { CallAnswer, PageCall } from '../contract/contract.js';
import type { ServerConnection } from './server-connection.js';

interface FormCall {
  /** The outcome of the latest call. An Error: the call was not made. Undefined: there is none yet. */
  answer: CallAnswer | Error | undefined;
  isRunning: boolean;
  run: (request: Omit<PageCall, 'session'> | Error) => Promise<void>;
}

/** The calls of a form. */
export function useCall(connection: ServerConnection): FormCall {
  const [answer, setAnswer] = useState<CallAnswer | Error>();
  const [isRunning, setRunning] = useState(false);
  const isLeft = useRef(false);
  useEffect(() => () => void (isLeft.current = true), []);
  const run = async (request: Omit<PageCall, 'session'> | Error): Promise<void> => {
    if (request instanceof Error) return setAnswer(request);
    setRunning(true);
    setAnswer(undefined);
    const next = await connection.call(request).catch((error: Error) => error);
    // nobody would read the stream
    if (isLeft.current && 'streamId' in next) connection.closeStream(next.streamId);
    setAnswer(next);
    setRunning(false);
  };
  return { answer, isRunning, run };
}
