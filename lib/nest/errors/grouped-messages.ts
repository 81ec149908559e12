import { boundedMessages } from '../../classes/dto/validation-messages.js';

/**
 * The messages in the response of a ValidationPipe with `errorFormat: 'grouped'`, in one list. The response has a dict from the path of each member to the messages about the
 * member. The peer chose the names of unknown members, so the list is bounded.
 *
 * @returns undefined for another response
 */
export function groupedMessages(response: object): string[] | undefined {
  const { message, statusCode } = response as { message?: unknown; statusCode?: unknown };
  if (typeof statusCode !== 'number') return undefined;
  if (typeof message !== 'object' || message === null || Array.isArray(message)) return undefined;
  const groups = Object.entries(message);
  if (!groups.every(isGroup) || !groups.some(([, lines]) => lines.length > 0)) return undefined;
  // the message of a nested member does not say where the member is
  const isNested = (path: string): boolean => path !== '...' && path.includes('.');
  return boundedMessages(groups.flatMap(([path, lines]) => (isNested(path) ? lines.map((line) => `${path}: ${line}`) : lines)));
}

function isGroup(group: [string, unknown]): group is [string, string[]] {
  return Array.isArray(group[1]) && group[1].every((line) => typeof line === 'string');
}
