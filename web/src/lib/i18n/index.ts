// All texts come from one typed catalogue. Another language is another object of the type `Catalogue`.
import { en } from './en';

export type Catalogue = typeof en;
export const t: Catalogue = en;
export const language = 'en';
