import { useState } from 'preact/hooks';

/** Shows a line of code, and copies it. */
export function CopyLine({ text, label }: { text: string; label: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async (event: MouseEvent): Promise<void> => {
    const button = event.currentTarget as HTMLButtonElement;
    setCopied(await copyText(text, button.previousElementSibling!));
  };
  return (
    <div class="copy-line">
      <code tabIndex={0} aria-label={label}>
        {text}
      </code>
      <button
        type="button"
        class="quiet"
        onClick={(event) => void copy(event)}
        onBlur={() => setCopied(false)}
        aria-label={`Copy: ${label}`}
      >
        {copied ? 'Copied' : 'Copy'}
      </button>
    </div>
  );
}

/** Browsers have no clipboard for pages that came without TLS from another machine: there the text is selected. */
async function copyText(text: string, element: Element): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    getSelection()?.selectAllChildren(element);
    return false;
  }
}
