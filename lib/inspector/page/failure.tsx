import type { ShownError } from '../contract/contract.js';

/** An error, with the tracebacks of both sides. */
export function Failure({ error: { type, message, remoteTraceback, localTraceback } }: { error: ShownError }) {
  return (
    <div class="failure">
      <p>
        <strong>{type}</strong> {message}
      </p>
      <Traceback title="Traceback of the object" lines={remoteTraceback} isOpen />
      <Traceback title="Stack of the inspector" lines={localTraceback} />
    </div>
  );
}

function Traceback({ title, lines, isOpen = false }: { title: string; lines: readonly string[]; isOpen?: boolean }) {
  if (lines.length === 0) return null;
  return (
    <details open={isOpen}>
      <summary>{title}</summary>
      <pre tabIndex={0} role="region" aria-label={title}>
        {lines.join('\n')}
      </pre>
    </details>
  );
}
