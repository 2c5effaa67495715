import { createServer } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import type { Dice } from "../drill.ts";

/** A payment provider: charges once per key, whatever becomes of those who ask. It outlives the server under test. */
export interface Provider extends AsyncDisposable {
  readonly url: string;
  /** Markers charged, by key. */
  readonly charges: ReadonlyMap<string, string>;
  /** Requests, repeated ones included. */
  readonly requests: number;
}

/** The longest a charge takes, in milliseconds. */
const SLOWEST = 40;
/** How often a charge succeeds and its answer is lost. */
const LOST_ANSWERS = 0.05;

/** Starts a provider on a free port of this machine. */
export async function startProvider(dice: Dice): Promise<Provider> {
  const charges = new Map<string, string>();
  let requests = 0;
  const server = createServer((message, response) => {
    let marker = "";
    message.setEncoding("utf8");
    message.on("data", (chunk: string) => (marker += chunk));
    message.on("error", () => undefined);
    message.on("end", () => {
      requests += 1;
      const key = String(message.headers["idempotency-key"]);
      void delay(dice.integer(0, SLOWEST)).then(() => {
        if (!charges.has(key)) charges.set(key, marker);
        if (dice.chance(LOST_ANSWERS)) response.destroy();
        else response.end(`receipt for ${charges.get(key)}`);
      });
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // A server that listens on a port has an address object.
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    charges,
    get requests() {
      return requests;
    },
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
}
