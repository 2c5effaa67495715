const META = 'meta[name="csrf-token"]';
const FIELD = 'input[name="_csrf_token"]';
const channel = "BroadcastChannel" in window ? new BroadcastChannel("gatehouse-csrf") : undefined;

let token = document.querySelector<HTMLMetaElement>(META)?.content ?? "";
let refreshing: Promise<boolean> | undefined;

channel?.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
  if (typeof data === "string") keep(data);
});

/** The security token to send. */
export function currentToken(): string {
  return token;
}

/** Takes a newer token, here and in the other tabs. */
export function setToken(next: string): void {
  if (next === token) return;
  keep(next);
  channel?.postMessage(next);
}

/** Puts the token, and fresh keys, into the fields that forms send when scripts stop working. */
export function fillFields(root: ParentNode = document): void {
  for (const field of root.querySelectorAll<HTMLInputElement>(FIELD)) field.value = token;
  for (const field of root.querySelectorAll<HTMLInputElement>('input[name="_idempotency_key"]')) {
    if (field.value === "") field.value = crypto.randomUUID();
  }
}

/** Asks the server for a token of the present session, once for all who ask at the same time. */
export function refreshToken(): Promise<boolean> {
  refreshing ??= requestToken().finally(() => {
    refreshing = undefined;
  });
  return refreshing;
}

function keep(next: string): void {
  token = next;
  const meta = document.querySelector<HTMLMetaElement>(META);
  if (meta !== null) meta.content = next;
  fillFields();
}

async function requestToken(): Promise<boolean> {
  try {
    const response = await fetch("/api/csrf/refresh", { headers: { accept: "application/json" }, cache: "no-store" });
    // A document of the server's own route.
    const { csrf_token: fresh } = (await response.json()) as { csrf_token?: unknown };
    if (typeof fresh !== "string") return false;
    setToken(fresh);
    return true;
  } catch {
    return false;
  }
}
