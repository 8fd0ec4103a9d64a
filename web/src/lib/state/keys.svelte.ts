// The keyboard: single keys and sequences such as "g m". Nothing is caught while somebody types.

import { untrack } from 'svelte';

export interface Shortcut {
  keys: string;
  text: string;
  group: 'everywhere' | 'list' | 'message';
  run: () => void;
}

class Keys {
  list = $state.raw<Shortcut[]>([]);

  /** Adds shortcuts until the answer is called: `$effect(() => keys.add([…]))`. Later ones win. */
  add(shortcuts: Shortcut[]): () => void {
    // An effect that adds must not depend on the list.
    untrack(() => (this.list = [...this.list, ...shortcuts]));
    return () => untrack(() => (this.list = this.list.filter((one) => !shortcuts.includes(one))));
  }
}
export const keys = new Keys();

const SEQUENCE = 900;
let pending = '';
let pendingSince = 0;

export function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

export function handleKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  if (document.querySelector('dialog[open]')) return;
  // These two belong to what has the focus.
  if (/^(Enter| )$/.test(event.key) && (event.target as Element).closest('a, button, summary, [role="tab"]')) return;
  const fresh = event.timeStamp - pendingSince < SEQUENCE;
  const typed = pending && fresh ? `${pending} ${event.key}` : event.key;
  pending = '';
  const found = keys.list.findLast((one) => one.keys === typed);
  if (found) {
    event.preventDefault();
    found.run();
  } else if (keys.list.some((one) => one.keys.startsWith(`${typed} `))) {
    pending = typed;
    pendingSince = event.timeStamp;
  }
}
