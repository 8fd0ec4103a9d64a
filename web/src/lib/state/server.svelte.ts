// What the program is and how it fares: read once, kept fresh by events, read again when some were missed.
import { api } from '$lib/api/client';
import { follow, on } from '$lib/api/events.svelte';
import { session } from '$lib/state/session.svelte';
import type { Log, Status } from '$lib/api/types';

/** What only time brings (a certificate near its end) nobody tells of where no mail comes. */
const HOUR = 3600e3;

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

  /** While the shell stands. */
  watch(): () => void {
    if (!session.looksOn) return () => {};
    void this.refresh();
    const timer = setInterval(() => document.visibilityState === 'visible' && void this.refresh(), HOUR);
    const stops = [
      on('status', (part) => {
        if (this.status) this.status = { ...this.status, ...part };
      }),
      on('log', (log) => (this.log = log)),
      follow(['revision'], () => void this.refresh()),
    ];
    return () => {
      clearInterval(timer);
      for (const stop of stops) stop();
    };
  }
}

export const server = new Server();
