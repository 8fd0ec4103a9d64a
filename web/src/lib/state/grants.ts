// What each role may call, as src/services/access.cpp has it: a name, or with a dot at its end all calls that begin so. It decides what is offered, not what is allowed.
import type { Role } from '$lib/api/types';

const own = ['auth.', 'session.', 'token.', 'totp.', 'events'];
const looking = ['domain.list', 'settings.get', 'settings.list', 'dkim.list', 'dns.check'];

export const grants: Record<Role, readonly string[]> = {
  user: [...own, 'account.list'],
  domain_admin: [
    ...own, ...looking, 'dkim.', 'settings.set', 'settings.reset', 'account.list', 'account.add', 'account.passwd', 'account.disable', 'account.address',
    'account.rename', 'account.remove',
  ],
  auditor: [
    ...own, ...looking, 'account.list', 'signer.list', 'group.list', 'queue.list', 'queue.show', 'archive.', 'log.', 'job.', 'explain', 'stats', 'search', 'status',
    'audit.list', 'setup.checklist',
  ],
  admin: ['*'],
};

export function granted(list: readonly string[], call: string): boolean {
  return list.some((one) => one === '*' || one === call || (one.endsWith('.') && call.startsWith(one)));
}
