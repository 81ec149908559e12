/**
 * Items that wait, each for a client. The clients are served in turn: a client with many items does not make others wait for all of them.
 * The items of one client come in their order.
 */
export class FairQueue<Client, Item> {
  /** The items by their client, the client that is served next first. */
  private readonly queues = new Map<Client, Set<Item>>();
  private waiting = 0;

  /** The number of items of all clients. */
  get size(): number {
    return this.waiting;
  }

  /** The number of items of one client. */
  sizeOf(client: Client): number {
    return this.queues.get(client)?.size ?? 0;
  }

  add(client: Client, item: Item): void {
    this.waiting++;
    const queue = this.queues.get(client);
    if (queue === undefined) this.queues.set(client, new Set([item]));
    else queue.add(item);
  }

  /** @returns false when the item does not wait any more */
  delete(client: Client, item: Item): boolean {
    const queue = this.queues.get(client);
    if (queue?.delete(item) !== true) return false;
    this.waiting--;
    if (queue.size === 0) this.queues.delete(client);
    return true;
  }

  /** Takes the first item of the next client. The other items of the client come after the next item of each other client. */
  take(): Item | undefined {
    for (const [client, queue] of this.queues) {
      for (const item of queue) {
        this.delete(client, item);
        this.moveToEnd(client);
        return item;
      }
    }
    return undefined;
  }

  /** Takes the first item of the next client, and of each other client the first item that is like it. */
  takeAlike(isAlike: (item: Item, first: Item) => boolean): Item[] {
    const taken: Item[] = [];
    const queues = [...this.queues];
    for (const [client, queue] of queues) {
      for (const item of queue) {
        if (taken.length > 0 && !isAlike(item, taken[0]!)) continue;
        this.delete(client, item);
        this.moveToEnd(client);
        taken.push(item);
        break;
      }
    }
    return taken;
  }

  /** Lets the clients that wait now be served before this client. */
  moveToEnd(client: Client): void {
    const queue = this.queues.get(client);
    if (queue === undefined) return;
    this.queues.delete(client);
    this.queues.set(client, queue);
  }
}
