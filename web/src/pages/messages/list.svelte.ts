// The rows of the list: read page by page as they come into sight. It outlives the page, so that the way back from a message leads to the same place.
import { untrack } from 'svelte';
import { api } from '$lib/api/client';
import type { Message } from '$lib/api/types';
import type { Filters } from './filter';

const PAGE = 100;

class MessageList {
  items = $state.raw<Message[]>([]);
  fresh = $state.raw<Message[]>([]);
  loaded = $state(false);
  slow = $state(false);
  error = $state.raw<unknown>(null);
  current = $state(-1);
  scroll = 0;
  private key = '';
  private next: string | undefined;
  private reading = false;
  private turn = 0;

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
    this.turn++;
    this.reading = false;
    this.next = undefined;
    this.loaded = false;
    this.current = -1;
    this.fresh = [];
    await this.read([]);
  }

  async more(): Promise<void> {
    if (this.next && !this.reading) await this.read(this.items);
  }

  private async read(before: Message[]): Promise<void> {
    const turn = this.turn;
    this.reading = true;
    const timer = setTimeout(() => turn === this.turn && !this.loaded && (this.slow = true), 100);
    try {
      const filters = JSON.parse(this.key) as Filters;
      const page = await api.get('/messages', { query: { ...filters, limit: PAGE, cursor: before.length ? this.next : undefined } as never });
      if (turn !== this.turn) return;
      this.items = before.length ? [...before, ...page.items] : page.items;
      this.next = page.next;
      this.error = null;
      this.loaded = true;
    } catch (error) {
      if (turn === this.turn) this.error = error;
    } finally {
      clearTimeout(timer);
      if (turn === this.turn) {
        this.reading = false;
        this.slow = false;
      }
    }
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
