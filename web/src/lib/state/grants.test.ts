import { describe, expect, it } from 'vitest';
import { granted, grants } from './grants';

describe('grants', () => {
  it('c3_5 offers an auditor nothing that changes anything', () => {
    for (const call of ['queue.retry', 'queue.delete', 'settings.set', 'account.add', 'domain.add', 'group.add', 'signer.create', 'dkim.add']) {
      expect(granted(grants.auditor, call), call).toBe(false);
    }
    expect(granted(grants.auditor, 'archive.list')).toBe(true);
  });
  it('c3_5 offers a domain administrator the accounts and keys of the domain', () => {
    expect(granted(grants.domain_admin, 'dkim.add')).toBe(true);
    expect(granted(grants.domain_admin, 'account.passwd')).toBe(true);
    expect(granted(grants.domain_admin, 'account.role')).toBe(false);
    expect(granted(grants.domain_admin, 'domain.add')).toBe(false);
  });
  it('c3_5 offers an administrator everything and a user nothing of others', () => {
    expect(granted(grants.admin, 'signer.retire')).toBe(true);
    expect(granted(grants.user, 'queue.list')).toBe(false);
  });
});
