import { useState } from 'preact/hooks';
import type { AttributeSnapshot } from '../../daemon/contract/snapshot.js';
import type { CallAnswer } from '../contract.js';
import { Answer } from './answer.js';
import { CopyLine } from './copy-button.js';
import type { Caller } from './caller.js';
import { pythonLine } from './python-line.js';

/** Reads and writes an attribute. */
export function AttributeForm({
  member: { name, isReadable, isWritable },
  caller,
}: {
  member: AttributeSnapshot;
  caller: Caller;
}) {
  const [value, setValue] = useState('');
  const [answer, setAnswer] = useState<CallAnswer | Error>();
  const { connection, server, objectId, uri, handshake, isAllowed } = caller;
  const run = async (kind: 'get' | 'set'): Promise<void> => {
    setAnswer(undefined);
    const args = kind === 'set' ? [value] : [];
    const request = { server, objectId, kind, member: name, args, kwargs: {}, isLiteral: false, handshake };
    setAnswer(await connection.call(request).catch((error: Error) => error));
  };
  const line = (kind: 'get' | 'set'): string =>
    pythonLine({ uri, kind, member: name, args: [value], kwargs: {}, isLiteral: false, handshake });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void run('set');
      }}
    >
      <fieldset disabled={!isAllowed}>
        <legend class="hidden">Attribute {name}</legend>
        {isWritable && (
          <label class="field">
            <span>
              New value <span class="note">JSON or a text</span>
            </span>
            <input
              type="text"
              autocomplete="off"
              required
              value={value}
              onInput={({ currentTarget }) => setValue(currentTarget.value)}
            />
          </label>
        )}
        <div class="actions">
          {isReadable && (
            <button type="button" onClick={() => void run('get')}>
              Read {name}
            </button>
          )}
          {isWritable && <button type="submit">Write {name}</button>}
        </div>
      </fieldset>
      {isReadable && <CopyLine text={line('get')} label={`reading ${name} in Python`} />}
      {isWritable && value !== '' && <CopyLine text={line('set')} label={`writing ${name} in Python`} />}
      <Answer answer={answer} connection={connection} title={`Value of ${name}`} />
    </form>
  );
}
