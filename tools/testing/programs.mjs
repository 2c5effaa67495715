/** The system programs that suites need: finding them, and installing them where that is possible. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";

function inPath(name) {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/bin", "/usr/sbin", "/usr/local/bin"];
  return folders.some((folder) => folder !== "" && existsSync(join(folder, name)));
}

function hasSwift() {
  return ["swift-proxy-server", "swift-object-server", "memcached"].every(inPath);
}

function hasPostgres() {
  const debian = "/usr/lib/postgresql";
  const versions = existsSync(debian) ? readdirSync(debian) : [];
  return versions.some((version) => existsSync(join(debian, version, "bin", "initdb"))) || inPath("initdb");
}

/**
 * What can be needed: how it is found, what replaces it, and the packages that bring it: the first one available, or
 * all that belong `together`.
 */
const PROGRAMS = {
  postgresql: { found: hasPostgres, variable: "TEST_POSTGRES_URL", packages: ["postgresql"] },
  valkey: {
    found: () => inPath("valkey-server") || inPath("redis-server"),
    variable: "TEST_VALKEY_URL",
    packages: ["valkey-server", "redis-server"],
  },
  chromium: { found: () => inPath("chromium"), packages: ["chromium"] },
  firefox: { found: () => inPath("firefox-esr"), packages: ["firefox-esr"] },
  caddy: { found: () => inPath("caddy"), packages: ["caddy"] },
  curl: { found: () => inPath("curl"), packages: ["curl"] },
  clamd: { found: () => inPath("clamd"), packages: ["clamav-daemon"] },
  openssl: { found: () => inPath("openssl"), packages: ["openssl"] },
  "poppler-utils": { found: () => inPath("pdftoppm"), packages: ["poppler-utils"] },
  "zbar-tools": { found: () => inPath("zbarimg"), packages: ["zbar-tools"] },
  exiftool: { found: () => inPath("exiftool"), packages: ["libimage-exiftool-perl"] },
  ffmpeg: { found: () => inPath("ffmpeg"), packages: ["ffmpeg"] },
  "heif-enc": { found: () => inPath("heif-enc"), packages: ["libheif-examples"] },
  nginx: { found: () => inPath("nginx"), packages: ["nginx"] },
  swift: {
    found: hasSwift,
    together: true,
    packages: ["swift-proxy", "swift-account", "swift-container", "swift-object", "memcached"],
  },
};

function isPresent(name) {
  const { found, variable } = PROGRAMS[name];
  return (variable !== undefined && process.env[variable] !== undefined) || found();
}

/** The ones of `names` that are not there, after installing what can be installed. */
export function prepare(names) {
  const missing = names.filter((name) => !isPresent(name));
  if (missing.length === 0) return [];
  if (process.getuid?.() === 0 && inPath("apt-get")) install(missing);
  return missing.filter((name) => !isPresent(name));
}

/** What to tell a person whose machine lacks them. */
export function howToInstall(names) {
  const packagesOf = ({ packages, together }) => (together ? packages.join(" ") : packages.at(-1));
  return names.map((name) => `${name} (Debian: apt-get install ${packagesOf(PROGRAMS[name])})`).join(", ");
}

function install(missing) {
  process.stderr.write(`Installing ${missing.join(", ")} through apt ...\n`);
  // RUNLEVEL=1 keeps the packages from starting their services: the tests start their own.
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" };
  const apt = (args, options = {}) => spawnSync("apt-get", args, { env, encoding: "utf8", ...options });
  apt(["update", "-q"]);
  const packages = missing.flatMap((name) => {
    const { packages: wanted, together } = PROGRAMS[name];
    return together ? wanted : [available(wanted)];
  });
  const { status, stdout, stderr } = apt(["install", "-y", "-q", "--no-install-recommends", ...packages]);
  if (status !== 0) process.stderr.write(`apt-get failed:\n${stdout}${stderr}\n`);
}

function available(packages) {
  const isCandidate = (name) =>
    /Candidate: \d/.test(spawnSync("apt-cache", ["policy", name], { encoding: "utf8" }).stdout);
  return packages.find(isCandidate) ?? packages[0];
}
