import { describe, expect, it } from 'vitest';
import type { Setting } from '$lib/api/types';
import { sentence } from '$lib/text';
import { addressProblem, domainFlags, lines } from './accounts/form';
import { auditFiltersOf, detailsOf, parseAuditFilter } from './audit/filter';
import { domainProblem, nextSelector, pemProblem, selectorProblem } from './domains/names';
import { authorOf, commandOf, firstLines, questionOf, sample } from './explain/mail';
import { groupCommand, kindOf, nameProblem, patternProblem, patterns, typeFlags } from './groups/forms';
import { programOf } from './me/agent';
import { parseScope, scopeFlags, scopeText, settable, shown, sourceOf, valueProblem } from './settings/values';
import { quote } from '$lib/format';
import type { Attention } from '$lib/api/types';
import { describe as describeAttention } from './overview/attention';

describe('c3_5 what people type on the pages', () => {
  it('tells names of domains, selectors and keys from others', () => {
    expect(['example.org', 'müller-söhne.example', 'xn--mller-kva.example'].map(domainProblem)).toEqual(['', '', '']);
    for (const wrong of ['example', 'a@b.org', '.org', 'a..b', '-a.org', 'a b.org', `${'x'.repeat(64)}.org`]) expect(domainProblem(wrong), wrong).not.toBe('');
    expect(['s2026', 's1.mail', 'a-b'].map(selectorProblem)).toEqual(['', '', '']);
    for (const wrong of ['-a', 'a.', 'a_b', 'ä', 'a b']) expect(selectorProblem(wrong), wrong).not.toBe('');
    expect(pemProblem('-----BEGIN PRIVATE KEY-----\n')).toBe('');
    expect(pemProblem('-----BEGIN PUBLIC KEY-----\n')).not.toBe('');
    expect(nextSelector(['s202611', 's202611-2'], new Date(2026, 10, 22))).toBe('s202611-3');
  });
  it('reads addresses, lists and patterns', () => {
    expect([addressProblem('a@b.org'), addressProblem(''), addressProblem('a@b') === '']).toEqual(['', '', false]);
    expect(lines(' a.org\n b.org, c.org\n\n')).toEqual(['a.org', 'b.org', 'c.org']);
    expect(domainFlags('domain_admin', ['a.org', 'b.org'])).toBe(' --domain a.org --domain b.org');
    expect(domainFlags('user', ['a.org'])).toBe('');
    expect([nameProblem('office-2_b'), nameProblem('a b') === '', patternProblem('*@*.example.org'), patternProblem('a b') === '']).toEqual(['', false, '', false]);
    expect(patterns('*@a.org; b@c.org\n')).toEqual(['*@a.org', 'b@c.org']);
  });
  it('shows the command that does the same', () => {
    expect(groupCommand('all', ['*'], 'office', false)).toBe("bulla group add all --member '*' --archival-signer office --archiving off");
    expect(typeFlags('rsa', 3072)).toBe(' --type rsa --bits 3072');
    expect(kindOf({ algorithm: 'rsa', bits: 3072 })).toBe('RSA, 3072 bits');
    expect(kindOf({ algorithm: 'ed25519', bits: 256 })).toBe('Ed25519');
  });
  it('filters the audit list', () => {
    expect(parseAuditFilter('who:admin what:setting. of:example.org')).toEqual({ actor: 'admin', action: 'setting.', target: 'example.org' });
    expect(parseAuditFilter('message_size')).toEqual({ target: 'message_size' });
    expect(auditFiltersOf(new URLSearchParams('actor=x&evil=1'))).toEqual({ actor: 'x' });
    expect(detailsOf('{"from":"10M","n":2}')).toEqual([{ name: 'from', value: '10M' }, { name: 'n', value: '2' }]);
    expect(detailsOf('[1]')).toEqual([{ name: '', value: '[1]' }]);
    expect(detailsOf('not json')).toEqual([{ name: '', value: 'not json' }]);
  });
  it('says of a program no more than is known', () => {
    expect(programOf('Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0')).toBe('Firefox on Linux');
    expect(programOf('Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1 Version/19.0 Safari/605.1')).toBe('Safari on iOS');
    expect(programOf('curl/8.1')).toBe('curl');
    expect(programOf('')).toBe('unknown program');
  });
  it('makes sentences', () => {
    expect([sentence('the log goes on'), sentence('Done.'), sentence(' ')]).toEqual(['The log goes on.', 'Done.', '']);
  });
});

