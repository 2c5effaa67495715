import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gallery } from "@gatehouse/gallery";
import { openGatehouse, type RouteDescription } from "gatehouse";
import { requireConfig, systemClock as clock, systemRandom as random, type InventoryRow } from "gatehouse/kernel";

/** What the assembled server with the gallery offers. */
export interface Assembled {
  readonly routes: readonly RouteDescription[];
  readonly inventory: readonly InventoryRow[];
}

/** Opens the server as `npm start` does, on an empty store, and looks at it. */
export async function assemble(): Promise<Assembled> {
  const dataDirectory = await mkdtemp(join(tmpdir(), "gatehouse-docs-"));
  try {
    const config = requireConfig({ file: { profile: "development", dataDirectory }, clock });
    await using gatehouse = await openGatehouse({ config, application: gallery, clock, random, log: "quiet" });
    return { routes: gatehouse.routes(), inventory: gatehouse.inventory() };
  } finally {
    await rm(dataDirectory, { recursive: true, force: true });
  }
}
