import { useState } from 'preact/hooks';
import type { ValueShape } from '../../objects/value-shape.js';
import { fieldOfValue, itemsIn, membersIn, typedText, typedValue, withMember } from './shape-values.js';

interface ShapeProps {
  shape: ValueShape;
  label: string;
  isRequired: boolean;
  rules?: readonly string[] | undefined;
  /** Undefined: not given. */
  value: unknown;
  onValue: (value: unknown) => void;
}

/** Fields for the members of a dict, the items of a list, the values of an enum. */
export function ShapeFields(props: ShapeProps) {
  const { shape } = props;
  if (shape.kind === 'dict') return <DictFields {...props} shape={shape} />;
  if (shape.kind === 'list') return <ListFields {...props} shape={shape} />;
  const choices =
    shape.kind === 'choice' ? shape.choices : shape.type === 'bool' || shape.type === 'Boolean' ? [true, false] : undefined;
  return (
    <label class="field">
      <Title {...props} />
      {choices === undefined ? <TypedInput {...props} /> : <Choice {...props} choices={choices} />}
    </label>
  );
}

function Title({ shape, label, isRequired, rules = [] }: ShapeProps) {
  const words = [typeOf(shape), isRequired ? 'required' : 'optional', ...rules];
  return (
    <span>
      {label} <span class="note">{words.filter((word) => word !== '').join(', ')}</span>
    </span>
  );
}

function typeOf(shape: ValueShape): string {
  if (shape.kind === 'dict') return shape.className ?? '';
  if (shape.kind === 'list') return ['list', typeOf(shape.item)].filter((word) => word !== '').join(' of ');
  return shape.kind === 'choice' || shape.type === 'any' ? '' : shape.type;
}

function DictFields(props: ShapeProps & { shape: Extract<ValueShape, { kind: 'dict' }> }) {
  const { shape, value, onValue } = props;
  const members = membersIn(value);
  return (
    <fieldset class="shape">
      <legend>
        <Title {...props} />
      </legend>
      {shape.members.map((member) => (
        <ShapeFields
          key={member.name}
          shape={member.shape}
          label={member.name}
          isRequired={member.isRequired}
          rules={member.rules}
          value={Object.hasOwn(members, member.name) ? members[member.name] : undefined}
          onValue={(given) => onValue(withMember(value, shape, member, given))}
        />
      ))}
    </fieldset>
  );
}

function ListFields(props: ShapeProps & { shape: Extract<ValueShape, { kind: 'list' }> }) {
  const { shape, label, value, onValue } = props;
  const items = itemsIn(value);
  const change = (next: readonly unknown[]): void => onValue(next.length === 0 ? undefined : next);
  return (
    <fieldset class="shape">
      <legend>
        <Title {...props} />
      </legend>
      {items.map((item, index) => (
        <div key={index} class="item">
          <ShapeFields
            shape={shape.item}
            label={`${label} ${index + 1}`}
            isRequired
            value={item ?? undefined}
            // JSON has no undefined: an item that is not filled in is null
            onValue={(given) => change(items.map((each, at) => (at === index ? (given ?? null) : each)))}
          />
          <button type="button" class="quiet" onClick={() => change(items.filter((_, at) => at !== index))}>
            Remove {label} {index + 1}
          </button>
        </div>
      ))}
      <button type="button" class="quiet" onClick={() => change([...items, null])}>
        Add to {label}
      </button>
    </fieldset>
  );
}

/** Keeps the text as it was typed: `1.` on the way to `1.5`. */
function TypedInput({ shape, value, onValue }: ShapeProps) {
  const type = shape.kind === 'scalar' ? shape.type : 'any';
  const [typed, setTyped] = useState('');
  const isSame = fieldOfValue(typedValue(typed, type)) === fieldOfValue(value);
  return (
    <input
      type="text"
      autocomplete="off"
      spellcheck={false}
      value={isSame ? typed : typedText(value, type)}
      onInput={({ currentTarget }) => {
        setTyped(currentTarget.value);
        onValue(typedValue(currentTarget.value, type));
      }}
    />
  );
}

function Choice({ value, onValue, choices }: ShapeProps & { choices: readonly (string | number | boolean)[] }) {
  return (
    <select
      value={String(choices.findIndex((choice) => choice === value))}
      onChange={({ currentTarget }) => onValue(choices[Number(currentTarget.value)])}
    >
      <option value="-1">–</option>
      {choices.map((choice, index) => (
        <option key={index} value={String(index)}>
          {String(choice)}
        </option>
      ))}
    </select>
  );
}
