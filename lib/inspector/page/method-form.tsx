import { useState } from 'preact/hooks';
import type { InspectedMethod, InspectedParameter } from '../contract/contract.js';
import { Answer } from './answer.js';
import { CopyLine } from './copy-button.js';
import type { Caller } from './caller.js';
import { LiteralSwitch } from './literal-switch.js';
import { pythonLine } from './python-line.js';
import { useCall } from './use-call.js';
import { ValueField } from './value-field.js';
import { writtenArguments, type WrittenArguments } from './written-arguments.js';

/** Parameters of a method of which nothing is known. */
const UNKNOWN: readonly InspectedParameter[] = [
  { name: null, kind: 'rest', isRequired: false },
  { name: null, kind: 'keywords', isRequired: false },
];

/** Calls a method: a field for each parameter, and the result. */
export function MethodForm({ member, caller }: { member: InspectedMethod; caller: Caller }) {
  const parameters = member.parameters ?? UNKNOWN;
  const [values, setValues] = useState<readonly string[]>([]);
  const [rest, setRest] = useState('');
  const [keywords, setKeywords] = useState('');
  const [isLiteral, setLiteral] = useState(false);
  const { connection, uri, needs, handshake, server, objectId, isAllowed, isShown } = caller;
  const { answer, isRunning, run } = useCall(connection);

  let written: WrittenArguments | Error;
  try {
    written = writtenArguments(parameters, { values, rest, keywords });
  } catch (error) {
    written = error as Error;
  }
  const request = { server, objectId, kind: 'method' as const, member: member.name, isLiteral, handshake };
  const call = (): Promise<void> => run(written instanceof Error ? written : { ...request, ...written });
  const line =
    written instanceof Error || uri === null
      ? undefined
      : pythonLine({
          uri,
          pageHost: location.hostname,
          needs,
          kind: 'method',
          member: member.name,
          ...written,
          isLiteral,
          handshake,
        });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void call();
      }}
    >
      <fieldset disabled={!isAllowed}>
        <legend class="hidden">Arguments of {member.name}</legend>
        {parameters.map((parameter, index) => (
          <Parameter
            key={index}
            {...{ parameter, index, isLiteral }}
            value={parameter.kind === 'rest' ? rest : parameter.kind === 'keywords' ? keywords : (values[index] ?? '')}
            onValue={(value) => {
              if (parameter.kind === 'rest') setRest(value);
              else if (parameter.kind === 'keywords') setKeywords(value);
              else setValues(parameters.map((_, at) => (at === index ? value : (values[at] ?? ''))));
            }}
          />
        ))}
        <div class="actions">
          <button type="submit" disabled={isRunning}>
            {isRunning ? 'Calling…' : `Call ${member.name}`}
          </button>
          {parameters.length > 0 && <LiteralSwitch isLiteral={isLiteral} onLiteral={setLiteral} />}
        </div>
      </fieldset>
      {line !== undefined && <CopyLine text={line} label={`${member.name} in Python`} />}
      <Answer {...{ answer, connection, isShown }} title={`Result of ${member.name}`} />
    </form>
  );
}

interface ParameterProps {
  parameter: InspectedParameter;
  index: number;
  /** The field takes a literal of Python. */
  isLiteral: boolean;
  value: string;
  onValue: (value: string) => void;
}

function Parameter({ parameter, index, isLiteral, value, onValue }: ParameterProps) {
  const { name, kind, isRequired, doc } = parameter;
  if (kind === 'rest' || kind === 'keywords') {
    const [title, note] =
      kind === 'rest' ? ['Further arguments', 'one on each line'] : ['Keyword arguments', 'name=value, one on each line'];
    return (
      <label class="field">
        <span>
          {title} <span class="note">{note}</span>
        </span>
        <textarea rows={2} value={value} onInput={({ currentTarget }) => onValue(currentTarget.value)} />
      </label>
    );
  }
  const label = name ?? `argument ${index + 1}`;
  return <ValueField {...{ label, doc, isRequired, isLiteral, value, onValue }} hints={parameter} />;
}
