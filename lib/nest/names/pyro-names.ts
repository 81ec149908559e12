import { setMaxListeners } from 'node:events';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { locateUntil } from '../../naming/locate.js';
import type { NameEvent, NameFilter, NameRegistration, TagFilter } from '../../naming/name-records.js';
import { visitNameServer } from '../../naming/name-server-visits.js';
import type { NameServerClient } from '../../naming/name-server-client.js';
import { type NameWaitOptions, type NameWatchOptions, waitForName, watchNames } from '../../naming/name-watch.js';
import { NamingError } from '../../protocol/errors.js';
import type { PyroUri } from '../../protocol/uri.js';
import { ClientRegistry } from '../client/client-registry.js';

/**
 * Reads and watches the names of a name server: the name server of `PyroModule.forRoot({ nameServer })`, or of a list the first that
 * answers. Default: the name server at `localhost:9090`. Provided by PyroModule:
 *
 * ```ts
 * constructor(private readonly names: PyroNames) {}
 * for await (const { kind, name } of this.names.watch({ prefix: 'lab.' })) …
 * ```
 *
 * Each call opens a connection, which ends with the call: an open connection occupies a thread of Python's name server. So a watch and a
 * wait have no connection between two questions to Python's name server. All methods throw a NamingError when no name server answers.
 */
@Injectable()
export class PyroNames implements OnApplicationShutdown {
  private readonly ending = new AbortController();

  /** @internal Nest makes it */
  constructor(private readonly clients: ClientRegistry) {
    // each visit that waits for its turn listens
    setMaxListeners(0, this.ending.signal);
  }

  /** Gives the URI of a name. @throws {NamingError} when the name is not registered */
  lookup(name: string): Promise<PyroUri> {
    return this.visit((names) => names.lookup(name));
  }

  /** Lists names with their URIs and tags. @throws {NamingError} when the regex is invalid */
  list(filter: NameFilter = {}): Promise<Map<string, NameRegistration>> {
    return this.visit((names) => names.listWithMetadata(filter));
  }

  /** Lists the names that have the tags. */
  yplookup(filter: TagFilter): Promise<Map<string, NameRegistration>> {
    return this.visit((names) => names.yplookup(filter));
  }

  /**
   * Follows names: gives the registered names first, then each change. A name server of this library tells of changes at once; Python's is
   * asked every `pollIntervalMs`. Lost connections are made anew. Ends when `signal` aborts, and when the application shuts down.
   */
  watch(options: NameWatchOptions = {}): AsyncGenerator<NameEvent, void> {
    return watchNames((signal) => this.connect(signal), options, this.ending.signal);
  }

  /**
   * Waits until a name is registered, by default for 30 s.
   *
   * @throws {NamingError} after `timeoutMs`, and when the application shuts down
   */
  waitFor(name: string, options: NameWaitOptions = {}): Promise<PyroUri> {
    return waitForName((signal) => this.connect(signal), name, options, this.ending.signal);
  }

  /** Called by Nest, after the servers have removed their names: ends all watches and waits. */
  onApplicationShutdown(): void {
    this.ending.abort(new NamingError('the application shuts down'));
  }

  private async visit<T>(work: (names: NameServerClient) => Promise<T>): Promise<T> {
    return visitNameServer(this.clients.nameServers, this.ending.signal, work);
  }

  private connect(signal: AbortSignal): Promise<NameServerClient> {
    return locateUntil(this.clients.nameServers, signal);
  }
}
