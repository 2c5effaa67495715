import { spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { developmentCertificate, type Certificate } from "gatehouse/http";
import { systemClock } from "gatehouse/kernel";
import { freePort } from "gatehouse/testing";

/** A real proxy in front of a port, set up by the sample configuration of the guide. */
export interface Proxy extends AsyncDisposable {
  /** Where it listens with TLS. */
  readonly port: number;
  readonly certificate: Certificate;
}

/** Where requests come from. */
export const CLIENT_ADDRESS = "127.0.0.2";

const SAMPLES = new URL("../../docs/guide/deploy/", import.meta.url);

/** The path of a program, or `undefined` when this machine has none. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/usr/bin", "/usr/local/bin"];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** Starts nginx with the guide's configuration, its addresses replaced. */
export async function startNginx(program: string, port: number, upstream: number): Promise<Proxy> {
  const { folder, certificate, files } = await prepare();
  const sample = await readFile(new URL("nginx.conf", SAMPLES), "utf8");
  const server = sample
    .replaceAll("127.0.0.1:8080", `127.0.0.1:${upstream}`)
    .replace("listen 443 ssl", `listen 127.0.0.1:${port} ssl`)
    .replace("listen 80", `listen 127.0.0.1:${await freePort()}`)
    .replace("/etc/ssl/app.example.pem", files.certificate)
    .replace("/etc/ssl/app.example.key", files.key);
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  // Workers keep the account of the test, which owns the folder.
  const account = process.getuid?.() === 0 ? "user root;" : "";
  const config = `${account} daemon off; pid ${folder}/pid; error_log stderr warn; events {}
http { access_log off; ${temporary.join(" ")} ${server} }`;
  await writeFile(join(folder, "nginx.conf"), config);
  const child = spawn(program, ["-p", folder, "-c", join(folder, "nginx.conf")], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  return supervise(child, { port, certificate, folder });
}

/** Starts Caddy with the guide's configuration, its addresses replaced and its certificate given. */
export async function startCaddy(program: string, port: number, upstream: number): Promise<Proxy> {
  const { folder, certificate, files } = await prepare();
  const sample = await readFile(new URL("Caddyfile", SAMPLES), "utf8");
  const site = sample
    .replace(
      "\napp.example {",
      `\nhttps://app.example:${port} {\n\tbind 127.0.0.1\n\ttls ${files.certificate} ${files.key}`,
    )
    .replaceAll("127.0.0.1:8080", `127.0.0.1:${upstream}`);
  const path = join(folder, "Caddyfile");
  await writeFile(path, `{\n\tadmin off\n\tauto_https off\n}\n${site}`);
  const child = spawn(program, ["run", "--adapter", "caddyfile", "--config", path], {
    env: { ...process.env, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
    stdio: ["ignore", "ignore", "pipe"],
  });
  return supervise(child, { port, certificate, folder });
}

async function prepare(): Promise<{ folder: string; certificate: Certificate; files: Certificate }> {
  const folder = await mkdtemp(join(tmpdir(), "gatehouse-proxy-"));
  const certificate = await developmentCertificate({ directory: folder, clock: systemClock, names: ["app.example"] });
  const files = { certificate: join(folder, "development-cert.pem"), key: join(folder, "development-key.pem") };
  return { folder, certificate, files };
}

async function supervise(
  child: ChildProcess,
  { port, certificate, folder }: { port: number; certificate: Certificate; folder: string },
): Promise<Proxy> {
  let complaint = "";
  child.stderr?.on("data", (chunk: Buffer) => (complaint += chunk.toString()));
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  for (let tries = 0; !(await isOpen(port)); tries += 1) {
    if (child.exitCode !== null || tries > 100) throw new Error(`The proxy does not start: ${complaint}`);
    await wait(50);
  }
  return {
    port,
    certificate,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

/** What came back through a proxy. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** Sends a request to app.example through a proxy. */
export function sendThrough(
  { port, certificate }: Proxy,
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  const { method = "GET", headers = {}, body } = options;
  // Another address than the proxy's own, which is trusted.
  const target = {
    host: "127.0.0.1",
    localAddress: CLIENT_ADDRESS,
    port,
    servername: "app.example",
    ca: certificate.certificate,
    path,
    method,
  };
  return new Promise((resolve, reject) => {
    const outgoing = request({ ...target, headers: { host: `app.example:${port}`, ...headers } }, (incoming) => {
      let text = "";
      incoming.setEncoding("utf8");
      incoming.on("data", (chunk: string) => (text += chunk));
      incoming.on("end", () => resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text }));
      incoming.on("error", reject);
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}
