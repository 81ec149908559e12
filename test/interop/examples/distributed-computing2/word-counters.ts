import { setTimeout as sleep } from 'node:timers/promises';
import { expose, locateNameServer, PyroProxy } from 'nestjs-pyro/core';

const CHUNK_LINES = 200;
const PUNCTUATION = /[!-/:-@[-`{-~]/g;
const FILTERED = new Set(
  (
    'a an at the i he she s but was has had have and are as be by for if in is it of or that to with his all any this not from on me him ' +
    'her their so you there now then no yes one were they them which what when who how where some my into up out we us t do'
  ).split(' '),
);

type Counts = Record<string, number>;

@expose
export class WordCounter {
  async count(lines: (string | null)[]): Promise<Counts> {
    const counts = new Map<string, number>();
    for (const [number, line] of lines.entries()) {
      const words = (line ?? '').replaceAll(PUNCTUATION, ' ').toLowerCase().split(/\s+/);
      for (const word of words) {
        if (/^\p{L}+$/u.test(word) && !FILTERED.has(word)) counts.set(word, (counts.get(word) ?? 0) + 1);
      }
      // upstream's delay, which makes parallel counting faster
      if (number % 10 === 0) await sleep(10);
    }
    return Object.fromEntries(counts);
  }
}

/** Distributes a text over all counters that are registered at the name server. */
@expose
export class Dispatcher {
  constructor(private readonly nameServer: { host: string; port: number }) {}

  async count(lines: string[]): Promise<Counts> {
    await using nameServer = await locateNameServer(this.nameServer);
    const counters = [...(await nameServer.list({ prefix: 'example.dc2.wordcount.' })).values()];
    const chunks = Array.from({ length: Math.ceil(lines.length / CHUNK_LINES) }, (_, index) =>
      lines.slice(index * CHUNK_LINES, (index + 1) * CHUNK_LINES),
    );
    const totals = new Map<string, number>();
    await Promise.all(
      chunks.map(async (chunk, index) => {
        await using counter = await PyroProxy.connect<WordCounter>(counters[index % counters.length]!);
        for (const [word, count] of Object.entries(await counter.count(chunk))) totals.set(word, (totals.get(word) ?? 0) + count);
      }),
    );
    return Object.fromEntries(totals);
  }
}
