import { common } from './en/common';
import { home } from './en/home';
import { messages } from './en/messages';
import { pages } from './en/pages';
import { problems } from './en/problems';
import { seal } from './en/seal';
import { session } from './en/session';
import { shell } from './en/shell';
import { verify } from './en/verify';

/** The English catalogue. A part a file; texts with a number or a name in them are functions. */
export const en = { common, home, messages, pages, problems, seal, session, shell, verify };
