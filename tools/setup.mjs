/**
 * Prepares the dependencies, and only when package-lock.json changed since the last time.
 * Plain JavaScript without dependencies for Node >= 20: it runs before anything is installed.
 *
 * Install scripts stay off. The pinned Node comes from the `node-<platform>-<processor>` packages,
 * whose integrity the lock file records like that of any other package.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's folder. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

const NEEDED_MAJOR = 24;
const RETRIES = ["--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=10000"];
/** Milliseconds between signs of life where nobody watches a terminal. */
const PROGRESS_MS = 30_000;
const LOCK_STALE_MS = 30_000;
const LOCK_WAIT_MS = 15 * 60_000;
const NETWORK_CODES = [
  "ENOTFOUND",
  "EAI_AGAIN",
  "ECONNREFUSED",
  "ECONNRESET",
  "ETIMEDOUT",
  "ENETUNREACH",
  "ERR_SOCKET",
];

const stampPath = join(root, "node_modules", ".gatehouse-setup");
const lockPath = join(root, ".gatehouse-setup.lock");

/** What went wrong, in words for the person at the terminal: no stack is printed. */
export class SetupError extends Error {}

/** The Node that everything runs on: the pinned one, else the machine's own when it is new enough. */
export function nodePath() {
  const system = process.platform === "win32" ? "win" : process.platform;
  const file = process.platform === "win32" ? "node.exe" : "node";
  const pinned = join(root, "node_modules", `node-${system}-${process.arch}`, "bin", file);
  if (existsSync(pinned)) return pinned;
  const linked = join(root, "node_modules", ".bin", "node");
  if (process.platform !== "win32" && existsSync(linked)) return linked;
  if (Number(process.versions.node.split(".")[0]) >= NEEDED_MAJOR) return process.execPath;
  throw new SetupError(
    `No Node ${NEEDED_MAJOR} package exists for ${process.platform} ${process.arch}, and this is Node ${process.versions.node}.\n` +
      `Install Node ${NEEDED_MAJOR} or newer and try again.`,
  );
}

/** The folder in which Node keeps compiled code between runs. */
export function compileCache() {
  return process.env.NODE_COMPILE_CACHE ?? join(root, "node_modules", ".cache", "node-compile");
}

/**
 * Brings node_modules in line with the lock file; returns at once when it already is.
 * @throws {SetupError} when that is impossible, with what to do about it.
 */
export async function setUp() {
  const wanted = fingerprint();
  if (isReady(wanted)) return;
  const release = await takeLock(() => isReady(wanted));
  if (release === undefined) return;
  try {
    if (!isReady(wanted)) await install(wanted);
  } finally {
    release();
  }
}

function fingerprint() {
  const hash = createHash("sha256").update(readFileSync(join(root, "package-lock.json")));
  return `${process.platform} ${process.arch} ${hash.digest("hex")}`;
}

function isReady(wanted) {
  try {
    return readFileSync(stampPath, "utf8").trim() === wanted;
  } catch {
    return false;
  }
}

async function install(wanted) {
  refuseReadOnly();
  const reason = existsSync(stampPath) ? "the lock file changed" : "first run";
  const progress = showProgress(`Preparing dependencies (${reason}; takes a minute or two) ...`);
  const { code, output } = await npm([
    "ci",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--loglevel=error",
    ...RETRIES,
  ]);
  progress.end(code === 0 ? `done in ${progress.seconds()} s.` : "failed.");
  if (code !== 0) throw new SetupError(explain(output));
  linkNode();
  nodePath();
  writeFileSync(stampPath, `${wanted}\n`);
}

/** Shows that work goes on: the seconds in place on a terminal, elsewhere a plain line now and then. */
function showProgress(text) {
  const { stderr } = process;
  const started = performance.now();
  const seconds = () => Math.round((performance.now() - started) / 1000);
  stderr.write(text);
  const tick = () =>
    stderr.write(stderr.isTTY ? `\r${text} ${seconds()} s ` : `\n... still at it after ${seconds()} s`);
  const timer = setInterval(tick, stderr.isTTY ? 1000 : PROGRESS_MS).unref();
  return {
    seconds,
    end(result) {
      clearInterval(timer);
      stderr.write(stderr.isTTY ? `\r${text} ${result}\n` : ` ${result}\n`);
    },
  };
}

