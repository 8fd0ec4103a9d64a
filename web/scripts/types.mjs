// Writes src/lib/api/schema.d.ts from src/api/openapi.yaml, unless it was made from this very description already.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const source = path('../../src/api/openapi.yaml');
const target = path('../src/lib/api/schema.d.ts');

const mark = `// Made from openapi.yaml ${createHash('sha256').update(readFileSync(source)).digest('hex')}\n`;
if (existsSync(target) && readFileSync(target, 'utf8').startsWith(mark)) process.exit(0);
const { default: openapiTS, astToString } = await import('openapi-typescript');
writeFileSync(target, mark + astToString(await openapiTS(new URL(`file://${source}`))));
