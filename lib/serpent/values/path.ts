import { types } from 'node:util';

const NAME = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;

/** The name of the outermost value in a path. */
export const ROOT = 'value';

/** The step of a container whose members are not being written. */
export const NO_STEP = Symbol('no step');

/**
 * The path to a member inside a value, as JavaScript code: `value.items[3].callback`.
 *
 * @param containers outermost first
 * @param steps the current member of each container
 */
export function pathOf(containers: readonly object[], steps: readonly unknown[]): string {
  let path = ROOT;
  for (const [index, container] of containers.entries()) {
    const step = steps[index];
    if (step === NO_STEP) continue;
    if (Array.isArray(container) || ArrayBuffer.isView(container)) path += `[${String(step)}]`;
    else if (types.isMap(container)) path += `.get(${nameOf(step)})`;
    else if (types.isSet(container)) path += `{${nameOf(step)}}`;
    else path += NAME.test(String(step)) ? `.${String(step)}` : `[${nameOf(step)}]`;
  }
  return path;
}

/** The short text of a key. Runs no code of the key. */
function nameOf(key: unknown): string {
  if (typeof key === 'string') return JSON.stringify(key.length > 40 ? `${key.slice(0, 40)}…` : key);
  return typeof key === 'object' && key !== null ? '…' : String(key).slice(0, 40);
}
