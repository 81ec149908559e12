import type { PyroUri, SerializedBlob } from '../../../lib/core.js';

/** The interface of the object in server.py. */
export interface Thing {
  value: number;
  readonly items: Iterator<string>;
  echo(value: unknown): unknown;
  add(a: number, b?: number): number;
  named(...args: unknown[]): [unknown[], Record<string, unknown>];
  type_name(value: unknown): string;
  __len__(): number;
  slow(seconds: number, value?: unknown): unknown;
  hold(name: string): string;
  let_go(name: string): void;
  lingering_streams(): number;
  open_streams(): number;
  meet(): number;
  count(key: string): string;
  note(value: unknown): void;
  noted(): unknown[];
  clear(): void;
  fail(message: string): never;
  fail_comm(): never;
  fail_security(): never;
  fail_deeply(): never;
  fail_callback(): never;
  fail_own_security(): never;
  insecure_items(): Iterator<number>;
  numbers(to: number): Iterator<number>;
  ticks(seconds: number): Iterator<string>;
  breaking(): Iterator<number>;
  unreadable_items(): Iterator<number>;
  closed_streams(): string[];
  annotations(): Record<string, Buffer>;
  correlation(): string;
  client(): [string, number];
  flags(): number;
  blob(blob: SerializedBlob): [unknown, unknown[]];
  self_proxy(): unknown;
  foreign_proxy(uri: string, handshake: unknown): unknown;
  own_uri(): PyroUri;
  proxy_state(proxy: unknown): [string, string[], string[], string[], unknown, string | null];
  call_back(proxy: unknown, ...args: unknown[]): unknown;
  keep(proxy: unknown): void;
  call_kept(...args: unknown[]): unknown;
  big(size: number): string;
  kill(): void;
}

export interface Session {
  number(): number;
}
