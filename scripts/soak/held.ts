/** What a server holds. */
export interface Held {
  connections: number;
  streams: number;
  /** Sockets and other things that keep the process alive, without timers. */
  handles: number;
  heapBytes: number;
  rssBytes: number;
  /** Requests that were refused because the values of all requests took too much memory. */
  refusals: number;
  problems: string[];
}

/** The object that clients pass to the server. */
export interface Listener {
  hear(value: number): Promise<number>;
}
