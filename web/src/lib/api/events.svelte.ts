// What happens now (GET /events): one stream for all pages, opened while somebody listens, opened again when it breaks.
import { untrack } from 'svelte';
import { BASE } from './client';
import type { Delivery, Job, Log, Message, Status } from './types';

export interface Events {
  message: Message;
  delivery: Delivery;
  status: Partial<Status>;
  job: Job;
  revision: { revision: number };
  traffic: Record<string, never>;
  log: Log;
  lost: Record<string, never>;
}
export type Name = keyof Events;
const NAMES: Name[] = ['message', 'delivery', 'status', 'job', 'revision', 'traffic', 'log', 'lost'];
const FIRST_WAIT = 1000;
const LONGEST_WAIT = 30000;
/** Of events that come together, the last is waited for. */
const TOGETHER = 300;

type Listener = (data: never) => void;
const listeners = new Map<Name, Set<Listener>>();
let source: EventSource | null = null;
let wait = FIRST_WAIT;
let timer: ReturnType<typeof setTimeout> | undefined;
let missed = false;

class Live {
  /** Whether the stream is open; the shell says so when it is not. */
  state = $state<'off' | 'connecting' | 'open'>('off');
}
export const live = new Live();

const wanted = () => [...listeners.values()].some((set) => set.size > 0);

function open(): void {
  if (source || document.hidden || !wanted()) return;
  live.state = 'connecting';
  source = new EventSource(`${BASE}/events`);
  source.onopen = () => {
    // What was missed meanwhile is not sent again: readers read anew.
    if (wait > FIRST_WAIT || missed) emit('lost', {});
    missed = false;
    wait = FIRST_WAIT;
    live.state = 'open';
  };
  source.onerror = () => {
    close();
    if (!wanted()) return;
    live.state = 'connecting';
    timer = setTimeout(open, wait * (0.75 + Math.random() / 2));
    wait = Math.min(wait * 2, LONGEST_WAIT);
  };
  for (const name of NAMES) {
    source.addEventListener(name, (event) => {
      try {
        emit(name, JSON.parse((event as MessageEvent<string>).data || '{}'));
      } catch {
        emit('lost', {});
      }
    });
  }
}

function emit<N extends Name>(name: N, data: Events[N]): void {
  for (const run of listeners.get(name) ?? []) (run as (data: Events[N]) => void)(data);
}

function close(): void {
  source?.close();
  source = null;
  live.state = 'off';
}

// A browser has six connections to a host, for all its tabs: who does not look on must not hold one.
function rest(): void {
  clearTimeout(timer);
  if (source) missed = true;
  close();
}

addEventListener('pagehide', rest);
addEventListener('pageshow', open);
document.addEventListener('visibilitychange', () => (document.hidden ? rest() : open()));

/** Listens to one kind of event; the answer stops it. In a component: `$effect(() => on('message', …))`. */
export function on<N extends Name>(name: N, run: (data: Events[N]) => void): () => void {
  const set = listeners.get(name) ?? new Set<Listener>();
  listeners.set(name, set.add(run as Listener));
  untrack(open);
  return () => {
    set.delete(run as Listener);
    // Pages change listeners when they change places; the stream stays open through that.
    setTimeout(() => {
      if (!wanted()) {
        clearTimeout(timer);
        close();
      }
    }, 2000);
  };
}

/** Reads anew after any of these events, and after some were missed: a moment later, and once in `every` milliseconds at most. */
export function follow(names: readonly Name[], read: () => void, every = 1000): () => void {
  let due: ReturnType<typeof setTimeout> | undefined;
  let last = 0;
  const soon = () => {
    due ??= setTimeout(() => {
      due = undefined;
      last = Date.now();
      read();
    }, Math.max(TOGETHER, last + every - Date.now()));
  };
  const stops = [...names, 'lost' as const].map((name) => on(name, soon));
  return () => {
    clearTimeout(due);
    for (const stop of stops) stop();
  };
}