describe('c3_5 settings', () => {
  const setting = (more: Partial<Setting>): Setting => ({
    name: 'x', description: '', type: 'number', level: 'domain', unit: '', allowed: '', default: '1', value: null, effective: '1', source: 'default', source_scope: '', ...more,
  });
  it('knows scopes', () => {
    expect(parseScope('domain:example.org')).toEqual({ kind: 'domain', name: 'example.org' });
    expect([parseScope(null).kind, parseScope('root:x').kind, parseScope('domain:').kind]).toEqual(['server', 'server', 'server']);
    expect(scopeText({ kind: 'account', name: 'ann' })).toBe('account:ann');
    expect(scopeFlags({ kind: 'account', name: 'a b' }, quote)).toBe(" --account 'a b'");
    const one = setting({ level: 'domain' });
    expect((['server', 'domain', 'account'] as const).map((kind) => settable(one, { kind, name: 'x' }))).toEqual([true, true, false]);
  });
  it('says where a value comes from', () => {
    const domain = { kind: 'domain', name: 'a.org' } as const;
    expect(sourceOf(setting({ value: '2' }), domain)).toBe('set here');
    expect(sourceOf(setting({ source: 'server', source_scope: 'server' }), domain)).toBe('set for the server');
    expect(sourceOf(setting({ source: 'domain', source_scope: 'domain:a.org' }), { kind: 'account', name: 'ann' })).toBe('set for a.org');
    expect(sourceOf(setting({}), domain)).toBe('by default');
  });
  it('shows values and checks numbers', () => {
    expect([shown({ type: 'flag' }, '1'), shown({ type: 'flag' }, '0'), shown({ type: 'path' }, ''), shown({ type: 'number' }, '12000')]).toEqual(['on', 'off', 'not set', '12,000']);
    expect([valueProblem(setting({ least: 1, most: 5 }), '3'), valueProblem(setting({ type: 'size' }), 'x')]).toEqual(['', '']);
    for (const wrong of ['', 'x', '1.5', '0', '6']) expect(valueProblem(setting({ least: 1, most: 5 }), wrong), wrong).not.toBe('');
  });
});

describe('c3_8 explain', () => {
  const envelope = { role: 'submission', login: 'ann', from: '', to: ['b@x.org'], ip: '', helo: '' } as const;
  it('asks for no more than was said', () => {
    expect(questionOf({ ...envelope, to: [...envelope.to] })).toEqual({ role: 'submission', login: 'ann', from: undefined, to: ['b@x.org'], ip: undefined, helo: undefined });
    expect(questionOf({ ...envelope, role: 'inbound', to: [] }).login).toBeUndefined();
    expect(commandOf({ ...envelope, to: [...envelope.to] }, 'my mail.eml')).toBe("bulla explain --role submission --login ann --to b@x.org < 'my mail.eml'");
  });
  it('finds the author of a message', () => {
    expect(authorOf('Subject: x\r\nFrom: "A, B" <Ann@Example.org>\r\n\r\nFrom: no@x.org')).toBe('ann@example.org');
    expect(authorOf('From:\n ann@example.org\nTo: b@x.org\n\n')).toBe('ann@example.org');
    expect(authorOf('To: b@x.org\n\nFrom: a@x.org')).toBe('');
    expect(authorOf(sample('ann@example.org'))).toBe('ann@example.org');
    expect(firstLines('A: 1\r\nB: 2\r\n\r\nx', 3)).toEqual(['A: 1', 'B: 2']);
  });
});

describe('what needs attention', () => {
  const at = '2026-11-22T06:10:00.000000Z';
  const say = (one: Partial<Attention>) => describeAttention({ kind: 'token', subject: 's', at, past: false, text: 'the program says it', ...one } as Attention, 'ann');

  it('issue3_5 each thing leads to the one place where it is put right', () => {
    expect(say({ kind: 'dkim_age', subject: 's1', domain: 'xn--bcher-kva.example', names: { 'xn--bcher-kva.example': 'bücher.example' } })).toMatchObject({
      title: 'DKIM key s1 of bücher.example', href: '/domains/xn--bcher-kva.example', action: 'Rotate it',
    });
    expect(say({ kind: 'dkim_record', domain: 'a.example' })).toMatchObject({ href: '/domains/a.example', action: 'See the record' });
    expect(say({ kind: 'signer_age', subject: 'office' })).toMatchObject({ href: '/signers/office' });
    expect(say({ login: 'ann', subject: 'my robot' })).toMatchObject({ href: '/me', command: "bulla token create ann 'my robot'" });
    expect(say({ login: 'ben' })).toMatchObject({ href: '/accounts/ben', action: 'See the account' });
    expect(say({ kind: 'certificate', subject: 'console' })).toMatchObject({ reload: true, action: 'Read it again' });
    expect(say({ kind: 'certificate', subject: 'instance' })).toMatchObject({ reload: true, action: 'Renew it' });
    expect(say({ login: 'ann', past: true }).text).not.toBe(say({ login: 'ann' }).text);
  });

  it('issue3_5 a kind that the console does not know is told in the words of the program', () => {
    expect(say({ kind: 'new_kind' as never })).toEqual({ title: 'The program says it.', text: '', action: '', command: undefined });
  });
});
