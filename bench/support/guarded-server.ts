import { openGatehouse, type Application, type Gatehouse } from "gatehouse";
import { listen } from "gatehouse/http";
import { requireConfig, systemClock as clock, systemRandom as random, type ConfigInput } from "gatehouse/kernel";
import type { Running } from "./served.ts";

/** Serves an application behind every guard, with its log written to the standard output. */
export async function serveGuarded(
  application: Application,
  file: ConfigInput,
  prepare?: (gatehouse: Gatehouse) => Promise<void>,
): Promise<Running> {
  const config = requireConfig({ file, clock });
  const gatehouse = await openGatehouse({ config, application, clock, random, log: process.stdout });
  await gatehouse.seed();
  await prepare?.(gatehouse);
  const listening = await listen({
    handler: gatehouse.handler,
    port: 0,
    // Load comes from one address, and benchmarks hold more connections than requests need.
    limits: { connections: 100_000 },
    health: { check: () => gatehouse.health(), clock },
    trusts: (address) => gatehouse.services.proxies.trusts(address),
    refused: (connection, denial) => gatehouse.edge.refuseConnection(connection, denial),
  });
  gatehouse.realtime?.attach(listening.server);
  const close = async (): Promise<void> => {
    await gatehouse.realtime?.drain();
    await listening.close();
    await gatehouse[Symbol.asyncDispose]();
  };
  return { port: listening.port, close };
}

/** As in production behind a proxy on the same machine: limits on, and high. */
export function production(publicUrl: string, dataDirectory: string): ConfigInput {
  return {
    profile: "production",
    dataDirectory,
    server: { publicUrl, trustedProxies: ["127.0.0.1"] },
    limits: { perIp: { limit: 1_000_000_000, window: "1m" } },
  };
}
