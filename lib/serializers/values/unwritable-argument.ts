import { BATCH_METHOD, SET_ATTRIBUTE } from '../../protocol/constants.js';
import { SerializeError } from '../../protocol/errors.js';
import { safeText } from '../../protocol/texts/safe-text.js';
import { ROOT } from '../../serpent/values/path.js';
import type { SerializedCall, Serializer } from '../contract/serializer.js';

type Arguments = Pick<SerializedCall, 'method' | 'args' | 'kwargs'>;
type Writer = Pick<Serializer, 'dumps'>;

/**
 * Names the argument that cannot be written: `argument 1[3] of read: a function cannot be written`. The error of the whole call has
 * the path in the message, `value[2][0][3]`.
 *
 * Writes the arguments again, one by one, to find the bad one. Errors of the whole call, such as its size, stay as they are.
 */
export function inArgument(error: SerializeError, { method, args, kwargs }: Arguments, writer: Writer): SerializeError {
  if (method === BATCH_METHOD) return inEntry(error, args, writer);
  const text = unwritableText({ method, args, kwargs }, ` of ${method}`, writer);
  return text === undefined ? error : new SerializeError(text, { cause: error });
}

function inEntry(error: SerializeError, entries: readonly unknown[], writer: Writer): SerializeError {
  for (const [index, entry] of entries.entries()) {
    if (!Array.isArray(entry)) continue;
    const [method, args = [], kwargs = {}] = entry as [string, unknown[]?, Record<string, unknown>?];
    const text = unwritableText({ method, args, kwargs }, ` of ${method} (entry ${index + 1} of the batch)`, writer);
    if (text !== undefined) return new SerializeError(text, { cause: error });
  }
  return error;
}

function unwritableText({ method, args, kwargs }: Arguments, where: string, writer: Writer): string | undefined {
  const isWrite = method === SET_ATTRIBUTE;
  for (const [index, arg] of args.entries()) {
    const name = isWrite && index === 1 ? 'the new value' : `argument ${index + 1}`;
    const text = textOf(arg, name, isWrite ? ` of the attribute ${safeText(args[0])}` : where, writer);
    if (text !== undefined) return text;
  }
  for (const [name, arg] of Object.entries(kwargs)) {
    const text = textOf(arg, `keyword argument ${name}`, where, writer);
    if (text !== undefined) return text;
  }
  return undefined;
}

function textOf(value: unknown, name: string, where: string, writer: Writer): string | undefined {
  try {
    writer.dumps(value);
    return undefined;
  } catch (error) {
    const text = safeText(error);
    const end = text.indexOf(': ');
    const path = text.startsWith(ROOT) && end > 0 ? text.slice(ROOT.length, end) : undefined;
    return path === undefined ? `${name}${where}: ${text}` : `${name}${path}${where}${text.slice(end)}`;
  }
}
