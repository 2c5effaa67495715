/**
 * Has a program read the library from the bundle that `npm test` has made (`TEST_BUNDLE`), loaded with `--import`. Tests
 * of the library itself read its files, beside which they lie.
 */
import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const folder = process.env.TEST_BUNDLE;
const repository = new URL("../../", import.meta.url).href;
const library = fileURLToPath(new URL("packages/gatehouse/", repository));

if (folder !== undefined && process.argv[1]?.startsWith(library) !== true) {
  const files = JSON.parse(readFileSync(join(folder, "index.json"), "utf8"));
  registerHooks({
    resolve: (specifier, context, next) =>
      Object.hasOwn(files, specifier) && context.parentURL?.startsWith(repository)
        ? { url: files[specifier], shortCircuit: true }
        : next(specifier, context),
  });
}
