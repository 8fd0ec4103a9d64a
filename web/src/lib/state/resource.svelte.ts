// Something read from the API and shown: what is known, whether it is being read, what went wrong. Must be made while a component starts.
import { untrack } from 'svelte';
import { follow, type Name } from '$lib/api/events.svelte';

export class Resource<T> {
  value = $state.raw<T>();
  error = $state.raw<unknown>(null);
  loading = $state(false);
  /** Loading for more than 100 ms: only then is there something to show of it. */
  slow = $state(false);
  private controller: AbortController | null = null;

  constructor(
    private read: (signal: AbortSignal) => Promise<T>,
    private keep: boolean,
  ) {}

  async refresh(): Promise<void> {
    this.controller?.abort();
    const controller = new AbortController();
    this.controller = controller;
    this.loading = true;
    const timer = setTimeout(() => controller === this.controller && (this.slow = true), 100);
    try {
      const value = await this.read(controller.signal);
      if (controller !== this.controller) return;
      this.value = value;
      this.error = null;
    } catch (error) {
      if (controller !== this.controller) return;
      this.error = error;
      if (!this.keep) this.value = undefined;
    } finally {
      clearTimeout(timer);
      if (controller === this.controller) {
        this.loading = false;
        this.slow = false;
      }
    }
  }

  /** What an event told: no need to read it. */
  take(value: T): void {
    this.stop();
    this.loading = this.slow = false;
    this.value = value;
    this.error = null;
  }

  stop(): void {
    this.controller?.abort();
    this.controller = null;
  }
}

/**
 * Reads when the component starts, again when anything that `depends` reads changes, and after each of the events that it `follows` (once in `every`
 * milliseconds at most).
 */
export function resource<T>(
  read: (signal: AbortSignal) => Promise<T>,
  options: { depends?: () => unknown; follows?: readonly Name[]; every?: number; keep?: boolean } = {},
): Resource<T> {
  const made = new Resource(read, options.keep ?? true);
  $effect(() => {
    options.depends?.();
    untrack(() => void made.refresh());
    return () => made.stop();
  });
  const follows = options.follows;
  if (follows) $effect(() => follow(follows, () => void made.refresh(), options.every));
  return made;
}
