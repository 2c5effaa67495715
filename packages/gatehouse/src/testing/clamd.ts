import { existsSync } from "node:fs";
import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile, mkdir, chmod } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MissingServiceError } from "./services.ts";
import { ServiceProcess, type ServiceControl } from "./service-process.ts";

/** A clamd for tests, whose only signature is for files that hold {@link MALWARE_MARKER}. */
export interface ClamdService extends AsyncDisposable {
  /** As `media.scanner.address` takes it. */
  readonly address: string;
  readonly path: string;
  /** For tests that stop or freeze it. */
  readonly process: ServiceControl;
  /** Replaces its signatures, as an update does; `marker` is what it looks for from then on. */
  update(signatures: ClamdSignatures): Promise<void>;
}

/** The signatures of a clamd for tests. */
export interface ClamdSignatures {
  /** Epoch milliseconds at which they say they were made. */
  readonly at: number;
  /** Grows with every update. */
  readonly version: number;
  /** What else it looks for. */
  readonly markers?: readonly string[];
}

/** Options of a clamd for tests. */
export interface ClamdServiceOptions {
  readonly signatures: ClamdSignatures;
  /** Lines of clamd.conf, such as `MaxFileSize 2M`. */
  readonly settings?: readonly string[];
}

/** Text that makes a file malware to a clamd for tests, and to nothing else. */
export const MALWARE_MARKER = "GATEHOUSE-TEST-MALWARE-MARKER";
/** The name it is found by. */
export const MALWARE_SIGNATURE = "Gatehouse.Test.Marker0.UNOFFICIAL";

const PROGRAMS = ["/usr/sbin/clamd", "/usr/local/sbin/clamd", "/usr/bin/clamd"];

/** Why a suite that needs clamd cannot run here, as the `skip` option of node:test. Never skipped where `CI` is set. */
export function skipWithoutClamd(): string | false {
  if (process.env["CI"] !== undefined || PROGRAMS.some((path) => existsSync(path))) return false;
  return 'clamd was not found. Install the package "clamav-daemon".';
}

/**
 * Starts a clamd with a database of its own.
 * @throws {MissingServiceError} when it is not installed.
 */
export async function startClamd({ signatures, settings = [] }: ClamdServiceOptions): Promise<ClamdService> {
  const executable = PROGRAMS.find((path) => existsSync(path));
  if (executable === undefined) throw new MissingServiceError("clamd", "clamav-daemon", "PATH");
  const directory = await mkdtemp(join(tmpdir(), "gatehouse-clamd-"));
  await chmod(directory, 0o755);
  const path = join(directory, "clamd.sock");
  const database = join(directory, "signatures");
  await mkdir(database);
  const lines = [
    ...[`LocalSocket ${path}`, "FixStaleSocket yes", `DatabaseDirectory ${database}`, "Foreground yes"],
    ...settings,
  ];
  await writeFile(join(directory, "clamd.conf"), `${lines.join("\n")}\n`);
  await writeSignatures(database, signatures);
  const server = new ServiceProcess({
    executable,
    arguments: ["-c", join(directory, "clamd.conf")],
    directory,
    owner: undefined,
    stopSignal: "SIGTERM",
    ready: () =>
      ask(path, "PING").then(
        (reply) => reply === "PONG",
        () => false,
      ),
  });
  await server.start();
  return {
    address: `unix:${path}`,
    path,
    process: server,
    async update(newer) {
      await writeSignatures(database, newer);
      await ask(path, "RELOAD");
      const wanted = `/${newer.version}/`;
      while (!(await ask(path, "VERSION")).includes(wanted)) await new Promise((resolve) => setTimeout(resolve, 20));
    },
    async [Symbol.asyncDispose]() {
      await server.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function ask(path: string, command: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let text = "";
  const socket = connect({ path }, () => void socket.write(`z${command}\0`));
  socket.setTimeout(2000, () => socket.destroy(new Error("no answer")));
  socket.on("data", (data: Buffer) => (text += data.toString()));
  socket.on("error", reject);
  socket.on("close", () => resolve(text.replace(/\0.*$/s, "")));
  return promise;
}

/** An unsigned database with a date, which clamd takes under the name of the daily one. */
async function writeSignatures(directory: string, { at, version, markers = [] }: ClamdSignatures): Promise<void> {
  const seconds = Math.floor(at / 1000);
  const head = (digest: string): string => {
    const [day, month, year] = new Date(at).toUTCString().split(" ").slice(1, 4);
    return `ClamAV-VDB:${day} ${month} ${year} 00-00 +0000:${version}:1:90:${digest}:X:gatehouse:${seconds}`;
  };
  const rules = [MALWARE_MARKER, ...markers].map(
    (marker, index) => `Gatehouse.Test.Marker${index}:0:*:${Buffer.from(marker).toString("hex")}\n`,
  );
  const daily = Buffer.from(rules.join(""));
  const info = `${head("X")}\ndaily.ndb:${daily.length}:${createHash("sha256").update(daily).digest("hex")}\n`;
  const body = archive({ COPYING: Buffer.from("For tests.\n"), "daily.info": Buffer.from(info), "daily.ndb": daily });
  const digest = createHash("md5").update(body).digest("hex");
  await writeFile(join(directory, "daily.cud"), Buffer.concat([Buffer.from(head(digest).padEnd(512)), body]));
}

const BLOCK = 512;

/** A tar archive (POSIX ustar). */
function archive(files: Readonly<Record<string, Buffer>>): Buffer {
  const parts = Object.entries(files).flatMap(([name, content]) => {
    const header = Buffer.alloc(BLOCK);
    header.write(name, 0);
    header.write("0000644\0" + "0000000\0" + "0000000\0", 100);
    header.write(`${content.length.toString(8).padStart(11, "0")}\0${"0".repeat(11)}\0`, 124);
    header.write("        0", 148);
    header.write("ustar\u000000", 257);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    return [header, content, Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK)];
  });
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]);
}
