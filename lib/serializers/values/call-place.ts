import { BATCH_METHOD, SET_ATTRIBUTE } from '../../protocol/constants.js';
import { peerText } from '../../protocol/texts/peer-text.js';
import type { MemberStep } from '../contract/unreadable-error.js';

/** Index of the arguments and of the keyword arguments in a call, and their names in json. */
const ARGS: readonly MemberStep[] = [2, 'params'];
const KWARGS: readonly MemberStep[] = [3, 'kwargs'];
const MAX_STEPS = 10;
const MAX_STEP_CHARS = 100;

/**
 * Names the part of a call in which reading failed: `argument 2 of measure`, `argument 1["k"] of entry 3 of the batch`.
 *
 * @param steps the members that lead from the call to the fault
 */
export function placeInCall(method: string | undefined, steps: readonly MemberStep[]): string {
  const [part, ...inner] = steps;
  if (part !== undefined && ARGS.includes(part) && inner.length > 0) {
    if (method === BATCH_METHOD) return placeInBatch(inner);
    return argument(method, inner);
  }
  if (part !== undefined && KWARGS.includes(part) && inner.length > 0) return `${keyword(inner)}${ofMethod(method)}`;
  return 'the call';
}

function placeInBatch([entry, part, ...inner]: readonly MemberStep[]): string {
  const of = ` of entry ${Number(entry) + 1} of the batch`;
  if (part === 1 && inner.length > 0) return `${positional(inner)}${of}`;
  if (part === 2 && inner.length > 0) return `${keyword(inner)}${of}`;
  return `entry ${Number(entry) + 1} of the batch`;
}

function argument(method: string | undefined, steps: readonly MemberStep[]): string {
  if (method === SET_ATTRIBUTE && steps[0] === 1) return `the new value${memberPath(steps.slice(1))} of the attribute`;
  return `${positional(steps)}${ofMethod(method)}`;
}

function positional([index, ...inner]: readonly MemberStep[]): string {
  return `argument ${Number(index) + 1}${memberPath(inner)}`;
}

function keyword([name, ...inner]: readonly MemberStep[]): string {
  return `keyword argument ${peerText(String(name))}${memberPath(inner)}`;
}

function ofMethod(method: string | undefined): string {
  return method === undefined ? '' : ` of ${peerText(method, MAX_STEP_CHARS)}`;
}

/** The members that lead to a value: `[3]["mass"]`. Long keys are cut. */
export function memberPath(steps: readonly MemberStep[]): string {
  const shown = steps
    .slice(0, MAX_STEPS)
    .map((step) => `[${typeof step === 'number' ? step : JSON.stringify(peerText(step, MAX_STEP_CHARS))}]`);
  return steps.length > MAX_STEPS ? `${shown.join('')}…` : shown.join('');
}
