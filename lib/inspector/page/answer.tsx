import type { CallAnswer, ShownValue } from '../contract/contract.js';
import { Failure } from './failure.js';
import { durationText } from './formats.js';
import type { ServerConnection } from './server-connection.js';
import { StreamReader } from './stream-reader.js';

interface AnswerProps {
  /** An Error: the call was not made. Undefined: there is none yet. */
  answer: CallAnswer | Error | undefined;
  connection: ServerConnection;
  title: string;
  /** False: a person looks at another part of the page. */
  isShown: boolean;
}

/** The outcome of a call, which screen readers read out when it comes. */
export function Answer({ answer, connection, title, isShown }: AnswerProps) {
  const isStream = answer !== undefined && !(answer instanceof Error) && answer.kind === 'stream';
  return (
    <div class="answer">
      <div aria-live="polite">{answer !== undefined && !isStream && <Outcome {...{ answer, title }} />}</div>
      {isStream && <StreamReader key={answer.streamId} streamId={answer.streamId} {...{ connection, title, isShown }} />}
    </div>
  );
}

function Outcome({ answer, title }: { answer: CallAnswer | Error; title: string }) {
  if (answer instanceof Error) return <p class="failure">{answer.message}</p>;
  if (answer.kind === 'error') return <Failure error={answer.error} />;
  if (answer.kind === 'stream') return null;
  return (
    <>
      <p class="note">
        {title}, {durationText(answer.ms)}
      </p>
      <Value value={answer.value} title={title} />
    </>
  );
}

function Value({ value: { text, isCut }, title }: { value: ShownValue; title: string }) {
  return (
    <>
      <pre tabIndex={0} role="region" aria-label={title}>
        {text}
      </pre>
      {isCut && <p class="note">This is only the beginning of the value.</p>}
    </>
  );
}
