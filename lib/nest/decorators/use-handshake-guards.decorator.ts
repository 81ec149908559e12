import { checkIsClass, withoutParentheses } from './decorator-target.js';
import { addHandshakeGuards, GUARD, type HandshakeGuard } from '../metadata/controller-metadata.js';

/**
 * Guards an object: only clients that pass the guards may use it. The guards run once per connection and object, before
 * anything of the object is shown or run, with a {@link PyroHandshakeContext} and the context type `pyro-handshake`.
 *
 * The client reads the message of the error that a guard throws. Accidents (JavaScript's own TypeError and the like, errors with a
 * `code`) are `error` events of the server, and "Internal server error" for the client.
 *
 * @throws {TypeError} on members of a class, and on values that are no guards
 */
export function UseHandshakeGuards(...guards: HandshakeGuard[]): ClassDecorator {
  for (const guard of guards) {
    if (!GUARD.fits(guard)) throw new TypeError('@UseHandshakeGuards takes guards: classes, or objects with canActivate');
  }
  return function decorate(type, ...rest: unknown[]) {
    // without parentheses, TypeScript puts this function in the place of the class
    if (new.target)
      throw withoutParentheses('@UseHandshakeGuards', String(guards.map((guard) => (guard as { name?: string }).name)));
    checkIsClass('@UseHandshakeGuards', [type, ...rest], 'methods take @UseGuards, accessors @PyroProperty({ guards: […] })');
    addHandshakeGuards(type, guards);
  };
}
