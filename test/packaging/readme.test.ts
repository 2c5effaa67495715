import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, globSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, it } from "node:test";
import { repository, RepositoryCopy, run } from "./repository-copy.ts";

const PAGES = [
  "README.md",
  "ARCHITECTURE.md",
  "CONTRIBUTING.md",
  "SECURITY.md",
  ...globSync("docs/**/*.md", { cwd: repository }),
];

/** The TypeScript blocks of a page that stand for themselves: those that import something. */
async function examples(page: string): Promise<string[]> {
  const text = await readFile(join(repository, page), "utf8");
  const blocks = [...text.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(([, block = ""]) => block);
  return blocks.filter((block) => /^import /m.test(block));
}

describe("the written pages", () => {
  let copy: RepositoryCopy;

  before(async () => {
    copy = await RepositoryCopy.create();
  });
  after(() => copy[Symbol.asyncDispose]());

  async function compile(where: string, written: readonly string[], compilerOptions: object): Promise<void> {
    assert.ok(written.length > 0, where);
    for (const [index, example] of written.entries()) {
      await copy.write(`examples/${where}/example-${index}.ts`, example);
    }
    const project = { extends: "./tsconfig.base.json", include: [`examples/${where}`], compilerOptions };
    await copy.write(`tsconfig.${where}.json`, JSON.stringify(project));
    const compiler = join(repository, "node_modules", "typescript", "bin", "tsc");
    const { code, output } = await run(process.execPath, [compiler, "-p", `tsconfig.${where}.json`], copy.root);
    assert.equal(code, 0, output);
  }

  it("link to files that exist", async () => {
    const broken: string[] = [];
    for (const page of PAGES) {
      const text = await readFile(join(repository, page), "utf8");
      for (const [, target = ""] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^(https?:|mailto:|#)/.test(target)) continue;
        const path = join(repository, page, "..", target.replace(/#.*$/, ""));
        if (!existsSync(path)) broken.push(`${page}: ${target}`);
      }
    }
    assert.deepEqual(broken, []);
  });

  it("name commands that exist", async () => {
    const manifest = JSON.parse(await copy.read("package.json")) as {
      readonly scripts: Readonly<Record<string, string>>;
    };
    const unknown: string[] = [];
    for (const page of PAGES) {
      const text = await readFile(join(repository, page), "utf8");
      for (const [, name = ""] of text.matchAll(/npm run (?:-\S+ )*([a-z][a-z-]*)/g)) {
        if (manifest.scripts[name] === undefined) unknown.push(`${page}: npm run ${name}`);
      }
    }
    assert.deepEqual(unknown, []);
    for (const script of Object.values(manifest.scripts)) {
      const file = /^node (\S+)/.exec(script)?.[1];
      assert.ok(file !== undefined && existsSync(join(repository, file)), script);
    }
  });

  it("show TypeScript that the compiler accepts", async () => {
    const written = (await Promise.all(PAGES.map(examples))).flat();
    const { browser = [], server = [] } = Object.groupBy(written, (example) =>
      example.includes(`"gatehouse/oauth/browser"`) ? "browser" : "server",
    );
    await compile("server", server, {});
    await compile("browser", browser, { lib: ["ESNext", "DOM", "DOM.Iterable"], types: [] });
  });
});

describe("the example of the readme", () => {
  let copy: RepositoryCopy;
  let server: ChildProcess;
  let origin: string;

  before(async () => {
    copy = await RepositoryCopy.create();
    const [example = ""] = await examples("README.md");
    await copy.write("gatehouse.config.ts", example);
    await copy.tool("build-client.mjs");
    const main = join(copy.root, "apps", "server", "src", "main.ts");
    const parameters = [
      "--conditions=gatehouse-source",
      main,
      "start",
      "--port",
      "0",
      "--data",
      join(copy.root, "data"),
    ];
    const child = spawn(process.execPath, parameters, { cwd: copy.root, stdio: ["ignore", "pipe", "inherit"] });
    server = child;
    origin = await new Promise((resolve, reject) => {
      createInterface({ input: child.stdout }).on("line", (line) => {
        const address = /Application\s+(http:\/\/localhost:\d+)/.exec(line)?.[1];
        if (address !== undefined) resolve(address);
      });
      child.on("exit", (code) => reject(new Error(`The server ended with ${code}.`)));
    });
  });
  after(async () => {
    server.kill("SIGTERM");
    if (server.exitCode === null) await once(server, "exit");
    await copy[Symbol.asyncDispose]();
  });

  /** A visitor with a session and its token. */
  async function visit(): Promise<Record<string, string>> {
    const response = await fetch(`${origin}/api/csrf/refresh`, { headers: { "sec-fetch-site": "same-origin" } });
    const { csrf_token: token } = (await response.json()) as { readonly csrf_token: string };
    const cookie = response.headers
      .getSetCookie()
      .map((line) => line.split(";")[0])
      .join("; ");
    return { cookie, origin, "x-csrf-token": token, "content-type": "application/json" };
  }

  function greet(headers: Record<string, string>, body: unknown = { name: "Ada" }): Promise<Response> {
    return fetch(`${origin}/greetings`, { method: "POST", headers, body: JSON.stringify(body) });
  }

  it("greets, and refuses what the text below it says it refuses", async () => {
    const visitor = await visit();
    const greeted = await greet({ ...visitor, "idempotency-key": "greeting-1" });
    assert.equal(greeted.status, 200);
    assert.match(await greeted.text(), /Hello Ada!/);
    const again = await greet({ ...visitor, "idempotency-key": "greeting-1" });
    assert.equal(again.headers.get("idempotent-replayed"), "true");
    assert.equal((await greet({ ...visitor, origin: "https://elsewhere.example" })).status, 403);
    const { "x-csrf-token": _token, ...forged } = visitor;
    assert.equal((await greet(forged)).status, 403);
    assert.equal((await greet(visitor, { name: "" })).status, 422);
    // Replays and invalid input count against the limit: three of five are used up.
    const statuses = [await greet(visitor), await greet(visitor), await greet(visitor)].map(({ status }) => status);
    assert.deepEqual(statuses, [200, 200, 429]);
  });
});
