import type { InspectedObject, InspectedServer } from '../contract.js';
import { Chart } from './chart.js';
import { countText, numberText } from './formats.js';
import type { History } from './history.js';
import { ObjectView } from './object-view.js';
import type { ServerConnection } from './server-connection.js';

interface ObjectsViewProps {
  server: InspectedServer;
  history: History;
  connection: ServerConnection;
  matches: (...texts: (string | null)[]) => boolean;
  /** The object that is shown. */
  objectId: string | undefined;
  allowCalls: boolean;
}

/** The list of objects, and one of them. */
export function ObjectsView({ server, history, connection, matches, objectId, allowCalls }: ObjectsViewProps) {
  const shown = server.objects.filter((one) => matches(one.objectId, one.className, ...one.names, ...memberNames(one)));
  const selected = server.objects.find((one) => one.objectId === objectId);
  return (
    <div class={selected ? 'objects has-selected' : 'objects'}>
      <section aria-label="Objects" class="list">
        {shown.length === 0 ? (
          <p class="empty">No object fits the filter.</p>
        ) : (
          <ul>
            {shown.map((one) => (
              <Entry key={one.objectId} object={one} {...{ server, history }} isSelected={one === selected} />
            ))}
          </ul>
        )}
      </section>
      {selected ? (
        <ObjectView
          key={`${server.id} ${selected.objectId}`}
          object={selected}
          {...{ server, history, connection, allowCalls }}
        />
      ) : (
        <p class="empty">{objectId === undefined ? 'Choose an object.' : `There is no object ${objectId} any more.`}</p>
      )}
    </div>
  );
}

interface EntryProps {
  object: InspectedObject;
  server: InspectedServer;
  history: History;
  isSelected: boolean;
}

function Entry({ object, server, history, isSelected }: EntryProps) {
  const { objectId, names, className, calls, failures } = object;
  return (
    <li>
      <a href={`#objects/${encodeURIComponent(objectId)}`} aria-current={isSelected ? 'true' : undefined}>
        <span class="id">{objectId}</span>
        <span class="note">{[...names, className].filter((text) => text !== null && text !== objectId).join(' · ')}</span>
        {calls !== null && (
          <>
            <span class="note">
              {countText(calls, 'call')}
              {failures ? `, ${numberText(failures)} failed` : ''}
            </span>
            <Chart label="Calls for each second" unit="/s" values={history.of(server.id, objectId).map(({ rate }) => rate)} />
          </>
        )}
      </a>
    </li>
  );
}

function memberNames({ members }: InspectedObject): string[] {
  return members?.map(({ name }) => name) ?? [];
}
