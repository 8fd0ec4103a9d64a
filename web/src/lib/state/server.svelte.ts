// What the program is and how it fares: read once, kept fresh by events, read again when they stop.
import { api } from '$lib/api/client';
import { on } from '$lib/api/events.svelte';
import { session } from '$lib/state/session.svelte';
import type { Log, Status } from '$lib/api/types';

/** The seal of the log follows the commits, but not each of a busy second. */
const LOG_EVERY = 3000;

class Server {
  status = $state.raw<Status>();
  log = $state.raw<Log>();
  /** Steps of the set-up that are not done; null: not known. */
  open = $state<number | null>(null);

  async refresh(): Promise<void> {
    const [status, log, steps] = await Promise.allSettled([api.get('/status'), api.get('/log'), api.get('/checklist')]);
    if (status.status === 'fulfilled') this.status = status.value;
    if (log.status === 'fulfilled') this.log = log.value;
    if (steps.status === 'fulfilled') this.open = steps.value.items.filter((one) => !['done', 'not_needed'].includes(one.state)).length;
  }

  private logTimer: ReturnType<typeof setTimeout> | undefined;

  private grown(): void {
    this.logTimer ??= setTimeout(() => {
      this.logTimer = undefined;
      api.get('/log').then((log) => (this.log = log), () => {});
    }, LOG_EVERY);
  }

  /** While the shell stands: events, and every minute anew. */
  watch(): () => void {
    if (!session.looksOn) return () => {};
    void this.refresh();
    const timer = setInterval(() => document.visibilityState === 'visible' && void this.refresh(), 60000);
    const stops = [
      on('status', (part) => {
        if (this.status) this.status = { ...this.status, ...part };
      }),
      on('message', () => this.grown()),
      on('lost', () => void this.refresh()),
      on('revision', () => void this.refresh()),
    ];
    return () => {
      clearInterval(timer);
      for (const stop of stops) stop();
    };
  }
}

export const server = new Server();
