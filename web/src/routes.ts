// Every page has an address. The key is its pattern; `section` is the entry of the navigation that is marked.
import { t } from '$lib/i18n';
import type { Routes } from '$lib/state/router.svelte';

const names = t.shell.sections;

export const routes: Routes = {
  '/': { section: 'overview', title: names.overview, load: () => import('./pages/overview/Overview.svelte') },
  '/setup': { section: 'setup', title: names.setup, load: () => import('./pages/setup/Setup.svelte') },
  '/messages': { section: 'messages', title: names.messages, load: () => import('./pages/messages/Messages.svelte') },
  '/messages/:id': { section: 'messages', title: names.messages, load: () => import('./pages/messages/MessagePage.svelte') },
  '/queue': { section: 'queue', title: names.queue, load: () => import('./pages/queue/Queue.svelte') },
  '/queue/:id': { section: 'queue', title: names.queue, load: () => import('./pages/queue/DeliveryPage.svelte') },
  '/log': { section: 'log', title: names.log, load: () => import('./pages/log/Log.svelte') },
  '/domains': { section: 'domains', title: names.domains, load: () => import('./pages/domains/Domains.svelte') },
  '/domains/:name': { section: 'domains', title: names.domains, load: () => import('./pages/domains/DomainPage.svelte') },
  '/signing': { section: 'signing', title: names.signing, load: () => import('./pages/signing/Signing.svelte') },
  '/accounts': { section: 'accounts', title: names.accounts, load: () => import('./pages/accounts/Accounts.svelte') },
  '/accounts/:login': { section: 'accounts', title: names.accounts, load: () => import('./pages/accounts/AccountPage.svelte') },
  '/groups': { section: 'groups', title: names.groups, load: () => import('./pages/groups/Groups.svelte') },
  '/groups/:name': { section: 'groups', title: names.groups, load: () => import('./pages/groups/GroupPage.svelte') },
  '/signers/:id': { section: 'groups', title: names.groups, load: () => import('./pages/groups/SignerPage.svelte') },
  '/settings': { section: 'settings', title: names.settings, load: () => import('./pages/settings/Settings.svelte') },
  '/audit': { section: 'audit', title: names.audit, load: () => import('./pages/audit/Audit.svelte') },
  '/explain': { section: 'explain', title: names.explain, load: () => import('./pages/explain/Explain.svelte') },
  '/about': { section: 'about', title: names.about, load: () => import('./pages/about/About.svelte') },
  '/me': { section: 'me', title: names.me, load: () => import('./pages/me/Me.svelte') },
};
