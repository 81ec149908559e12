import { numberText } from './formats.js';

const WIDTH = 120;
const HEIGHT = 28;

interface ChartProps {
  /** Says which numbers these are, for people who do not see the chart. */
  label: string;
  /** The oldest first; null: not known. */
  values: readonly (number | null)[];
  unit: string;
  kind?: 'failure' | 'latency';
}

/** A small line chart of the last minutes. */
export function Chart({ label, values, unit, kind }: ChartProps) {
  const known = values.filter((value) => value !== null);
  const most = Math.max(...known, 0);
  const last = known.at(-1) ?? null;
  const text = `${label}: ${last === null ? 'not known yet' : `${numberText(last)} ${unit} now, at most ${numberText(most)}`}`;
  return (
    <svg class={`chart ${kind ?? ''}`} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={text} preserveAspectRatio="none">
      <title>{text}</title>
      <path d={`M0 ${HEIGHT - 1}H${WIDTH}`} class="ground" />
      <path d={lineOf(values, most)} class="line" />
    </svg>
  );
}

/** A line with a gap where a value is not known. */
function lineOf(values: readonly (number | null)[], most: number): string {
  const step = WIDTH / Math.max(values.length - 1, 30);
  const left = WIDTH - step * (values.length - 1);
  let isDrawing = false;
  const parts = values.map((value, index) => {
    if (value === null) {
      isDrawing = false;
      return '';
    }
    const y = HEIGHT - 2 - (most === 0 ? 0 : (value / most) * (HEIGHT - 4));
    const point = `${(left + index * step).toFixed(1)} ${y.toFixed(1)}`;
    // a value between two gaps is a short line
    const part = isDrawing ? `L${point}` : `M${point}h1`;
    isDrawing = true;
    return part;
  });
  return parts.join('');
}
