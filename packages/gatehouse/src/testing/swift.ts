import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { MissingServiceError } from "./services.ts";
import { freePort, ServiceProcess, type ServiceControl } from "./service-process.ts";

/** An object store that speaks S3, for tests: OpenStack Swift with its middleware `s3api`. */
export interface SwiftService extends AsyncDisposable {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** Where its objects lie, for tests that damage them. */
  readonly disks: string;
  /** For tests that stop or freeze it. */
  readonly process: ServiceControl;
}

const PROGRAMS = ["/usr/bin/swift-proxy-server", "/usr/bin/swift-object-server", "/usr/bin/memcached"];
const ACCESS_KEY = "gatehouse:tests";
const SECRET_KEY = "for-tests-alone";

/** Why a suite that needs Swift cannot run here, as the `skip` option of node:test. Never skipped where `CI` is set. */
export function skipWithoutSwift(): string | false {
  if (process.env["CI"] !== undefined || PROGRAMS.every((path) => existsSync(path))) return false;
  return 'OpenStack Swift was not found. Install "swift-proxy", "swift-account", "swift-container", "swift-object" and "memcached".';
}

/**
 * Starts a Swift of the caller's own, without a bucket in it.
 * @throws {MissingServiceError} when it is not installed.
 */
export async function startSwift(): Promise<SwiftService> {
  if (!PROGRAMS.every((path) => existsSync(path)))
    throw new MissingServiceError("OpenStack Swift", "swift-proxy", "PATH");
  const directory = await mkdtemp(join(tmpdir(), "gatehouse-swift-"));
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const server = new ServiceProcess({
    executable: "/usr/bin/python3",
    arguments: [
      ...["-I", fileURLToPath(new URL("./swift-server.py", import.meta.url))],
      ...[directory, String(port), ACCESS_KEY, SECRET_KEY],
    ],
    directory,
    owner: undefined,
    stopSignal: "SIGTERM",
    ready: () =>
      fetch(endpoint).then(
        () => true,
        () => false,
      ),
  });
  await server.start();
  return {
    ...{ endpoint, region: "us-east-1", process: server, disks: join(directory, "disks") },
    credentials: { accessKeyId: ACCESS_KEY, secretAccessKey: SECRET_KEY },
    async [Symbol.asyncDispose]() {
      await server.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
