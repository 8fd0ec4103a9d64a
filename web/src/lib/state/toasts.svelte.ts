// Short notices at the edge, with an undo where there is one. `later` is how an act that cannot be taken back gets one: it waits first.
import { problemText } from '$lib/api/problem';

export interface Toast {
  id: number;
  text: string;
  kind: 'done' | 'bad';
  command?: string;
  undo?: () => void;
}

const SHOWN = 6000;
const WAITED = 5000;
let next = 1;

class Toasts {
  list = $state<Toast[]>([]);

  show(toast: Omit<Toast, 'id'>, milliseconds = SHOWN): number {
    const id = next++;
    this.list = [...this.list.slice(-3), { ...toast, id }];
    if (milliseconds > 0) setTimeout(() => this.drop(id), milliseconds);
    return id;
  }

  drop(id: number): void {
    this.list = this.list.filter((toast) => toast.id !== id);
  }
}

export const toasts = new Toasts();

export function done(text: string, options: { command?: string; undo?: () => void } = {}): void {
  toasts.show({ text, kind: 'done', ...options });
}

export function failed(error: unknown): void {
  toasts.show({ text: problemText(error), kind: 'bad' }, 10000);
}

/** Runs `act` unless it is undone within five seconds, or at once when the page is left. `revert` puts back what the page showed. */
export function later(text: string, act: () => Promise<unknown>, revert: () => void, command?: string): void {
  let over = false;
  const run = () => {
    if (over) return;
    over = true;
    removeEventListener('pagehide', run);
    clearTimeout(timer);
    toasts.drop(id);
    act().catch((error: unknown) => {
      revert();
      failed(error);
    });
  };
  const undo = () => {
    if (over) return;
    over = true;
    removeEventListener('pagehide', run);
    clearTimeout(timer);
    toasts.drop(id);
    revert();
  };
  const timer = setTimeout(run, WAITED);
  addEventListener('pagehide', run);
  const id = toasts.show({ text, kind: 'done', command, undo }, 0);
}
