// The rows of the list: read page by page as they come into sight. It outlives the page, so that the way back from a message leads to the same place.
import { untrack } from 'svelte';
import { api } from '$lib/api/client';
import type { Message } from '$lib/api/types';
import { Pages } from '$lib/state/pages.svelte';
import type { Filters } from './filter';

class MessageList extends Pages<Message> {
  fresh = $state.raw<Message[]>([]);
  current = $state(-1);
  scroll = 0;
  private key = '{}';

  constructor() {
    super((cursor, limit) => api.get('/messages', { query: { ...(JSON.parse(this.key) as Filters), limit, cursor } as never }));
  }

  /** Shows what these filters find; the rows that are there stay when they are the same. */
  show(filters: Filters): boolean {
    const key = JSON.stringify(filters);
    return untrack(() => {
      if (key === this.key && this.loaded) return false;
      this.key = key;
      void this.reload();
      return true;
    });
  }

  async reload(): Promise<void> {
    this.current = -1;
    this.fresh = [];
    await this.restart();
  }

  /** A message that came now: shown at once above the others, or held back while somebody reads further down. */
  arrived(message: Message, atOnce: boolean): void {
    if (this.items.some((m) => m.id === message.id) || this.fresh.some((m) => m.id === message.id)) return;
    if (atOnce) this.items = [message, ...this.items];
    else this.fresh = [message, ...this.fresh];
  }

  takeFresh(): void {
    this.items = [...this.fresh, ...this.items];
    this.fresh = [];
  }

  /** The neighbour of a message in the list as it was shown last. */
  neighbour(id: string, step: 1 | -1): Message | undefined {
    const i = this.items.findIndex((m) => m.id === id);
    return i < 0 ? undefined : this.items[i + step];
  }
}

export const list = new MessageList();
