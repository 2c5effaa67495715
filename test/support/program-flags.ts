import { fileURLToPath } from "node:url";

const BUNDLED = fileURLToPath(new URL("../../tools/testing/bundled.mjs", import.meta.url));

/** Flags of Node for programs of the repository: they read the library's sources, or the bundle that `npm test` makes. */
export const PROGRAM_FLAGS: readonly string[] = [
  "--conditions=gatehouse-source",
  ...(process.env["TEST_BUNDLE"] === undefined ? [] : [`--import=${BUNDLED}`]),
];
