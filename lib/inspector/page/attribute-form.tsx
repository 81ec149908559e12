import { useState } from 'preact/hooks';
import type { InspectedAttribute } from '../contract/contract.js';
import { Answer } from './answer.js';
import { CopyLine } from './copy-button.js';
import type { Caller } from './caller.js';
import { LiteralSwitch } from './literal-switch.js';
import { pythonLine } from './python-line.js';
import { useCall } from './use-call.js';
import { ValueField } from './value-field.js';

/** Reads and writes an attribute. */
export function AttributeForm({ member, caller }: { member: InspectedAttribute; caller: Caller }) {
  const { name, isReadable, isWritable } = member;
  const [value, setValue] = useState('');
  const [isLiteral, setLiteral] = useState(false);
  const { connection, server, objectId, uri, needs, handshake, isAllowed, isShown } = caller;
  const { answer, run: call } = useCall(connection);
  const run = (kind: 'get' | 'set'): Promise<void> => {
    const args = kind === 'set' ? [value] : [];
    return call({ server, objectId, kind, member: name, args, kwargs: {}, isLiteral, handshake });
  };
  const copyLine = (kind: 'get' | 'set', label: string) => {
    if (uri === null) return null;
    const written = { kind, member: name, args: [value], kwargs: {}, isLiteral, handshake };
    return <CopyLine text={pythonLine({ uri, pageHost: location.hostname, needs, ...written })} label={label} />;
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void run('set');
      }}
    >
      <fieldset disabled={!isAllowed}>
        <legend class="hidden">Attribute {name}</legend>
        {isWritable && <ValueField label={name} hints={member} isRequired {...{ isLiteral, value }} onValue={setValue} />}
        <div class="actions">
          {isReadable && (
            <button type="button" onClick={() => void run('get')}>
              Read {name}
            </button>
          )}
          {isWritable && <button type="submit">Write {name}</button>}
          {isWritable && <LiteralSwitch isLiteral={isLiteral} onLiteral={setLiteral} />}
        </div>
      </fieldset>
      {isReadable && copyLine('get', `reading ${name} in Python`)}
      {isWritable && value !== '' && copyLine('set', `writing ${name} in Python`)}
      <Answer {...{ answer, connection, isShown }} title={`Value of ${name}`} />
    </form>
  );
}
