import type { ClientNeeds } from '../contract/contract.js';
import type { ServerConnection } from './server-connection.js';

/** The calls of a form to its object. */
export interface Caller {
  connection: ServerConnection;
  server: string;
  objectId: string;
  /** Null: the object has none, and cannot be called. */
  uri: string | null;
  /** Needs of a program besides the URI. */
  needs: ClientNeeds;
  /** Null: the default. */
  handshake: string | null;
  /** False: the forms only show members, and call nothing. */
  isAllowed: boolean;
  /** False: a person looks at another part of the page. */
  isShown: boolean;
}
