/** Takes a table over step by step, as the command line does, and says each step: to be killed in the middle. */
import { createIds } from "../kernel/ids.ts";
import { systemClock } from "../kernel/clock.ts";
import { parseKeyMaterial } from "../kernel/key-material.ts";
import { createKeyRing } from "../kernel/key-ring.ts";
import { systemRandom } from "../kernel/random.ts";
import { MIGRATION_START, migrationStep, type MigrationStep } from "../guests/legacy.ts";
import { createJoinTokens } from "../store/sql/guests/join-tokens.ts";
import { createLegacyTokens } from "../store/sql/guests/legacy-tokens.ts";
import { openLegacyStore } from "./legacy-store.ts";

const [engine = "", place = "", material = ""] = process.argv.slice(2);

async function takeOver(): Promise<void> {
  await using store = await openLegacyStore(engine, place);
  const defaults = { lifetime: 1e9, longest: 1e11, caps: { guests: 100, files: 100, bytes: 100 } };
  const importer = {
    tokens: createJoinTokens(),
    keyRing: createKeyRing(parseKeyMaterial(material)),
    ids: createIds(systemClock, systemRandom),
    defaults,
  };
  const legacy = createLegacyTokens({ table: "join_codes", column: "code", id: "id", collection: "event_id" });
  const policy = { scopes: ["view", "upload"], weakLifetime: 1e9 } as const;
  let step: MigrationStep = MIGRATION_START;
  while (step.phase !== "done") {
    const before = step;
    step = await store.write((writing) =>
      migrationStep(importer, writing, { legacy, policy, tenant: "acme", limit: 50, step: before }),
    );
    process.stdout.write(`${JSON.stringify(step)}\n`);
  }
}

await takeOver();
