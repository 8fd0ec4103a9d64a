// What is to be said and done about each thing that needs somebody before long (openapi: Attention).
import type { Attention } from '$lib/api/types';
import { quote } from '$lib/format';
import { t } from '$lib/i18n';
import { spell } from '$lib/names';
import { sentence } from '$lib/text';

export interface Shown {
  title: string;
  text: string;
  /** Where it is put right, or what is: the configuration read anew. */
  href?: string;
  reload?: boolean;
  action: string;
  command?: string;
}

/** `own`: the login of who looks. */
export function describe(one: Attention, own: string): Shown {
  const w = t.home.needs;
  const domain = spell(one.domain ?? '', one.names);
  switch (one.kind) {
    case 'certificate': {
      const self = one.subject === 'instance';
      return { title: self ? w.own : w.console, text: self ? w.ownText : w.consoleText, reload: true, action: self ? w.renew : w.readAgain, command: one.command };
    }
    case 'token':
      return {
        title: w.token(one.subject, one.login ?? ''), text: one.past ? w.tokenPast : w.tokenText,
        href: one.login === own ? '/me' : `/accounts/${encodeURIComponent(one.login ?? '')}`, action: one.login === own ? w.another : w.theirs,
        command: one.login === own ? `bulla token create ${quote(own)} ${quote(one.subject)}` : undefined,
      };
    case 'dkim_age':
    case 'dkim_record':
      return {
        title: one.kind === 'dkim_age' ? w.dkim(one.subject, domain) : w.newDkim(one.subject, domain), text: one.kind === 'dkim_age' ? w.dkimText : w.newDkimText,
        href: `/domains/${encodeURIComponent(one.domain ?? '')}`, action: one.kind === 'dkim_age' ? w.rotate : w.record, command: one.command,
      };
    case 'signer_age':
      return { title: w.signer(one.subject), text: w.signerText, href: `/signers/${encodeURIComponent(one.subject)}`, action: w.newKey, command: one.command };
    default:
      // A kind that this console does not know yet: the program's own words.
      return { title: sentence((one as Attention).text), text: '', action: '', command: (one as Attention).command };
  }
}
