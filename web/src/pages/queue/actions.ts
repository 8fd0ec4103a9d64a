import { api } from '$lib/api/client';
import type { Delivery } from '$lib/api/types';
import { quote } from '$lib/format';
import { t } from '$lib/i18n';
import { done, failed, later } from '$lib/state/toasts.svelte';

type Verb = 'retry' | 'hold' | 'release';
const calls = {
  retry: (id: string) => api.post('/queue/{id}/retry', { path: { id } }),
  hold: (id: string) => api.post('/queue/{id}/hold', { path: { id } }),
  release: (id: string) => api.post('/queue/{id}/release', { path: { id } }),
};
const said = { retry: t.queue.retried, hold: t.queue.holding, release: t.queue.released };

export async function change(verb: Verb, delivery: Delivery, then: () => void): Promise<void> {
  try {
    await calls[verb](delivery.id);
    const back = verb === 'hold' ? 'release' : verb === 'release' ? 'hold' : null;
    done(said[verb], { command: `bulla queue ${verb} ${quote(delivery.id)}`, undo: back ? () => void change(back, delivery, then) : undefined });
    then();
  } catch (error) {
    failed(error);
  }
}

/** Gives a delivery up, unless that is undone in time. */
export function giveUp(delivery: Delivery, notify: boolean, revert: () => void, then: () => void): void {
  later(
    t.queue.given(delivery.recipients[0] ?? delivery.destination),
    async () => {
      await api.delete('/queue/{id}', { path: { id: delivery.id }, query: { notify } });
      then();
    },
    revert,
    `bulla queue delete ${quote(delivery.id)}${notify ? ' --notify' : ''}`,
  );
}
