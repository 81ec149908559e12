import { Component, type ComponentChildren } from 'preact';

interface BoundaryProps {
  /** The part that may not be drawn: `this view`. */
  what: string;
  children: ComponentChildren;
}

/** Shows an error in place of a part of the page that cannot be drawn. Without this, the page would stay as it was, and look alive. */
export class Boundary extends Component<BoundaryProps, { error?: unknown }> {
  static override getDerivedStateFromError(error: unknown): { error: unknown } {
    return { error };
  }

  override render({ what, children }: BoundaryProps, state: { error?: unknown }) {
    if (!('error' in state)) return children;
    return (
      <p class="failure" role="alert">
        The page cannot draw {what}: {String(state.error)}. Reload the page.
      </p>
    );
  }
}
