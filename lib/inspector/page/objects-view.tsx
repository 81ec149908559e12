import { useRef } from 'preact/hooks';
import type { InspectedObject, InspectedServer } from '../contract/contract.js';
import { Chart } from './chart.js';
import { countText, hashOf, numberText } from './formats.js';
import type { CallHistory } from './history.js';
import { ObjectView } from './object-view.js';
import type { ServerConnection } from './server-connection.js';

/** Objects whose views are kept while a person looks at others. */
const MAX_KEPT = 10;

interface ObjectsViewProps {
  server: InspectedServer;
  history: CallHistory;
  connection: ServerConnection;
  matches: (...texts: (string | null)[]) => boolean;
  /** The object that is shown. */
  objectId: string | undefined;
  allowCalls: boolean;
  /** False: a person looks at another view. */
  isShown: boolean;
}

/** The list of objects, and one of them. */
export function ObjectsView({ server, history, connection, matches, objectId, allowCalls, isShown }: ObjectsViewProps) {
  const shown = server.objects.filter((one) => matches(one.objectId, one.className, ...one.names, ...memberNames(one)));
  const selected = server.objects.find(({ objectId: id }) => objectId !== undefined && hashOf(id) === hashOf(objectId));
  const unlisted = server.objectCount - server.objects.length;
  // objects that the filter finds are listed first, so there are more of them only if nothing else is listed
  const isCut = unlisted > 0 && shown.length >= server.objects.length - 1;
  const kept = useKept(server.objects, selected);
  return (
    <div class={selected ? 'objects has-selected' : 'objects'} hidden={!isShown}>
      {isShown && (
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
          {isCut && (
            <p class="note more">{countText(unlisted, 'further object')} not listed (maxListed): the filter finds them.</p>
          )}
        </section>
      )}
      {kept.map((object) => (
        <ObjectView
          key={object.objectId}
          {...{ object, server, history, connection, allowCalls }}
          isShown={isShown && object === selected}
        />
      ))}
      {!selected && (
        <p class="empty">{objectId === undefined ? 'Choose an object.' : `There is no object ${objectId} any more.`}</p>
      )}
    </div>
  );
}

/** The objects whose views are kept: the selected one, and the latest that were selected before. */
function useKept(objects: readonly InspectedObject[], selected: InspectedObject | undefined): InspectedObject[] {
  const kept = useRef(new Map<string, InspectedObject>()).current;
  for (const object of objects) if (kept.has(object.objectId)) kept.set(object.objectId, object);
  if (selected) kept.set(selected.objectId, selected);
  for (const objectId of kept.keys()) if (kept.size > MAX_KEPT && objectId !== selected?.objectId) kept.delete(objectId);
  return [...kept.values()];
}

interface EntryProps {
  object: InspectedObject;
  server: InspectedServer;
  history: CallHistory;
  isSelected: boolean;
}

function Entry({ object, server, history, isSelected }: EntryProps) {
  const { objectId, names, className, calls, failures } = object;
  return (
    <li>
      <a href={`#objects/${hashOf(objectId)}`} aria-current={isSelected ? 'true' : undefined}>
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
