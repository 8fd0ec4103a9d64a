// What verification found, by message. Rows in sight that nobody has checked are checked by themselves, two at a time.
import { untrack } from 'svelte';
import { SvelteMap } from 'svelte/reactivity';
import { api } from '$lib/api/client';
import type { Check, Message, Verification } from '$lib/api/types';
import type { Link } from '$lib/seal/geometry';
import type { SealState } from '$lib/seal/svg';

const AT_ONCE = 2;
/** An older result is not worth its green any more. */
const STALE = 24 * 3600e3;

/** The seal is the whole chain (content, leaf, tree, checkpoint); the check is that of the signature: an unsigned message may hang on a whole seal. */
export type SealSeen = Message['seal'];

export interface Seen {
  check: Check;
  seal: SealSeen;
  busy: boolean;
  broken?: Link;
  at?: string | null;
  verification?: Verification;
}

type Subject = Pick<Message, 'id' | 'check' | 'seal' | 'checked'>;

const fromRow = (message: Subject): Seen => ({ check: message.check, seal: message.seal, busy: false, at: message.checked });

class Checks {
  private known = new SvelteMap<string, Seen>();
  private waiting: string[] = [];
  private running = 0;

  of(message: Subject): Seen {
    return this.known.get(message.id) ?? fromRow(message);
  }

  async verify(message: Subject): Promise<Verification> {
    const before = this.of(message);
    this.known.set(message.id, { ...before, busy: true });
    try {
      const found = await api.post('/messages/{id}/verify', { path: { id: message.id } });
      this.known.set(message.id, {
        check: found.state, seal: found.seal, busy: false, broken: found.broken, at: found.at ?? new Date().toISOString(), verification: found,
      });
      return found;
    } catch (error) {
      this.known.set(message.id, before);
      throw error;
    }
  }

  /** The messages whose rows are in sight; those that left it before their turn are not asked for. */
  inSight(messages: readonly Message[]): void {
    untrack(() => this.queue(messages));
  }

  private queue(messages: readonly Message[]): void {
    const due = messages.filter((m) => {
      const seen = this.of(m);
      if (seen.busy || seen.verification || seen.seal === 'none' || seen.check === 'disabled') return false;
      return sealState(seen) !== 'whole' || !seen.at || Date.now() - Date.parse(seen.at) > STALE;
    });
    this.waiting = due.map((m) => m.id);
    for (const m of due) if (!this.known.has(m.id)) this.known.set(m.id, fromRow(m));
    this.next();
  }

  private next(): void {
    while (this.running < AT_ONCE && this.waiting.length > 0) {
      const id = this.waiting.shift()!;
      const seen = this.known.get(id);
      if (!seen || seen.busy || seen.verification) continue;
      this.running++;
      this.verify({ id, check: seen.check, seal: seen.seal, checked: seen.at ?? null })
        // The row stays as it was; whoever clicks it is told why.
        .catch(() => (this.waiting = []))
        .finally(() => {
          this.running--;
          this.next();
        });
    }
  }
}

export const checks = new Checks();

/** One broken link cracks the disc, the signature's too; it is whole only when nothing is left to check. */
export function sealState(seen: Pick<Seen, 'check' | 'seal'>): SealState {
  if (seen.check === 'failed' || seen.seal === 'cracked') return 'cracked';
  return seen.seal === 'whole' && seen.check !== 'unchecked' ? 'whole' : 'blank';
}

/** Where the crack stands; before the links are known one by one, as near as the row tells. */
export function brokenLink(seen: Pick<Seen, 'check' | 'seal' | 'broken'>): Link {
  return seen.broken ?? (seen.check === 'failed' && seen.seal !== 'cracked' ? 'signature' : 'content');
}
