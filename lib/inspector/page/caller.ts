import type { ServerConnection } from './server-connection.js';

/** How a form calls the object. */
export interface Caller {
  connection: ServerConnection;
  server: string;
  objectId: string;
  uri: string;
  /** Null: the default. */
  handshake: string | null;
  /** False: the forms only show what there is. */
  isAllowed: boolean;
}
