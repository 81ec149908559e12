import { useId, useState } from 'preact/hooks';
import type { InspectedObject, InspectedServer } from '../contract/contract.js';
import { AttributeForm } from './attribute-form.js';
import type { Caller } from './caller.js';
import { Chart } from './chart.js';
import { durationText, numberText, signatureOf } from './formats.js';
import type { CallHistory } from './history.js';
import { MethodForm } from './method-form.js';
import type { ServerConnection } from './server-connection.js';

interface ObjectViewProps {
  object: InspectedObject;
  server: InspectedServer;
  history: CallHistory;
  connection: ServerConnection;
  allowCalls: boolean;
  /** False: a person looks at another part of the page. The view keeps what was typed, and results that come meanwhile. */
  isShown: boolean;
}

/** The page of an object: its class, how it is called, and a form for each member. */
export function ObjectView({ object, server, history, connection, allowCalls, isShown }: ObjectViewProps) {
  const title = useId();
  const [handshake, setHandshake] = useState('');
  const { objectId, uri, members } = object;
  const caller: Caller = {
    connection,
    server: server.id,
    objectId,
    uri,
    needs: server.needs,
    handshake: handshake === '' ? null : handshake,
    isAllowed: allowCalls && uri !== null,
    isShown,
  };
  return (
    <article aria-labelledby={title} class="object" hidden={!isShown}>
      <a class="back" href="#objects">
        ← All objects
      </a>
      <h2 id={title}>{objectId}</h2>
      <Facts object={object} />
      <Charts {...{ object, server, history }} />
      {uri === null ? (
        <p class="note">No URI can have this id, so no program can call the object.</p>
      ) : allowCalls ? (
        <label class="field">
          <span>
            Handshake data <span class="note">JSON or a text; empty: Pyro's default</span>
          </span>
          <input
            type="text"
            autocomplete="off"
            value={handshake}
            onInput={({ currentTarget }) => setHandshake(currentTarget.value)}
          />
        </label>
      ) : (
        <p class="note">The inspector only shows. Its option allowCalls lets it call methods and read attributes.</p>
      )}
      {members === null ? (
        <p class="empty">
          The members are not known: the object has gone, or its daemon does not tell them, or was not asked yet.
        </p>
      ) : (
        members.map((member) => (
          <details key={`${member.kind} ${member.name}`} class="member">
            <summary>
              <code>{signatureOf(member)}</code>
            </summary>
            {member.doc !== undefined && <p class="doc">{member.doc}</p>}
            {member.kind === 'method' ? <MethodForm {...{ member, caller }} /> : <AttributeForm {...{ member, caller }} />}
          </details>
        ))
      )}
    </article>
  );
}

function Facts({ object: { uri, names, className, instanceMode, isGuarded, isLeased } }: { object: InspectedObject }) {
  const facts: [string, string | null][] = [
    ['URI', uri],
    ['Names', names.length === 0 ? null : names.join(', ')],
    ['Class', className],
    ['Instances', instanceMode],
    ['Guards', isGuarded ? 'handshake guards decide who may use it' : null],
    ['Lease', isLeased ? 'registered until its leases are released' : null],
  ];
  return (
    <dl class="facts">
      {facts
        .filter(([, value]) => value !== null)
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

function Charts({ object, server, history }: Pick<ObjectViewProps, 'object' | 'server' | 'history'>) {
  if (object.calls === null) return null;
  const points = history.of(server.id, object.objectId);
  const latency = points.map(({ latencyMs }) => latencyMs).findLast((value) => value !== null);
  return (
    <div class="charts">
      <figure>
        <figcaption>Calls {numberText(points.at(-1)?.rate ?? null)} /s</figcaption>
        <Chart label="Calls for each second" unit="/s" values={points.map(({ rate }) => rate)} />
      </figure>
      <figure>
        <figcaption>Failures {numberText(points.at(-1)?.failureRate ?? null)} /s</figcaption>
        <Chart label="Failures for each second" unit="/s" kind="failure" values={points.map(({ failureRate }) => failureRate)} />
      </figure>
      <figure>
        <figcaption>Duration {latency === undefined || latency === null ? '–' : durationText(latency)}</figcaption>
        <Chart label="Mean duration" unit="ms" kind="latency" values={points.map(({ latencyMs }) => latencyMs)} />
      </figure>
    </div>
  );
}
