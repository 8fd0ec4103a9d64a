// Writes src/lib/api/schema.d.ts from src/api/openapi.yaml, unless it is newer than the description already.
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import openapiTS, { astToString } from 'openapi-typescript';

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const source = path('../../src/api/openapi.yaml');
const target = path('../src/lib/api/schema.d.ts');

if (!existsSync(source)) {
  console.error(`types: ${source} is missing`);
  process.exit(1);
}
if (existsSync(target) && statSync(target).mtimeMs > statSync(source).mtimeMs) process.exit(0);
const ast = await openapiTS(new URL(`file://${source}`), { alphabetize: false });
const text = astToString(ast);
mkdirSync(path('../src/lib/api'), { recursive: true });
if (!existsSync(target) || readFileSync(target, 'utf8') !== text) writeFileSync(target, text);
