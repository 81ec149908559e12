import type { BenchmarkRow } from './benchmark.js';
import type { Contest } from './contest.js';
import type { Figures } from './load/meter.js';

/** The ratio that one contender must reach (floor), and should reach (mark), compared with another. */
export interface Floor {
  case: string;
  measured: number;
  /** The same ratio by the CPU for one call: it is the same on a busy machine. */
  byCpu?: number;
  floor: number;
  mark?: number;
  /** The smaller, the better. */
  atMost?: boolean;
  /** Figures behind the ratio. */
  detail?: string;
}

/** @param judged false: the figures mean nothing */
export function floorRow(row: Floor, judged: boolean): BenchmarkRow {
  const { case: name, measured, byCpu = NaN, floor, mark, atMost = false, detail = '' } = row;
  const holds = (limit: number): boolean => (atMost ? measured <= limit : measured >= limit);
  const limit = (value: number | undefined): string => (value === undefined ? '' : `${atMost ? '≤' : '≥'} ${value}`);
  const verdict = !holds(floor) ? 'MISSED' : mark === undefined || holds(mark) ? 'mark' : 'floor';
  return {
    case: name,
    measured,
    'by CPU': byCpu,
    floor: limit(floor),
    mark: limit(mark),
    verdict: judged ? verdict : '',
    detail,
  };
}

/** The limits of the ratio of two contenders. `figure` is the compared figure: default the rate. */
export type Limits = Pick<Floor, 'floor' | 'mark' | 'atMost'> & { figure?: keyof Figures };

/** The floor of the ratio of two contenders: the median of the ratios of the rounds. */
export function ratioFloor(contest: Contest, task: string, name: string, other: string, limits: Limits): Floor {
  const { figure = 'rate', ...rest } = limits;
  const measured = contest.ratio(name, other, figure);
  const pair = (of: keyof Figures): string => `${short(contest.median(name, of))} : ${short(contest.median(other, of))}`;
  if (figure !== 'rate')
    return { case: `${task}: ${name} ÷ ${other}, ${figure}`, measured, ...rest, detail: `${pair(figure)} µs` };
  const generator = Math.max(contest.median(name, 'generator'), contest.median(other, 'generator'));
  const shares = Number.isNaN(generator)
    ? ''
    : `, of a core ${part(contest, name)} : ${part(contest, other)}, generator ${generator.toFixed(2)}`;
  return {
    case: `${task}: ${name} ÷ ${other}`,
    measured,
    byCpu: contest.ratio(other, name, 'cpu'),
    ...rest,
    detail: `${pair('rate')} a second, CPU ${pair('cpu')} µs${shares}`,
  };
}

/** Part of a core that a server has used. */
function part(contest: Contest, name: string): string {
  return contest.median(name, 'server').toFixed(2);
}

function short(value: number): string {
  if (Number.isNaN(value)) return '?';
  return value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toFixed(1);
}
