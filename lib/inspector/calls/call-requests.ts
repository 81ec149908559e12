import { FULL_TEXT, OBJECT, oneOf, type OptionRule, TEXTS, wholeNumber } from '../../options/option-checks.js';
import type { PageCall, StreamRequest } from '../contract/contract.js';
import { RequestRefusal } from '../contract/request-refusal.js';

const MAX_ITEMS = 100;
const KIND = oneOf('method', 'get', 'set');
const COUNT = wholeNumber({ most: MAX_ITEMS });

const NAMED_TEXTS: OptionRule = {
  takes: 'an object whose members are texts',
  fits: (value) => OBJECT.fits(value) && TEXTS.fits(Object.values(value as object)),
};

/** Reads the body of a request for a call. @throws {RequestRefusal} 400 */
export function callRequestOf(body: unknown): PageCall {
  const members = membersOf(body);
  const { kind, handshake = null } = members;
  check('kind', kind, KIND);
  if (handshake !== null && typeof handshake !== 'string') throw wrong('handshake', 'a text, or null');
  return {
    session: textOf(members, 'session'),
    server: textOf(members, 'server'),
    objectId: textOf(members, 'objectId'),
    kind: kind as PageCall['kind'],
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
  check('count', count, COUNT);
  return { streamId: textOf(members, 'streamId'), count: count as number };
}

function membersOf(body: unknown): Record<string, unknown> {
  if (!OBJECT.fits(body)) throw new RequestRefusal(400, 'the body must be a JSON object');
  return body as Record<string, unknown>;
}

function textOf(members: Record<string, unknown>, name: string): string {
  const value = members[name];
  check(name, value, FULL_TEXT);
  return value as string;
}

function textsOf(value: unknown): string[] {
  check('args', value, TEXTS);
  return value as string[];
}

function namedTextsOf(value: unknown): Record<string, string> {
  check('kwargs', value, NAMED_TEXTS);
  return value as Record<string, string>;
}

function check(name: string, value: unknown, rule: OptionRule): void {
  if (!rule.fits(value)) throw wrong(name, rule.takes);
}

function wrong(name: string, takes: string): RequestRefusal {
  return new RequestRefusal(400, `${name} must be ${takes}`);
}
