import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { describeKeyMaterial, rotateKeyMaterial, type KeyMaterial } from "../../kernel/key-material.ts";
import { KIT_TENANT, openAccountKit } from "../../testing/account-kit.ts";
import { createResealingJob } from "./resealing.ts";

describe("sealing anew after a rotation of the keys", () => {
  it("happens once, on one of the servers, and again after the next rotation", async () => {
    await using kit = await openAccountKit();
    const { store, parts, services, clock, keyRing } = kit;
    const account = await kit.join("ada@example.org");
    let material: KeyMaterial = kit.keys;
    const runs: string[] = [];
    const jobOf = (server: string) =>
      createResealingJob({
        ...{ store, documents: parts.documents },
        keys: { list: () => describeKeyMaterial(material, clock.now()) },
        accounts: {
          reseal: (...reseal) => {
            runs.push(server);
            return services.reseal(...reseal);
          },
        },
        signingKeys: { reseal: () => Promise.resolve() },
        clients: { reseal: async () => 0 },
      });
    const jobs = [jobOf("first"), jobOf("second")];
    const everybody = async (): Promise<void> => {
      for (const job of jobs) await job(new AbortController().signal);
    };
    await everybody();
    assert.deepEqual(runs, ["first"]);
    material = rotateKeyMaterial(material, parts.random, clock);
    keyRing.replace(material);
    const profile = async () => (await store.read((reading) => parts.accounts.find(reading, account)))?.profile ?? "";
    assert.equal(parts.sealer.needsReseal(await profile()), true);
    await everybody();
    await everybody();
    assert.deepEqual(runs, ["first", "first"]);
    assert.equal(parts.sealer.needsReseal(await profile()), false);
    assert.equal(account.tenant, KIT_TENANT);
  });

  it("is not noted as done when it was stopped", async () => {
    await using kit = await openAccountKit();
    const { store, parts, clock } = kit;
    let runs = 0;
    const job = createResealingJob({
      ...{ store, documents: parts.documents },
      keys: { list: () => describeKeyMaterial(kit.keys, clock.now()) },
      accounts: { reseal: async () => (runs += 1) },
      signingKeys: { reseal: () => Promise.resolve() },
      clients: { reseal: async () => 0 },
    });
    await job(AbortSignal.abort());
    await job(new AbortController().signal);
    assert.equal(runs, 2);
  });
});
