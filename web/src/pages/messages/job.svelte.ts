// A bulk verification and its progress: told by events, asked for when they do not come.
import { api } from '$lib/api/client';
import { on } from '$lib/api/events.svelte';
import type { Job } from '$lib/api/types';
import { failed } from '$lib/state/toasts.svelte';

const ASK_EVERY = 700;

class BulkVerification {
  job = $state.raw<Job | null>(null);
  all = $state(false);
  busy = $state(false);
  private timer: ReturnType<typeof setInterval> | undefined;
  private stop: (() => void) | undefined;

  async start(ids: string[] | 'all'): Promise<void> {
    this.busy = true;
    this.all = ids === 'all';
    try {
      this.take(await api.post('/messages/verify', { body: ids === 'all' ? { all: true } : { ids } }));
      this.watch();
    } catch (error) {
      failed(error);
    } finally {
      this.busy = false;
    }
  }

  async cancel(): Promise<void> {
    const id = this.job?.id;
    if (!id) return;
    try {
      await api.delete('/jobs/{id}', { path: { id } });
      this.take(await api.get('/jobs/{id}', { path: { id } }));
    } catch (error) {
      failed(error);
    }
  }

  close(): void {
    this.unwatch();
    this.job = null;
  }

  private take(job: Job): void {
    this.job = job;
    if (job.state !== 'running') this.unwatch();
  }

  private watch(): void {
    this.unwatch();
    if (this.job?.state !== 'running') return;
    const id = this.job.id;
    this.stop = on('job', (job) => job.id === id && this.take(job));
    this.timer = setInterval(() => {
      void api.get('/jobs/{id}', { path: { id } }).then((job) => this.take(job), (error: unknown) => {
        this.unwatch();
        failed(error);
      });
    }, ASK_EVERY);
  }

  private unwatch(): void {
    clearInterval(this.timer);
    this.stop?.();
    this.stop = undefined;
  }
}

export const bulk = new BulkVerification();
