import type { CallRequest, StreamRequest } from './contract.js';
import { RequestRefusal } from './request-refusal.js';

const MAX_ITEMS = 100;
const KINDS = ['method', 'get', 'set'] as const;

/** Reads the body of a request for a call. @throws {RequestRefusal} 400 */
export function callRequestOf(body: unknown): CallRequest {
  const members = membersOf(body);
  const { kind, handshake = null } = members;
  if (!KINDS.includes(kind as never)) throw wrong('kind', 'method, get or set');
  if (handshake !== null && typeof handshake !== 'string') throw wrong('handshake', 'a text, or null');
  return {
    session: textOf(members, 'session'),
    server: textOf(members, 'server'),
    objectId: textOf(members, 'objectId'),
    kind: kind as CallRequest['kind'],
    member: textOf(members, 'member'),
    args: textsOf(members.args ?? []),
    kwargs: namedTextsOf(members.kwargs ?? {}),
    isLiteral: members.isLiteral === true,
    handshake,
  };
}

/** Reads the body of a request for items of a stream. @throws {RequestRefusal} 400 */
export function streamRequestOf(body: unknown): StreamRequest {
  const members = membersOf(body);
  const { count } = members;
  if (!Number.isInteger(count) || (count as number) < 0 || (count as number) > MAX_ITEMS)
    throw wrong('count', `a whole number from 0 to ${MAX_ITEMS}`);
  return { streamId: textOf(members, 'streamId'), count: count as number };
}

function membersOf(body: unknown): Record<string, unknown> {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new RequestRefusal(400, 'the body must be a JSON object');
  return body as Record<string, unknown>;
}

function textOf(members: Record<string, unknown>, name: string): string {
  const value = members[name];
  if (typeof value !== 'string' || value === '') throw wrong(name, 'a text that is not empty');
  return value;
}

function textsOf(value: unknown): string[] {
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) throw wrong('args', 'a list of texts');
  return value as string[];
}

function namedTextsOf(value: unknown): Record<string, string> {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isObject || !Object.values(value).every((item) => typeof item === 'string'))
    throw wrong('kwargs', 'an object whose members are texts');
  return value as Record<string, string>;
}

function wrong(name: string, takes: string): RequestRefusal {
  return new RequestRefusal(400, `${name} must be ${takes}`);
}
