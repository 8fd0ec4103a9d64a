// The API as typed calls: `api.get('/messages/{id}', { path: { id } })`. Paths, queries, bodies and answers are those of openapi.yaml.
import type { paths } from './schema';
import type { Problem } from './types';

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';
type PathsWith<M extends Method> = { [P in keyof paths]: paths[P] extends Record<M, { responses: unknown }> ? P : never }[keyof paths];
type Operation<P extends keyof paths, M extends Method> = M extends keyof paths[P] ? paths[P][M] : never;
type Content<R> = R extends { content: { 'application/json': infer J } } ? J : R extends { content: Record<string, infer O> } ? O : undefined;
type Success = 200 | 201 | 202 | 204;
type Answer<O> = O extends { responses: infer R } ? { [K in keyof R]: K extends Success ? Content<R[K]> : never }[keyof R] : never;
type Query<O> = O extends { parameters: { query?: infer Q } } ? Q : never;
type Body<O> = O extends { requestBody?: { content: infer C } } ? C[keyof C] : never;

export interface Options<Q, B> {
  path?: Record<string, string | number>;
  query?: Q;
  body?: B;
  signal?: AbortSignal;
}

/** What the API says went wrong; `code` is stable, `message` is for people. */
export class ApiProblem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly field: string | null = null,
    readonly retryAfter: number | null = null,
  ) {
    super(message);
    this.name = 'ApiProblem';
  }
}

/** After so long without a key or a pointer nobody is there: what a page then reads by itself must not keep the session alive. */
const PRESENT_FOR = 60_000;
let seen = Date.now();
if (typeof window !== 'undefined') {
  for (const kind of ['pointerdown', 'keydown', 'wheel', 'touchstart']) window.addEventListener(kind, () => (seen = Date.now()), { capture: true, passive: true });
}

let csrf = '';
let unauthorised: () => void = () => {};

/** The value that requests with the session cookie carry (`GET /session` gives it). */
export function setCsrf(value: string): void {
  csrf = value;
}

/** Called when the session has ended while something was asked. */
export function onUnauthorised(run: () => void): void {
  unauthorised = run;
}

export const BASE = '/api/v1';

function fill(path: string, values: Record<string, string | number> = {}): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`${path}: ${name} is missing`);
    return encodeURIComponent(value);
  });
}

/** The address of a call, for links and frames. */
export function address<P extends keyof paths>(path: P, values: Record<string, string | number> = {}, query: object = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (Array.isArray(value)) for (const one of value) search.append(name, String(one));
    else if (value !== undefined && value !== null && value !== '') search.set(name, String(value));
  }
  const text = search.toString();
  return BASE + fill(path as string, values) + (text ? `?${text}` : '');
}

async function problemOf(response: Response): Promise<ApiProblem> {
  const wait = Number(response.headers.get('Retry-After')) || null;
  if (response.headers.get('Content-Type')?.startsWith('application/problem+json')) {
    const p = (await response.json()) as Problem;
    return new ApiProblem(p.status, p.code, p.detail || p.title, p.field ?? null, p.retry_after ?? wait);
  }
  return new ApiProblem(response.status, `http.${response.status}`, response.statusText, null, wait);
}

async function send(method: Method, url: string, body: unknown, signal?: AbortSignal): Promise<Response> {
  const headers: Record<string, string> = { Accept: 'application/json, application/problem+json' };
  let payload: BodyInit | undefined;
  if (typeof body === 'string' || body instanceof Blob || body instanceof Uint8Array) {
    payload = body as BodyInit;
    headers['Content-Type'] = body instanceof Blob && body.type ? body.type : typeof body === 'string' ? 'text/plain' : 'message/rfc822';
  } else if (body !== undefined) {
    payload = JSON.stringify(body);
    headers['Content-Type'] = 'application/json';
  }
  if (method === 'get' && Date.now() - seen > PRESENT_FOR) headers['X-Bulla-Background'] = '1';
  if (method !== 'get' && csrf) headers['X-Bulla-CSRF'] = csrf;
  let response: Response;
  try {
    response = await fetch(url, { method: method.toUpperCase(), headers, body: payload, signal, credentials: 'same-origin', cache: 'no-store' });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiProblem(0, 'network.unreachable', '');
  }
  if (response.ok) return response;
  const problem = await problemOf(response);
  if (problem.status === 401 && !url.endsWith('/session')) unauthorised();
  throw problem;
}

async function call<T>(method: Method, path: keyof paths, options: Options<unknown, unknown> = {}): Promise<T> {
  const response = await send(method, address(path, options.path, (options.query as object) ?? {}), options.body, options.signal);
  if (response.status === 204) return undefined as T;
  const type = response.headers.get('Content-Type') ?? '';
  return (type.includes('json') ? response.json() : response.text()) as Promise<T>;
}

const bind =
  <M extends Method>(method: M) =>
  <P extends PathsWith<M>>(path: P, options?: Options<Query<Operation<P, M>>, Body<Operation<P, M>> | Blob | Uint8Array>) =>
    call<Answer<Operation<P, M>>>(method, path, options as Options<unknown, unknown>);

export const api = { get: bind('get'), post: bind('post'), put: bind('put'), patch: bind('patch'), delete: bind('delete') };
