import type { InspectedParameter } from '../contract/contract.js';
import { ShapeFields } from './shape-fields.js';
import { fieldOfValue, valueInField } from './shape-values.js';

interface ValueFieldProps {
  label: string;
  /** Type and rules of the value, as far as they are known. */
  hints: Pick<InspectedParameter, 'type' | 'rules' | 'shape'>;
  doc?: string | undefined;
  isRequired: boolean;
  /** The field takes a literal of Python. */
  isLiteral: boolean;
  /** The text that a person typed: JSON, a text, or a literal of Python. */
  value: string;
  onValue: (value: string) => void;
}

/** A field for a value, and fields for its members, its items or its choices. */
export function ValueField({ label, hints, doc, isRequired, isLiteral, value, onValue }: ValueFieldProps) {
  const { type, rules, shape } = hints;
  const field = (
    <label class="field">
      <span>
        {label} <span class="note">{[type, isRequired ? 'required' : 'optional'].filter(Boolean).join(', ')}</span>
        {doc !== undefined && <span class="note rule">{doc}</span>}
        {(shape === undefined ? rules : undefined)?.map((rule) => (
          <span key={rule} class="note rule">
            {rule}
          </span>
        ))}
      </span>
      <input
        type="text"
        autocomplete="off"
        spellcheck={false}
        required={isRequired}
        placeholder="JSON or a text"
        value={value}
        onInput={({ currentTarget }) => onValue(currentTarget.value)}
      />
    </label>
  );
  if (shape === undefined || isLiteral) return field;
  return (
    <>
      {field}
      <ShapeFields
        {...{ shape, isRequired }}
        label={shape.kind === 'dict' ? `${label}, member by member` : label}
        value={valueInField(value)}
        onValue={(given) => onValue(fieldOfValue(given))}
      />
    </>
  );
}
