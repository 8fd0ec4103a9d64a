// Every page has an address. The key is its pattern; `section` is the entry of the navigation that is marked.
import { t } from '$lib/i18n';
import type { Routes } from '$lib/state/router.svelte';

const names = t.shell.sections;

export const routes: Routes = {
  '/': { section: 'overview', title: names.overview, load: () => import('./pages/overview/Overview.svelte') },
  '/setup': { section: 'setup', title: names.setup, load: () => import('./pages/setup/Setup.svelte') },
  '/messages': { section: 'messages', title: names.messages, load: () => import('./pages/messages/Messages.svelte') },
  '/messages/:id': { section: 'messages', title: names.messages, load: () => import('./pages/messages/MessagePage.svelte') },
};
