// The navigation, from top to bottom, in groups. `key` follows "g" on the keyboard; `roles` may see it (the program decides what they may do).
import type { Role } from '$lib/api/types';
import { t } from '$lib/i18n';
import type { IconName } from '$lib/icons/paths';

export interface Section {
  id: keyof typeof t.shell.sections & IconName;
  path: string;
  key: string;
  roles?: Role[];
}

const admins: Role[] = ['admin', 'domain_admin'];
const auditors: Role[] = ['admin', 'domain_admin', 'auditor'];

export const sections: Section[][] = [
  [
    { id: 'overview', path: '/', key: 'o' },
    { id: 'messages', path: '/messages', key: 'm' },
    { id: 'queue', path: '/queue', key: 'q' },
    { id: 'log', path: '/log', key: 'l' },
  ],
  [
    { id: 'setup', path: '/setup', key: 'p', roles: ['admin'] },
    { id: 'domains', path: '/domains', key: 'd', roles: auditors },
    { id: 'accounts', path: '/accounts', key: 'a', roles: auditors },
    { id: 'groups', path: '/groups', key: 'r', roles: auditors },
    { id: 'settings', path: '/settings', key: 's' },
  ],
  [
    { id: 'audit', path: '/audit', key: 'u', roles: ['admin', 'auditor'] },
    { id: 'explain', path: '/explain', key: 'x', roles: admins },
    { id: 'about', path: '/about', key: 'b' },
  ],
];
