import { setTimeout as sleep } from 'node:timers/promises';
import { PyroProxy, type RemoteObject } from '../../../lib/core.js';
import { type CallKind, type CallRecord, ITEMS, type LedgerHistory } from './ledger-history.js';

export interface Ledger {
  add(client: string, call: number): Promise<number>;
  addLater(client: string, call: number): Promise<number>;
  tell(client: string, call: number): Promise<void>;
  items(to: number): Promise<AsyncIterable<number>>;
}

const KINDS: CallKind[] = ['add', 'add', 'addLater', 'tell', 'batch', 'items'];
const CALLERS = 8;

/** Callers that share a proxy of this package with several connections, and call a ledger until they are stopped. */
export class OurClient {
  private readonly proxy: RemoteObject<Ledger>;
  private readonly callers: Promise<void>[];
  private isStopped = false;

  constructor(
    uri: string,
    name: string,
    private readonly history: LedgerHistory,
  ) {
    this.proxy = PyroProxy.to<Ledger>(uri, { poolSize: 4, callTimeoutMs: 5_000, maxRetries: 0, connectTimeoutMs: 5_000 });
    this.callers = Array.from({ length: CALLERS }, (_, number) => this.call(`${name}.${number}`));
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    await Promise.all(this.callers);
    await this.proxy.$release();
  }

  private async call(client: string): Promise<void> {
    for (let call = 0; !this.isStopped;) {
      const kind = KINDS[Math.floor(Math.random() * KINDS.length)]!;
      const size = kind === 'batch' ? 3 : Number(kind !== 'items');
      const calls = Array.from({ length: size }, () => call++);
      const record: CallRecord = { client, kind, calls, at: 'begin' };
      this.history.add(record);
      try {
        const answer = await this.carryOut(kind, client, calls);
        this.history.add({ ...record, at: 'end', answer });
      } catch (error) {
        const { code, message, sent } = error as { code?: string; message: string; sent?: boolean };
        this.history.add({
          ...record,
          at: 'end',
          error: code ?? String(error),
          text: message,
          ...(sent !== undefined && { sent }),
        });
        await sleep(10);
      }
    }
  }

  private async carryOut(kind: CallKind, client: string, calls: number[]): Promise<unknown[] | null> {
    const [call] = calls as [number];
    switch (kind) {
      case 'add':
        return [await this.proxy.add(client, call)];
      case 'addLater':
        return [await this.proxy.addLater(client, call)];
      case 'tell':
        await this.proxy.tell(client, call);
        return null;
      case 'batch':
        return this.proxy.$batch((batch) => {
          for (const each of calls) batch.add(client, each);
        });
      case 'items': {
        const items: number[] = [];
        for await (const item of await this.proxy.items(ITEMS)) items.push(item);
        return items;
      }
    }
  }
}
