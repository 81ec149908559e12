import { useId } from 'preact/hooks';

/** Lets the fields of a form take literals of Python. */
export function LiteralSwitch({ isLiteral, onLiteral }: { isLiteral: boolean; onLiteral: (isLiteral: boolean) => void }) {
  const id = useId();
  return (
    <label class="check" for={id}>
      <input id={id} type="checkbox" checked={isLiteral} onChange={({ currentTarget }) => onLiteral(currentTarget.checked)} />
      Python literals
    </label>
  );
}
