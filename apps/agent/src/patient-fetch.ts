import { setTimeout as pause } from "node:timers/promises";

const SECOND = 1000;
const MOST_TRIES = 10;
const LONGEST_PAUSE = 60;

/** `fetch` that waits where the server asks to, and tries again. Nothing was done then. */
export async function patientFetch(address: string | URL, init: RequestInit = {}): Promise<Response> {
  const { signal = null } = init;
  for (let tries = 1; ; tries += 1) {
    const response = await fetch(address, init);
    const waits = response.status === 429 || response.status === 503;
    if (!waits || tries >= MOST_TRIES) return response;
    await response.body?.cancel();
    const seconds = Number(response.headers.get("retry-after") ?? 1);
    const bounded = Math.min(Number.isFinite(seconds) ? Math.max(seconds, 1) : 1, LONGEST_PAUSE);
    await pause(bounded * SECOND, undefined, signal === null ? {} : { signal });
  }
}
