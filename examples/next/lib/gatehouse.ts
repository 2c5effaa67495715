import { createNextAdapter } from "gatehouse/http/next";
import type { Gatehouse } from "gatehouse";
import { openPayments } from "../../payments.ts";

// Next loads route modules more than once, and the embedded store can be opened once.
const shared = globalThis as typeof globalThis & { gatehouse?: Promise<Gatehouse> };

/** The guards and the store, opened at the first request, in `data` where Next was started. */
export function gatehouse(): Promise<Gatehouse> {
  return (shared.gatehouse ??= openPayments("data"));
}

/** Mounts actions as route handlers. Behind a proxy, name its address: `{ proxy: "10.0.0.2" }`. */
export async function guarded(): Promise<ReturnType<typeof createNextAdapter>> {
  return createNextAdapter((await gatehouse()).edge);
}
