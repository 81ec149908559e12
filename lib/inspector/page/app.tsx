import { TextFilter } from '../../daemon/inspection/text-filter.js';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { InspectedServer, InspectorState } from '../contract/contract.js';
import { ConnectionsView, FailuresView, LimitsView, NamesView, StreamsView, type TableViewProps } from './tables.js';
import { Boundary } from './boundary.js';
import { CallHistory } from './history.js';
import { ObjectsView } from './objects-view.js';
import { type FeedState, ServerConnection } from './server-connection.js';
import { Summary } from './summary.js';

const VIEWS = ['objects', 'connections', 'streams', 'limits', 'names', 'failures'] as const;
type ViewName = (typeof VIEWS)[number];

/** The part of the page that its address names: a view, and in the view of objects an object. */
interface PageAddress {
  view: ViewName;
  objectId: string | undefined;
}

/** Pause after which a person has typed a filter. */
const TYPING_MS = 300;

const FEED_TEXTS: Record<FeedState, string> = {
  connecting: 'connecting…',
  live: 'live',
  broken: 'ended: reload the page',
};

export function App({ base }: { base: string }) {
  const connection = useMemo(() => new ServerConnection(base), [base]);
  const history = useRef(new CallHistory()).current;
  const [state, setState] = useState<InspectorState>();
  const [feed, setFeed] = useState<FeedState>('connecting');
  const [isPaused, setPaused] = useState(false);
  const [serverId, setServerId] = useState<string>();
  const [filter, setFilter] = useState('');
  const place = usePageAddress();
  const paused = useRef(isPaused);
  paused.current = isPaused;

  const wanted = useLater(filter);
  const objectId = place.objectId ?? '';
  useEffect(
    () =>
      connection.watch(
        { filter: wanted, objectId },
        (next) => {
          history.add(next);
          if (!paused.current) setState(next);
        },
        setFeed,
      ),
    [connection, history, wanted, objectId],
  );
  useEffect(() => {
    const leave = (): void => connection.closeStreams();
    addEventListener('pagehide', leave);
    return () => removeEventListener('pagehide', leave);
  }, [connection]);

  const server = state?.servers.find(({ id }) => id === serverId) ?? state?.servers[0];
  return (
    <>
      <PageHeader servers={state?.servers ?? []} {...{ server, setServerId, feed, isPaused, setPaused }} />
      {server === undefined ? (
        <main>
          <p class="empty">{state ? 'No server listens yet.' : 'Waiting for the first snapshot…'}</p>
        </main>
      ) : (
        <>
          {server.error !== null && (
            <p class="failure" role="alert">
              {server.error}
            </p>
          )}
          <Summary server={server} history={history} />
          <Navigation {...{ server, filter, setFilter }} view={place.view} />
          <main>
            <View
              {...{ server, history, filter, connection }}
              view={server.snapshot === null ? 'objects' : place.view}
              objectId={place.objectId}
              allowCalls={state!.allowCalls}
            />
          </main>
        </>
      )}
    </>
  );
}

interface PageHeaderProps {
  servers: readonly InspectedServer[];
  server: InspectedServer | undefined;
  setServerId: (id: string) => void;
  feed: FeedState;
  isPaused: boolean;
  setPaused: (isPaused: boolean) => void;
}

function PageHeader({ servers, server, setServerId, feed, isPaused, setPaused }: PageHeaderProps) {
  return (
    <header>
      <h1>Pyro inspector</h1>
      {servers.length > 1 && (
        <label class="server">
          Server{' '}
          <select value={server?.id} onChange={({ currentTarget }) => setServerId(currentTarget.value)}>
            {servers.map(({ id }) => (
              <option key={id} value={id}>
                {id}
              </option>
            ))}
          </select>
        </label>
      )}
      <span class="where">{server?.location ?? ''}</span>
      <span class={`feed ${isPaused ? 'paused' : feed}`} role="status">
        {isPaused ? 'paused' : FEED_TEXTS[feed]}
      </span>
      <button type="button" class="quiet" aria-pressed={isPaused} onClick={() => setPaused(!isPaused)}>
        Pause
      </button>
    </header>
  );
}

interface NavigationProps {
  server: InspectedServer;
  /** The view that is shown. */
  view: ViewName;
  filter: string;
  setFilter: (filter: string) => void;
}

function Navigation({ server, view: shown, filter, setFilter }: NavigationProps) {
  return (
    <nav aria-label="Views">
      <ul>
        {VIEWS.filter((view) => view === 'objects' || server.snapshot !== null).map((view) => (
          <li key={view}>
            <a href={`#${view}`} aria-current={shown === view ? 'page' : undefined}>
              {view[0]!.toUpperCase() + view.slice(1)} <span class="count">{countOf(server, view)}</span>
            </a>
          </li>
        ))}
      </ul>
      <label class="filter">
        Filter <input type="search" value={filter} onInput={({ currentTarget }) => setFilter(currentTarget.value)} />
      </label>
    </nav>
  );
}

interface ViewProps extends PageAddress {
  server: InspectedServer;
  history: CallHistory;
  filter: string;
  connection: ServerConnection;
  allowCalls: boolean;
}

/** The view of objects stays while another one is shown, with all that was typed there. */
function View({ view, server, filter, ...rest }: ViewProps) {
  const wanted = new TextFilter(filter);
  const matches = (...texts: (string | null)[]): boolean => wanted.fits(texts);
  return (
    <>
      <Boundary key={server.id} what="the objects">
        <ObjectsView {...rest} {...{ server, matches }} isShown={view === 'objects'} />
      </Boundary>
      {view !== 'objects' && (
        <Boundary key={view} what={`the ${view}`}>
          <SnapshotView {...{ view, matches }} snapshot={server.snapshot!} />
        </Boundary>
      )}
    </>
  );
}

function SnapshotView({ view, ...rest }: TableViewProps & { view: Exclude<ViewName, 'objects'> }) {
  switch (view) {
    case 'connections':
      return <ConnectionsView {...rest} />;
    case 'streams':
      return <StreamsView {...rest} />;
    case 'limits':
      return <LimitsView {...rest} />;
    case 'names':
      return <NamesView {...rest} />;
    case 'failures':
      return <FailuresView {...rest} />;
  }
}

function countOf({ objectCount, snapshot }: InspectedServer, view: ViewName): string {
  if (view === 'objects') return String(objectCount);
  if (view === 'connections') return String(snapshot!.totals.connectionsOpen);
  return view === 'limits' ? '' : String(snapshot![view].length);
}

/** The text that stays for a moment: a text is asked for when a person has typed it. */
function useLater(text: string): string {
  const [later, setLater] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setLater(text), TYPING_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return later;
}

function usePageAddress(): PageAddress {
  const [place, setPlace] = useState(readPageAddress);
  useEffect(() => {
    const read = (): void => setPlace(readPageAddress());
    addEventListener('hashchange', read);
    return () => removeEventListener('hashchange', read);
  }, []);
  return place;
}

function readPageAddress(): PageAddress {
  const [view = '', id] = location.hash.slice(1).split('/', 2);
  return { view: VIEWS.find((name) => name === view) ?? 'objects', objectId: id ? decoded(id) : undefined };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
