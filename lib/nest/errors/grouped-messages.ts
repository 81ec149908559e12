import { boundedMessages } from '../../classes/dto/validation-messages.js';

/**
 * The messages of a ValidationPipe with `errorFormat: 'grouped'`, in one list: a dict from the path of each member to the messages about the
 * member. The peer chose the names of unknown members, so the list is bounded.
 *
 * @returns undefined for another value
 */
export function groupedMessages(message: unknown): string[] | undefined {
  if (typeof message !== 'object' || message === null || Array.isArray(message)) return undefined;
  const groups = Object.entries(message);
  if (groups.length === 0 || !groups.every(isGroup)) return undefined;
  // the message of a nested member does not say where the member is
  const isNested = (path: string): boolean => path !== '...' && path.includes('.');
  return boundedMessages(groups.flatMap(([path, lines]) => (isNested(path) ? lines.map((line) => `${path}: ${line}`) : lines)));
}

function isGroup(group: [string, unknown]): group is [string, string[]] {
  return Array.isArray(group[1]) && group[1].every((line) => typeof line === 'string');
}
