import { GET_ATTRIBUTE, SET_ATTRIBUTE } from '../../protocol/constants.js';
import { attributeError, pythonTypeError } from '../../protocol/python-exception.js';
import { enterCall } from '../../calls/current-call.js';
import { isPrivateName } from '../../objects/private-names.js';
import type { PyroTarget } from '../contract/target.js';
import type { Call } from './request.js';

/**
 * Runs one call on an object that the connection may use. Only members that its metadata names can be reached.
 *
 * The running async context must be the call's own: stores that the call enters stay there.
 */
export function runCall(call: Call, target: PyroTarget, args: unknown[]): unknown {
  const { method } = call;
  const { metadata } = target;
  enterCall(call);
  if (metadata.methods.has(method)) return target.invoke(method, args, call.kwargs as Record<string, unknown>, call);
  if (method === GET_ATTRIBUTE) return target.getAttribute(attributeName(metadata.attrs, args, 1), call);
  if (method === SET_ATTRIBUTE) return target.setAttribute(attributeName(metadata.attrs, args, 2), args[1], call);
  throw unreachable(method);
}

function attributeName(attrs: ReadonlySet<string>, args: unknown[], count: number): string {
  const [name] = args;
  if (args.length !== count || typeof name !== 'string')
    throw pythonTypeError(`attribute access takes ${count} arguments, the first a name`);
  if (isPrivateName(name) || !attrs.has(name)) throw unreachable(name);
  return name;
}

function unreachable(name: string): Error {
  return isPrivateName(name)
    ? attributeError(`attempt to access private attribute '${name}'`)
    : attributeError(`attempt to access unexposed or unknown remote attribute '${name}'`);
}
