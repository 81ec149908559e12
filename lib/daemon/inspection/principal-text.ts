import { safeText } from '../../protocol/texts/safe-text.js';
import { printable } from '../../reports/printable.js';
import type { Authorization } from '../contract/authorization.js';

/** Members of a principal that name it, the first one first. Other members may be secrets, such as the hash of a password. */
const NAMES = ['name', 'username', 'id'];

/** True when a guard or a hook has set a principal, or a key for one. */
export function hasPrincipal({ principal, principalKey }: Authorization): boolean {
  return principalKey !== undefined || (principal !== undefined && principal !== null);
}

/**
 * The text by which a snapshot or a log names a principal. The first of these that exists: its `principalKey`; the principal itself, if it
 * is a text or a number; its `name`, `username` or `id`; the name of its class.
 */
export function principalText(authorization: Authorization): string | undefined {
  if (!hasPrincipal(authorization)) return undefined;
  const { principal, principalKey } = authorization;
  if (principalKey !== undefined) return printable(principalKey);
  if (typeof principal !== 'object') return printable(safeText(principal));
  try {
    const members = principal as Record<string, unknown>;
    const named = NAMES.map((name) => members[name]).find(isName);
    return printable(named === undefined ? principal!.constructor?.name || 'object' : safeText(named));
  } catch {
    // a getter of user code threw
    return 'object';
  }
}

function isName(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint';
}
