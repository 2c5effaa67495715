/**
 * Completes package-lock.json after `npm install`: registries that do not carry the binaries of every
 * platform make npm leave those entries out, and `npm ci` then refuses the lock file. Each missing
 * platform package gets an entry with its version and the platforms it is for; npm skips it elsewhere
 * and adds its integrity the first time it is installed. Run: node tools/lock.mjs [--check]
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const SYSTEMS = ["android", "darwin", "freebsd", "linux", "openharmony", "win32"];
const PROCESSORS = ["arm64", "arm", "ia32", "ppc64", "riscv64", "s390x", "x64"];
const LIBRARIES = { gnu: "glibc", gnueabihf: "glibc", musl: "musl", musleabihf: "musl" };

/** Reads the platform out of a package name such as `@oxlint/binding-linux-arm64-musl`. */
function platformOf(name) {
  const words = name.split(/[/-]/);
  const system = SYSTEMS.find((candidate) => words.includes(candidate));
  const processor = PROCESSORS.find((candidate) => words.includes(candidate));
  if (system === undefined || processor === undefined) return undefined;
  const library = system === "linux" ? words.map((word) => LIBRARIES[word]).find(Boolean) : undefined;
  return { system, processor, library };
}

function isPresent(packages, parent, name) {
  return packages[`node_modules/${name}`] !== undefined || packages[`${parent}/node_modules/${name}`] !== undefined;
}

function missingEntries(packages) {
  const entries = {};
  for (const [parent, entry] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      const platform = platformOf(name);
      if (platform === undefined || !/^\d/.test(version) || isPresent(packages, parent, name)) continue;
      entries[`node_modules/${name}`] = {
        version,
        cpu: [platform.processor],
        ...(entry.dev ? { dev: true } : {}),
        ...(platform.library ? { libc: [platform.library] } : {}),
        optional: true,
        os: [platform.system],
      };
    }
  }
  return entries;
}

const path = fileURLToPath(new URL("../package-lock.json", import.meta.url));
const lock = JSON.parse(readFileSync(path, "utf8"));
const missing = missingEntries(lock.packages);
const count = Object.keys(missing).length;
if (process.argv.includes("--check")) {
  if (count > 0) {
    process.stderr.write(`package-lock.json lacks ${count} platform packages; run: node tools/lock.mjs\n`);
    process.exitCode = 1;
  }
} else if (count > 0) {
  const [[root, first], ...others] = Object.entries(lock.packages);
  const sorted = [...others, ...Object.entries(missing)].sort(([left], [right]) => left.localeCompare(right, "en"));
  lock.packages = Object.fromEntries([[root, first], ...sorted]);
  writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
  process.stdout.write(`package-lock.json: added ${count} platform packages.\n`);
}
