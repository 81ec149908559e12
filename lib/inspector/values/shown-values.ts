import { asError } from '../../protocol/texts/safe-text.js';
import { shortTexts } from '../../protocol/short-text.js';
import { PyroRemoteError } from '../../serializers/objects/exceptions.js';
import { beginningOfTraceback, REMOTE_TRACEBACK } from '../../serializers/objects/remote-traceback.js';
import type { ShownError, ShownValue } from '../contract/contract.js';
import { jsonOf, NodeBudget } from './typed-values.js';

const MAX_VALUE_CHARS = 100_000;
/** Most values inside of a shown value. */
const MAX_NODES = 10_000;
const MAX_MESSAGE_CHARS = 10_000;
const MAX_TRACEBACK_LINES = 200;
const MAX_LINE_CHARS = 2_000;
const MAX_TRACEBACK_CHARS = 100_000;
/** Characters without width that turn the direction of the text after them. */
const TURNING = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** The text of a value, as the command line prints it with `--json`, on several lines. */
export function shownValue(value: unknown): ShownValue {
  const nodes = new NodeBudget(MAX_NODES);
  const text = JSON.stringify(jsonOf(value, nodes), undefined, 2);
  return { text: withEscapes(text.slice(0, MAX_VALUE_CHARS)), isCut: nodes.isCut || text.length > MAX_VALUE_CHARS };
}

/** An error with the tracebacks of both sides. */
export function shownError(thrown: unknown): ShownError {
  const error = asError(thrown);
  const isRemote = error instanceof PyroRemoteError;
  const [stack = ''] = (typeof error.stack === 'string' ? error.stack : '').split(REMOTE_TRACEBACK);
  return {
    type: isRemote ? error.pythonType : error.name,
    message: withEscapes((isRemote ? shortTexts(error.args) : error.message).slice(0, MAX_MESSAGE_CHARS)),
    remoteTraceback: isRemote
      ? linesOf(beginningOfTraceback(error.remoteTraceback, MAX_TRACEBACK_LINES, MAX_TRACEBACK_CHARS))
      : [],
    localTraceback: linesOf(stack),
  };
}

function linesOf(text: string): string[] {
  const lines = text.replace(/\n$/, '').split('\n', MAX_TRACEBACK_LINES);
  return text === '' ? [] : lines.map((line) => withEscapes(line.slice(0, MAX_LINE_CHARS)));
}

/** Writes characters that turn the direction of a text as JSON's escapes. */
function withEscapes(text: string): string {
  return text.replace(TURNING, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
