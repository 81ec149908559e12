import type { CanActivate, Type } from '@nestjs/common';

/** A guard instance, or a class that Nest provides or makes. */
export type HandshakeGuard = CanActivate | Type<CanActivate>;

const HANDSHAKE_GUARDS = Symbol('pyro:handshake-guards');

/**
 * Says who may connect to an object. The guards run once per connection and object, before anything of it is shown or
 * run, with a {@link PyroHandshakeContext} and the context type `pyro-handshake`.
 *
 * The client reads the message of the error that they throw. Accidents (JavaScript's own TypeError and its kin, errors with a
 * `code`) are `error` events of the server, and "Internal server error" for the client.
 */
export function UseHandshakeGuards(...guards: HandshakeGuard[]): ClassDecorator {
  for (const guard of guards) {
    if (typeof guard !== 'function' && typeof (guard as CanActivate | undefined)?.canActivate !== 'function') {
      throw new TypeError('@UseHandshakeGuards takes guards: classes, or objects with canActivate');
    }
  }
  return (type) => {
    const before = (Reflect.getMetadata(HANDSHAKE_GUARDS, type) ?? []) as HandshakeGuard[];
    Reflect.defineMetadata(HANDSHAKE_GUARDS, [...before, ...guards], type);
  };
}

/** Guards of a class, those of the classes it extends first. */
export function handshakeGuardsOf(type: object): HandshakeGuard[] {
  return (Reflect.getMetadata(HANDSHAKE_GUARDS, type) ?? []) as HandshakeGuard[];
}
