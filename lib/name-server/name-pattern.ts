import { RE2JS, RE2JSException } from 're2js';
import { NamingError } from '../protocol/errors.js';

/**
 * Compiles a regular expression that a client sent. It matches the beginning of a name, as Python's `re.match`.
 *
 * The expression runs in linear time, so that no client can block the name server. So it may have neither backreferences nor lookaround,
 * and `\d`, `\w` and `\s` mean ASCII characters.
 *
 * @throws {NamingError} when the expression is wrong, or cannot run in linear time
 */
export function namePattern(regex: string): (name: string) => boolean {
  try {
    const pattern = RE2JS.compile(regex.replaceAll('\\Z', '\\z'));
    return (name) => pattern.matcher(name).lookingAt();
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    throw new NamingError(`invalid regex: ${error.message}`, { cause: error });
  }
}
