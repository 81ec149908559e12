import type { ComponentChildren } from 'preact';
import type { InspectedServer } from '../contract/contract.js';
import { bytesText, clockTime, countText, durationText, numberText } from './formats.js';

export interface TableViewProps {
  snapshot: NonNullable<InspectedServer['snapshot']>;
  /** Whether the filter lets a row through. */
  matches: (...texts: (string | null)[]) => boolean;
}

interface TableRow {
  key: string | number;
  /** Marks a row that needs a look. */
  tone?: 'warning' | undefined;
  cells: ComponentChildren[];
}

function Table({
  title,
  head,
  rows,
  empty,
}: {
  title: string;
  head: readonly string[];
  rows: readonly TableRow[];
  empty: string;
}) {
  if (rows.length === 0) return <p class="empty">{empty}</p>;
  return (
    <div class="table" role="region" aria-label={title} tabIndex={0}>
      <table>
        <thead>
          <tr>
            {head.map((text) => (
              <th key={text} scope="col">
                {text}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ key, tone, cells }) => (
            <tr key={key} class={tone}>
              {cells.map((cell, column) => (
                <td key={column}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function ConnectionsView({ snapshot: { connections, totals }, matches }: TableViewProps) {
  const rows = connections
    .filter(({ id, remoteAddress, principal }) => matches(String(id), remoteAddress, principal))
    .map((one): TableRow => ({
      key: one.id,
      tone: one.unsentBytes > 1024 * 1024 ? 'warning' : undefined,
      cells: [
        one.id,
        one.remoteAddress + (one.isTls ? ' (TLS)' : ''),
        one.principal ?? '–',
        durationText(one.ageMs),
        numberText(one.calls),
        numberText(one.failures),
        one.requestsInProgress,
        one.streams,
        bytesText(one.receivedBytes),
        bytesText(one.sentBytes),
        bytesText(one.unsentBytes),
      ],
    }));
  const head = ['No.', 'Address', 'Principal', 'Age', 'Calls', 'Failures', 'Running', 'Streams', 'Received', 'Sent', 'Unread'];
  const rest = totals.connectionsOpen - connections.length;
  return (
    <>
      <Table title="Connections" head={head} rows={rows} empty="No connection." />
      {rest > 0 && <p class="note">{countText(rest, 'newer connection')} not listed (maxListed).</p>}
    </>
  );
}

export function StreamsView({ snapshot: { streams, totals }, matches }: TableViewProps) {
  const rows = streams
    .filter(({ objectId, method }) => matches(objectId, method))
    .map((one, index): TableRow => ({
      key: index,
      cells: [
        one.objectId,
        one.method,
        one.openedBy,
        one.readBy ?? 'nobody: it lingers',
        durationText(one.ageMs),
        numberText(one.items),
      ],
    }));
  const head = ['Object', 'Method', 'Opened by', 'Read by', 'Age', 'Items'];
  const rest = totals.streamsOpen - streams.length;
  return (
    <>
      <Table title="Streams" head={head} rows={rows} empty="No open stream." />
      {rest > 0 && <p class="note">{countText(rest, 'newer stream')} not listed (maxListed).</p>}
    </>
  );
}

export function LimitsView({ snapshot: { limits }, matches }: TableViewProps) {
  const rows = limits
    .filter(({ name, usedBy }) => matches(name, usedBy))
    .map(({ name, value, unit, used, isNear, usedBy, reached }): TableRow => ({
      key: name,
      tone: reached > 0 || isNear ? 'warning' : undefined,
      cells: [
        name,
        amountText(value, unit),
        used === null ? '–' : unit === 'bytes' ? bytesText(used) : numberText(used),
        used === null ? (
          ''
        ) : (
          <meter min={0} max={value || 1} value={used} high={isNear ? 0 : value || 1} aria-label={`${name} in use`} />
        ),
        usedBy ?? '',
        numberText(reached),
      ],
    }));
  return (
    <Table
      title="Limits"
      head={['Limit', 'Value', 'In use', 'How near', 'Most used by', 'Times reached']}
      rows={rows}
      empty="No limit fits the filter."
    />
  );
}

function amountText(value: number, unit: string): string {
  if (unit === 'bytes') return bytesText(value);
  return unit === 'ms' ? durationText(value) : `${numberText(value)} ${unit}`;
}

export function NamesView({ snapshot: { names, totals }, matches }: TableViewProps) {
  const rows = names
    .filter(({ name, objectId, nameServer }) => matches(name, objectId, nameServer))
    .map(({ name, objectId, nameServer, state, isAvailable }): TableRow => ({
      key: `${name} ${nameServer}`,
      tone: state === 'registered' && isAvailable ? undefined : 'warning',
      cells: [name, objectId, nameServer ?? 'not found yet', state, isAvailable ? 'yes' : 'no'],
    }));
  const head = ['Name', 'Object', 'Name server', 'State', 'Available'];
  const rest = totals.namesRegistered + totals.namesTaken + totals.namesWaiting - names.length;
  return (
    <>
      <Table title="Names" head={head} rows={rows} empty="No name is registered." />
      {rest > 0 && <p class="note">{countText(rest, 'further name')} not listed (maxListed): the filter finds them.</p>}
    </>
  );
}

export function FailuresView({ snapshot: { failures }, matches }: TableViewProps) {
  const rows = failures
    .filter((one) => matches(one.errorType, one.message, one.objectId, one.method, one.remoteAddress, one.correlationId))
    .map((one, index): TableRow => ({
      key: failures.length - index,
      cells: [
        <time key="at" dateTime={one.at}>
          {clockTime(one.at)}
        </time>,
        one.kind,
        one.objectId === null ? '–' : `${one.objectId}${one.method === null ? '' : `.${one.method}`}`,
        one.errorType,
        one.message,
        one.remoteAddress ?? '–',
        one.correlationId ?? '–',
      ],
    }));
  const head = ['At', 'Kind', 'Object', 'Error', 'Message', 'Address', 'Correlation id'];
  return <Table title="Failures" head={head} rows={rows} empty="Nothing has failed." />;
}
