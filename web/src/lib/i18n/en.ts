import { about } from './en/about';
import { accounts } from './en/accounts';
import { archiving } from './en/archiving';
import { audit } from './en/audit';
import { common } from './en/common';
import { domains } from './en/domains';
import { explain } from './en/explain';
import { home } from './en/home';
import { log } from './en/log';
import { me } from './en/me';
import { messages } from './en/messages';
import { pages } from './en/pages';
import { problems } from './en/problems';
import { queue } from './en/queue';
import { seal } from './en/seal';
import { session } from './en/session';
import { settings } from './en/settings';
import { shell } from './en/shell';
import { signing } from './en/signing';
import { verify } from './en/verify';

/** The English catalogue. A part a file; texts with a number or a name in them are functions. */
export const en = {
  about, accounts, archiving, audit, common, domains, explain, home, log, me, messages, pages, problems, queue, seal,
  session, settings, shell, signing, verify,
};
