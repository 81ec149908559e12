import { NdArray, type SerializerName } from 'nestjs-pyro/core';
import type { BenchmarkOptions } from './benchmark.js';
import { Contest, type Contender, type Rounds } from './contest.js';
import { measureGrpc } from './load/grpc-load.js';
import { type Load, LoadGenerator, measureVisits } from './load/load-generator.js';
import { NestWire } from './load/nest-wire.js';
import { PyroWire, type PyroKind } from './load/pyro-wire.js';
import type { RunningServer, ServerName, Servers } from './servers.js';
import { ANSWER, records } from './values.js';

/** The work of a server in a benchmark. `visit`: connect, one call, close. */
export interface Case {
  kind: PyroKind | 'visit';
  method: string;
  args: readonly unknown[];
  expected: unknown;
  connections: number;
  serializer?: SerializerName;
  /** A case that runs at the same time, over other connections. */
  background?: Case;
}

const MIB = 1024 * 1024;
const ENDLESS = 1_000_000_000;
/** A smoke run opens no more. */
const SMOKE_CONNECTIONS = 8;

export const add = (connections: number): Case => {
  return { kind: 'call', method: 'add', args: [17, 25], expected: ANSWER, connections };
};
export const echo = (value: unknown, connections: number): Case => {
  return { kind: 'call', method: 'echo', args: [value], expected: value, connections };
};
export const echoText = (bytes: number, connections: number): Case => echo('x'.repeat(bytes), connections);
export const echoRecords = (connections: number): Case => echo(records, connections);
/** A method that gets bytes and returns bytes, in Python too. */
export const echoBytes = (mebibytes: number, connections: number): Case => {
  return { ...echo(Buffer.alloc(mebibytes * MIB, 'bench'), connections), method: 'echoBytes' };
};
/** An array of float32 that comes back. */
export const echoArray = (mebibytes: number, serializer: SerializerName): Case => {
  const floats = Float32Array.from({ length: (mebibytes * MIB) / 4 }, (_, index) => index / 3);
  return { ...echo(NdArray.from(floats, { shape: [mebibytes * 256, 1024] }), 1), serializer };
};
export const batches = (connections: number): Case => ({ ...add(connections), kind: 'batch' });
export const oneway = (connections: number): Case => ({ ...add(connections), kind: 'oneway' });
export const visits = (connections: number): Case => ({ ...add(connections), kind: 'visit' });
export const items = (connections: number): Case => {
  return { kind: 'stream', method: 'items', args: [ENDLESS], expected: ANSWER, connections };
};

/** Lets servers do the same case, in turn. */
export async function holdCase(
  servers: Servers,
  names: readonly ServerName[],
  theCase: Case,
  rounds: Rounds,
  options: Pick<BenchmarkOptions, 'smoke'>,
): Promise<Contest> {
  const connections = options.smoke ? Math.min(theCase.connections, SMOKE_CONNECTIONS) : theCase.connections;
  const contenders = await Promise.all(names.map((name) => contenderFor(servers, name, { ...theCase, connections })));
  return Contest.hold(contenders, rounds, options);
}

/** @param as its name in the contest */
export async function contenderFor(servers: Servers, name: ServerName, theCase: Case, as: string = name): Promise<Contender> {
  const server = await servers.get(name);
  return { name: as, measure: measureOf(server, name, theCase) };
}

function measureOf(server: RunningServer, name: ServerName, theCase: Case): Contender['measure'] {
  const { location, pid } = server;
  const { args, connections, kind } = theCase;
  if (name === 'Nest gRPC') {
    const [a, b] = args as [number, number];
    return (turn) => measureGrpc({ location, pid, connections, pair: { a, b }, expected: ANSWER }, turn);
  }
  const load = loadFor(server, name, theCase);
  return (turn) => (kind === 'visit' ? measureVisits(load, turn) : LoadGenerator.measure(load, turn));
}

function loadFor(server: RunningServer, name: ServerName, theCase: Case): Load {
  const { method, expected, connections, serializer, background } = theCase;
  const kind = theCase.kind === 'visit' ? 'call' : theCase.kind;
  // the method of this object has one parameter, a DTO
  const args = name === 'Nest, DTO + async method' ? [{ a: theCase.args[0], b: theCase.args[1] }] : theCase.args;
  const wire =
    name === 'Nest TCP'
      ? new NestWire(method, args, expected)
      : new PyroWire({ kind, object: 'bench', method, args, expected, serializer });
  const { location, pid } = server;
  return { location, pid, wire, connections, background: background && loadFor(server, name, background) };
}
