/** One message as it went over a connection. */
export interface WireMessage {
  direction: 'received' | 'sent';
  /** `host:port` or socket path of the peer; of a daemon's connections with their number: `127.0.0.1:51234 #3`. */
  peer: string;
  /** One of MESSAGE_TYPES. */
  type: number;
  /** Of FLAGS. */
  flags: number;
  seq: number;
  serializerId: number;
  annotations: ReadonlyMap<string, Buffer>;
  /** May be compressed, as `flags` says. Valid as long as it is held; not to be changed. */
  data: Buffer;
}

/** Sees every message of a connection: handshake data and whatever else is secret among them. */
export type WireLog = (message: WireMessage) => void;
