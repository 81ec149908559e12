/** The kinds of call that clients of a ledger make. A `tell` is oneway, `batch` is several calls of `add`. */
export type CallKind = 'add' | 'addLater' | 'tell' | 'batch' | 'items';

/** A line of a client: it begins a call, or the call has ended. */
export interface CallRecord {
  client: string;
  kind: CallKind;
  /** The numbers of the calls that the ledger carries out. */
  calls: number[];
  at: 'begin' | 'end';
  /** For each call, the number of calls of the client that were carried out; the items of a stream. */
  answer?: unknown[] | null;
  /** The type of the error, and for our client its code. */
  error?: string;
  text?: string;
  /** False: the client knows that the call was not carried out. */
  sent?: boolean;
}

export const ITEMS = 5;

interface CallState {
  begun: CallRecord;
  ends: CallRecord[];
}

/**
 * All calls that clients made.
 *
 * The ledger is the model: each client's calls are carried out in some order, each at most once, and the answer to a call is its place
 * in this order.
 */
export class LedgerHistory {
  answered = 0;
  failed = 0;
  private readonly states = new Map<string, CallState>();
  private readonly wrong: string[] = [];
  private streams = 0;

  /** @param isKnownError true for errors that a client may get */
  constructor(private readonly isKnownError: (record: CallRecord) => boolean) {}

  add(record: CallRecord): void {
    if (record.kind === 'items') this.addStream(record);
    else this.addCall(record);
    if (record.at === 'begin') return;
    if (record.error === undefined) this.answered++;
    else this.failed++;
    if (record.error !== undefined && !this.isKnownError(record)) this.wrong.push(`an unknown error: ${JSON.stringify(record)}`);
  }

  /**
   * Compares the calls with what the server has carried out.
   *
   * @param journal one line for each call: client, number
   * @returns what is wrong
   */
  check(journal: string): string[] {
    const wrong = [...this.wrong];
    const places = placesOf(journal, wrong);
    for (const key of places.keys()) if (!this.states.has(key)) wrong.push(`nobody made the call ${key}`);
    for (const [key, { begun, ends }] of this.states) {
      const shown = `${begun.kind} ${key}`;
      if (ends.length > 1) wrong.push(`${shown} ended ${ends.length} times`);
      const [end] = ends;
      const place = places.get(key);
      if (end?.sent === false && place !== undefined) wrong.push(`${shown} was carried out, and its error says: not sent`);
      if (end === undefined || end.error !== undefined || end.kind === 'tell') continue;
      if (place === undefined) wrong.push(`${shown} was answered, and not carried out`);
      const answer = end.answer?.[begun.calls.indexOf(Number(key.split(' ')[1]))];
      if (answer !== place) wrong.push(`${shown} was answered ${String(answer)}, and carried out as number ${String(place)}`);
    }
    return wrong;
  }

  private addCall(record: CallRecord): void {
    for (const call of record.calls) {
      const key = `${record.client} ${call}`;
      if (record.at === 'begin') this.states.set(key, { begun: record, ends: [] });
      else this.states.get(key)!.ends.push(record);
    }
  }

  private addStream({ at, answer }: CallRecord): void {
    this.streams += at === 'begin' ? 1 : -1;
    if (this.streams < 0) this.wrong.push('a stream ended that nobody began');
    if (!answer) return;
    const isRight = answer.length === ITEMS && answer.every((item, index) => item === index);
    if (!isRight) this.wrong.push(`a stream gave ${JSON.stringify(answer)}`);
  }
}

/** The position of each call in the calls of its client. */
function placesOf(journal: string, wrong: string[]): Map<string, number> {
  const places = new Map<string, number>();
  const counts = new Map<string, number>();
  for (const key of journal.split('\n').slice(0, -1)) {
    const client = key.split(' ')[0]!;
    const count = (counts.get(client) ?? 0) + 1;
    counts.set(client, count);
    if (places.has(key)) wrong.push(`${key} was carried out twice`);
    places.set(key, count);
  }
  return places;
}
