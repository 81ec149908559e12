import type { DaemonTotals } from '../../daemon/contract/snapshot.js';
import type { InspectedServer } from '../contract/contract.js';
import { Chart } from './chart.js';
import { bytesText, countText, durationText, numberText } from './formats.js';
import type { CallHistory, Point } from './history.js';

/** The numbers of a server, with charts of the last minutes. */
export function Summary({ server, history }: { server: InspectedServer; history: CallHistory }) {
  const points = history.of(server.id);
  const last = points.at(-1);
  const { snapshot } = server;
  const totals = snapshot?.totals;
  return (
    <section aria-label="Summary" class="tiles">
      {snapshot && totals && (
        <>
          <Tile title="Calls" value={`${numberText(last?.rate ?? null)} /s`} note={`${numberText(totals.calls)} in all`}>
            <Chart label="Calls for each second" unit="/s" values={points.map(({ rate }) => rate)} />
          </Tile>
          <Tile
            title="Failures"
            value={`${numberText(last?.failureRate ?? null)} /s`}
            note={`${numberText(totals.failedCalls)} in all`}
          >
            <Chart
              label="Failures for each second"
              unit="/s"
              kind="failure"
              values={points.map(({ failureRate }) => failureRate)}
            />
          </Tile>
        </>
      )}
      <Tile
        title={server.pingMs === null ? 'Duration' : 'Ping'}
        value={latest(points, ({ latencyMs }) => latencyMs)}
        note={server.pingMs === null ? 'mean of a call' : 'of the daemon'}
      >
        <Chart label="Milliseconds" unit="ms" kind="latency" values={points.map(({ latencyMs }) => latencyMs)} />
      </Tile>
      {snapshot && totals && (
        <>
          <Tile
            title="Connections"
            value={numberText(totals.connectionsOpen)}
            note={`${numberText(totals.connectionsRefused)} refused`}
          />
          <Tile title="Running" value={numberText(totals.requestsInProgress)} note={streamsText(totals)} />
          <Tile title="Received" value={bytesText(totals.receivedBytes)} note={`sent ${bytesText(totals.sentBytes)}`} />
          <Tile title="Up" value={durationText(snapshot.uptimeMs)} note={snapshot.state} />
        </>
      )}
    </section>
  );
}

function streamsText({ streamsOpen, streamsEnding }: DaemonTotals): string {
  const open = countText(streamsOpen, 'stream');
  return streamsEnding > 0 ? `${open}, ${numberText(streamsEnding)} ending` : open;
}

interface TileProps {
  title: string;
  value: string;
  note: string;
  children?: preact.ComponentChildren;
}

function Tile({ title, value, note, children }: TileProps) {
  return (
    <div class="tile">
      <h2>{title}</h2>
      <p class="value">{value}</p>
      <p class="note">{note}</p>
      {children}
    </div>
  );
}

function latest(points: readonly Point[], of: (point: Point) => number | null): string {
  const known = points.map(of).filter((value) => value !== null);
  return known.length === 0 ? '–' : durationText(known.at(-1)!);
}
