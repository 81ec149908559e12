import { NamingError } from '../protocol/errors.js';
import type { PyroUri } from '../protocol/uri.js';

/** The URI and the metadata tags that a name is registered with. */
export interface NameRegistration {
  /** URI of the object, as a text. */
  uri: string;
  /** Tags of the name. */
  metadata: Set<string>;
}

/** Selects names that begin with `prefix`, or names whose beginning matches the Python `regex`. Without both: all names. */
export type NameFilter =
  | {
      /** Beginning of the names. Default: all names. */
      prefix?: string;
      /** Must be absent next to `prefix`. */
      regex?: undefined;
    }
  | {
      /** Must be absent next to `regex`. */
      prefix?: undefined;
      /** Regular expression of Python that matches from the beginning of the name, as `re.match`. */
      regex: string;
    };

/** Selects names by their metadata tags: a name must have all of the tags, or any of them. */
export type TagFilter =
  | {
      /** Tags that a name must have, each of them. */
      all: Iterable<string>;
      /** Must be absent next to `all`. */
      any?: undefined;
    }
  | {
      /** Must be absent next to `any`. */
      all?: undefined;
      /** Tags of which a name must have one or more. */
      any: Iterable<string>;
    };

/** Without a change for so long, a name server of this library sends an `alive` item, so that each side sees that the other is there. */
export const WATCH_HEARTBEAT_MS = 5_000;

/**
 * Beginning of the error of a name server at which as many watches are open as it takes. The protocol has no codes for the errors of a name
 * server.
 */
export const TOO_MANY_WATCHES = 'too many watches: ';

export function isForTooManyWatches(error: unknown): boolean {
  return error instanceof NamingError && error.message.startsWith(TOO_MANY_WATCHES);
}

/** An item of the name server's `watch`; see `lib/name-server/watches/name-feed.ts`. */
export type NameServerChange =
  | { readonly change: 'registered'; readonly name: string; readonly registration: NameRegistration }
  | { readonly change: 'removed'; readonly name: string }
  | { readonly change: 'ready' | 'restart' | 'alive' };

/** A change of a name, as a watch gives it. */
export type NameEvent =
  | {
      /** The name is registered, or its registration has changed. */
      readonly kind: 'registered';
      /** The name. */
      readonly name: string;
      /** URI of the object. */
      readonly uri: PyroUri;
      /** Metadata tags of the name; empty when it has none. */
      readonly metadata: ReadonlySet<string>;
    }
  | {
      /** The name is gone. */
      readonly kind: 'removed';
      /** The name. */
      readonly name: string;
    };