function refuseReadOnly() {
  try {
    accessSync(root, constants.W_OK);
  } catch {
    throw new SetupError(
      `The folder ${root} cannot be written to by this user; dependencies cannot be installed there.`,
    );
  }
}

/** npm may leave node_modules/.bin/node out when several packages offer it; scripts find Node by it. */
function linkNode() {
  const bin = join(root, "node_modules", ".bin");
  const name = `node-${process.platform}-${process.arch}`;
  if (process.platform === "win32" || !existsSync(join(root, "node_modules", name, "bin", "node"))) return;
  mkdirSync(bin, { recursive: true });
  rmSync(join(bin, "node"), { force: true });
  symlinkSync(join("..", name, "bin", "node"), join(bin, "node"));
}

function npm(args) {
  const script = process.env.npm_execpath;
  const isNpm = script !== undefined && /npm-cli\.c?js$/.test(script);
  const [command, first] = isNpm ? [process.execPath, [script]] : ["npm", []];
  const child = spawn(command, [...first, ...args], {
    cwd: root,
    env: npmEnvironment(),
    shell: !isNpm && process.platform === "win32",
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
  return new Promise((resolve, reject) => {
    child.on("error", (error) => reject(new SetupError(`npm could not be started: ${error.message}`)));
    child.on("close", (code) => resolve({ code, output }));
  });
}

/** Leaves out what the outer `npm run` set for its own command: those settings would leak into the set-up. */
function npmEnvironment() {
  const own =
    /^npm_(config_(loglevel|ignore_scripts|omit|include|workspaces?|if_present|json|prefix)|lifecycle_|package_|command)/;
  const entries = Object.entries(process.env).filter(([name]) => !own.test(name) && name !== "NODE_ENV");
  return Object.fromEntries(entries);
}

function explain(output) {
  const said = output.trim();
  if (NETWORK_CODES.some((code) => said.includes(code))) {
    return `The package registry could not be reached, and the dependencies are not all in npm's cache.\nConnect to the network (or set a proxy or registry in ~/.npmrc) and try again.\n\n${said}`;
  }
  return `npm could not install the dependencies:\n\n${said}`;
}

/** Takes the lock file; `undefined` when another set-up finished the work in the meantime. */
async function takeLock(isDone) {
  const deadline = performance.now() + LOCK_WAIT_MS;
  let announced = false;
  while (performance.now() < deadline) {
    const release = tryLock();
    if (release !== undefined) return release;
    if (!announced) process.stderr.write("Another set-up is running in this folder; waiting for it ...\n");
    announced = true;
    await new Promise((resolve) => setTimeout(resolve, 200));
    if (isDone() && !existsSync(lockPath)) return undefined;
  }
  throw new SetupError(`Another set-up has held ${lockPath} for too long; delete that file if none is running.`);
}

function tryLock() {
  try {
    writeFileSync(lockPath, `${process.pid}\n`, { flag: "wx" });
  } catch (error) {
    if (error.code !== "EEXIST") throw new SetupError(`${lockPath} cannot be written: ${error.message}`);
    if (isAbandoned()) removeAbandoned();
    return undefined;
  }
  const beat = setInterval(() => utimesSync(lockPath, new Date(), new Date()), LOCK_STALE_MS / 6);
  beat.unref();
  return () => {
    clearInterval(beat);
    rmSync(lockPath, { force: true });
  };
}

/** A holder renews the file's time while it works, so an old file has none, whatever its number says. */
function isAbandoned() {
  try {
    if (Date.now() - statSync(lockPath).mtimeMs > LOCK_STALE_MS) return true;
    const holder = Number(readFileSync(lockPath, "utf8"));
    if (holder > 0) process.kill(holder, 0);
    return false;
  } catch (error) {
    return error.code === "ESRCH";
  }
}

/** Only one waiter may remove the file, and only while it is still the abandoned one. */
function removeAbandoned() {
  const guard = `${lockPath}.removal`;
  try {
    mkdirSync(guard);
  } catch {
    if (Date.now() - (statSync(guard, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()) > LOCK_STALE_MS) {
      rmSync(guard, { recursive: true, force: true });
    }
    return;
  }
  if (isAbandoned()) rmSync(lockPath, { force: true });
  rmSync(guard, { recursive: true, force: true });
}

/** Runs a tool's main function; a SetupError ends the process with its text alone. */
export async function runTool(main) {
  try {
    process.exitCode = (await main()) ?? 0;
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await runTool(setUp);
