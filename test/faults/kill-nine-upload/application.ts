import { defineConfig } from "gatehouse";
import { collectionsApplication, TestGrants } from "../../support/collections.ts";

/** Collections to which every guest may upload. */
export const application = collectionsApplication(new TestGrants());

export default defineConfig({
  profile: "development",
  console: { enabled: false },
  penalties: { soft: { threshold: 999_999 }, hard: { threshold: 1_000_000 } },
});
