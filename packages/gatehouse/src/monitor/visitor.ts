import { parseSetCookie, stringifyCookie } from "cookie";
import type { ProbeVisitor } from "./monitor.ts";

/** How visitors reach the server. */
export interface VisitorOptions {
  readonly origin: string;
  readonly signal: AbortSignal;
  readonly fetch: typeof globalThis.fetch;
}

/** A visitor with cookies of its own. Only the server's own address is ever asked. */
export function createVisitor({ origin, signal, fetch }: VisitorOptions): ProbeVisitor {
  const cookies = new Map<string, string>();
  return {
    async fetch(path, init = {}) {
      const url = new URL(path, origin);
      if (url.origin !== new URL(origin).origin) throw new TypeError(`${url.origin} is not the server's own address.`);
      const headers = new Headers(init.headers);
      headers.set("user-agent", "gatehouse-monitor");
      if (cookies.size > 0) headers.set("cookie", stringifyCookie(Object.fromEntries(cookies)));
      if (init.method !== undefined && init.method !== "GET" && init.method !== "HEAD") headers.set("origin", origin);
      const response = await fetch(url, { redirect: "manual", signal, ...init, headers });
      for (const field of response.headers.getSetCookie()) keep(cookies, field);
      return response;
    },
  };
}

function keep(cookies: Map<string, string>, field: string): void {
  const { name, value = "", maxAge, expires } = parseSetCookie(field);
  const ended = (maxAge !== undefined && maxAge <= 0) || (expires !== undefined && expires.getTime() === 0);
  if (ended) cookies.delete(name);
  else cookies.set(name, value);
}
