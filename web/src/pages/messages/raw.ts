import { ApiProblem } from '$lib/api/client';

/** What a page can show of a message without getting slow. */
const MOST = 256 * 1024;

/** Reads the beginning of an answer and leaves the rest. Octets that are no UTF-8 are shown as replacement characters. */
export async function readBeginning(url: string, signal: AbortSignal): Promise<{ text: string; cut: boolean }> {
  const response = await fetch(url, { signal, credentials: 'same-origin', cache: 'no-store' });
  if (!response.ok || !response.body) throw new ApiProblem(response.status, `http.${response.status}`, response.statusText);
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  let count = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return { text: text + decoder.decode(), cut: false };
    count += value.length;
    text += decoder.decode(value, { stream: true });
    if (count >= MOST) {
      await reader.cancel();
      return { text, cut: true };
    }
  }
}
