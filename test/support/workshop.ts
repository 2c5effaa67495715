import { fileURLToPath } from "node:url";
import { Client, type Answer } from "./client.ts";
import { startServer, type ServerOptions, type ServerProcess } from "./server-process.ts";

const CONFIG = fileURLToPath(new URL("./applications/workshop.ts", import.meta.url));

/** Starts the server with an application that counts what it does. */
export function startWorkshop(options: ServerOptions = {}): Promise<ServerProcess> {
  return startServer({ config: CONFIG, ...options });
}

let addresses = 1;

/** Somebody at the workshop with a session, from an address that nobody else has. */
export async function visitWorkshop(server: ServerProcess, address?: string): Promise<Client> {
  addresses += 1;
  const client = new Client({ url: server.url, localAddress: address ?? `127.0.1.${addresses}` });
  await client.open("/");
  return client;
}

/** How often an action began to run for a marker. */
export async function runsOf(client: Client, action: string, marker: string): Promise<number> {
  const { json } = await client.get("/runs");
  return json[`${action} ${marker}`] ?? 0;
}

/** Sends an action of a classic route as a page of the application does. */
export function send(
  client: Client,
  path: string,
  body: object,
  { key, headers = {} }: { key?: string; headers?: Readonly<Record<string, string | undefined>> } = {},
): Promise<Answer> {
  const token = client.token;
  return client.post(path, body, {
    headers: {
      ...(token === undefined ? {} : { "x-csrf-token": token }),
      ...(key === undefined ? {} : { "idempotency-key": key }),
      ...headers,
    },
  });
}

/** Waits until something is true of a running server. */
export async function eventually<Value>(
  look: () => Promise<Value | undefined> | Value | undefined,
  what: string,
): Promise<Value> {
  for (const deadline = performance.now() + 10_000; performance.now() < deadline;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`It never came true that ${what}.`);
}
