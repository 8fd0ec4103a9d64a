// A list that is read page by page. Must be made while a component starts.
import { untrack } from 'svelte';
import { follow, type Name } from '$lib/api/events.svelte';

interface Page<T> {
  items: T[];
  next?: string;
}

export class Pages<T> {
  items = $state.raw<T[]>([]);
  error = $state.raw<unknown>(null);
  loaded = $state(false);
  loading = $state(false);
  slow = $state(false);
  next = $state<string>();
  private turn = 0;

  constructor(private read: (cursor: string | undefined, limit: number) => Promise<Page<T>>) {}

  /** Reads anew, as many rows as are shown. */
  async refresh(): Promise<void> {
    await this.take(undefined, Math.min(1000, Math.max(100, this.items.length)));
  }
  /** Reads the first page of another list: what is shown is of the one before until then. */
  protected async restart(): Promise<void> {
    this.loaded = false;
    this.next = undefined;
    await this.take(undefined, 100);
  }
  async more(): Promise<void> {
    if (this.next && !this.loading) await this.take(this.next, 100);
  }

  private async take(cursor: string | undefined, limit: number): Promise<void> {
    const turn = ++this.turn;
    this.loading = true;
    const timer = setTimeout(() => turn === this.turn && (this.slow = true), 100);
    try {
      const page = await this.read(cursor, limit);
      if (turn !== this.turn) return;
      this.items = cursor ? [...this.items, ...page.items] : page.items;
      this.next = page.next;
      this.error = null;
      this.loaded = true;
    } catch (error) {
      if (turn === this.turn) this.error = error;
    } finally {
      clearTimeout(timer);
      if (turn === this.turn) {
        this.loading = false;
        this.slow = false;
      }
    }
  }
}

/** Reads when the component starts, again when anything that `depends` reads changes, and after each of the events that it `follows`. */
export function pages<T>(
  read: (cursor: string | undefined, limit: number) => Promise<Page<T>>,
  options: { depends?: () => unknown; follows?: readonly Name[]; every?: number } = {},
): Pages<T> {
  const made = new Pages(read);
  $effect(() => {
    options.depends?.();
    untrack(() => void made.refresh());
  });
  const follows = options.follows;
  if (follows) $effect(() => follow(follows, () => void made.refresh(), options.every));
  return made;
}
