import { join } from "node:path";
import { Child } from "../support/child.ts";
import type { Variant } from "./listener.ts";

/** The servers in the order in which they take turns. */
export const NAMES: Readonly<Record<Variant, string>> = {
  ws: "ws",
  socketio: "Socket.IO",
  gatehouse: "Gatehouse",
};

/** A server in a process of its own. */
export interface MeasuredServer {
  readonly variant: Variant;
  readonly child: Child;
  readonly port: number;
}

/** Starts servers that end with the stack. */
export async function startServers(
  stack: AsyncDisposableStack,
  variants: readonly Variant[],
): Promise<MeasuredServer[]> {
  const servers: MeasuredServer[] = [];
  for (const variant of variants) {
    const child = stack.use(new Child(join(import.meta.dirname, "serve.ts"), variant));
    servers.push({ variant, child, ...(await child.answer<{ readonly port: number }>()) });
  }
  return servers;
}
