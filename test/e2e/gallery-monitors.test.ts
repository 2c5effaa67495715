// The monitors of the gallery against a server of its own, with a real clamd and something between that breaks.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { openGatehouse, type Gatehouse } from "gatehouse";
import { listen, type Listening } from "gatehouse/http";
import { requireConfig, systemClock, systemRandom, type ConfigInput, type SecurityEvent } from "gatehouse/kernel";
import { gallery } from "@gatehouse/gallery";
import { freePort, skipWithoutClamd, startClamd, type ClamdService } from "gatehouse/testing";
import { locatedPhoto, TEST_VIRUS } from "../../apps/gallery/src/monitors/samples.ts";

const DAY = 86_400_000;

/** What a proxy in front of the server does wrong: another path and query for the upstream, or an answer of its own. */
type Fault = (asked: IncomingMessage, answer: ServerResponse) => string | undefined;

interface Run {
  readonly failed?: { readonly step: string; readonly reason: string };
  readonly steps: readonly { readonly name: string; readonly skipped?: string }[];
}

/** The gallery behind a proxy that can be broken. */
class WatchedGallery implements AsyncDisposable {
  readonly events: SecurityEvent[] = [];
  readonly #stack: AsyncDisposableStack;
  readonly gatehouse: Gatehouse;
  fault: Fault = ({ url }) => url;

  private constructor(gatehouse: Gatehouse, stack: AsyncDisposableStack) {
    this.gatehouse = gatehouse;
    this.#stack = stack;
    gatehouse.services.events.subscribe((event) => void this.events.push(event));
  }

  static async open(media: ConfigInput["media"]): Promise<WatchedGallery> {
    const stack = new AsyncDisposableStack();
    const directory = await mkdtemp(join(tmpdir(), "gatehouse-monitors-"));
    stack.defer(() => rm(directory, { recursive: true, force: true }));
    const front = await freePort();
    const file: ConfigInput = {
      ...{ profile: "development", dataDirectory: directory, media, identity: { enabled: false } },
      server: { publicUrl: `http://localhost:${front}`, trustedProxies: ["127.0.0.1/32"] },
    };
    const gatehouse = await openGatehouse({
      ...{ config: requireConfig({ file, clock: systemClock }), application: gallery },
      ...{ clock: systemClock, random: systemRandom, log: { write: () => true } },
    });
    stack.use(gatehouse);
    const watched = new WatchedGallery(gatehouse, stack);
    const listening = await listen({ handler: gatehouse.handler, port: 0 });
    stack.defer(() => listening.close({ grace: 100 }));
    const proxy = await openProxy(front, listening, (asked, answer) => watched.fault(asked, answer));
    stack.defer(() => void proxy.close());
    return watched;
  }

  async run(name: string): Promise<Run> {
    const outcome = await this.gatehouse.operate("monitors.run", { name });
    assert.ok(outcome.ok, JSON.stringify(outcome));
    return Object(outcome.value).run;
  }

  named(name: string): readonly SecurityEvent[] {
    return this.events.filter((event) => event.name === name);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

async function openProxy(port: number, upstream: Listening, fault: Fault): Promise<Server> {
  const proxy = createServer((asked, answer) => {
    const path = fault(asked, answer);
    if (path === undefined) return;
    const { method, headers } = asked;
    const passed = request(new URL(path, upstream.url), { method, headers }, (got) => {
      answer.writeHead(got.statusCode ?? 502, got.headers);
      got.pipe(answer);
    });
    passed.on("error", () => answer.destroy());
    asked.on("close", () => asked.complete || passed.destroy());
    asked.pipe(passed);
  });
  await new Promise<void>((resolve) => proxy.listen(port, "localhost", resolve));
  return proxy;
}

function refuseDelivery({ url = "" }: IncomingMessage, answer: ServerResponse): string | undefined {
  if (!url.startsWith("/media/")) return url;
  answer.writeHead(503).end();
  return undefined;
}

/** A cache that keeps files by their path alone: whatever comes behind it. */
function keepByPath(): Fault {
  const known = new Map<string, string>();
  return ({ url = "" }) => {
    const [path = ""] = url.split("?");
    if (!path.startsWith("/media/")) return url;
    if (!known.has(path)) known.set(path, url);
    return known.get(path);
  };
}

describe("the monitors of the gallery", { skip: skipWithoutClamd() }, () => {
  let clamd: ClamdService;
  let site: WatchedGallery;
  before(async () => {
    clamd = await startClamd({
      signatures: { at: systemClock.now() - DAY, version: 100, markers: [TEST_VIRUS] },
    });
    site = await WatchedGallery.open({ scanner: { engine: "clamd", address: clamd.address } });
  });
  after(async () => {
    await site?.[Symbol.asyncDispose]();
    await clamd?.[Symbol.asyncDispose]();
  });

  const steps = {
    gallery: ["join", "photo", "list", "fetch", "expired-refused", "tampered-refused"],
    uploads: ["join", "half", "drop", "resume", "published", "intact"],
    canary: ["join", "malware-blocked", "photo-scrubbed"],
  };

  for (const [name, expected] of Object.entries(steps)) {
    it(`${name}: goes well where everything does, and leaves nothing behind`, async () => {
      const run = await site.run(name);
      assert.deepEqual(run.failed, undefined);
      assert.deepEqual(
        run.steps.map((step) => step.name),
        expected,
      );
      const { media, guests, store, jobs } = site.gatehouse.services;
      while ((await jobs.due("media-security")) !== undefined) await new Promise((resolve) => setTimeout(resolve, 20));
      const whose = { tenant: "default", limit: 10 };
      await store.read(async (reading) => {
        assert.deepEqual(await media.assets.list(reading, whose), []);
        assert.deepEqual(await guests.tokens.list(reading, whose), []);
        const churn = await guests.tokens.churn(reading, { from: 0, to: systemClock.now() + DAY });
        assert.deepEqual(churn, []);
        const rows = { sqlite: "SELECT id FROM gallery_events", postgres: "" };
        assert.deepEqual(await reading.execute(rows, []), []);
      });
      assert.deepEqual(await media.target.list(""), []);
    });
  }

  it("block the test signature without an alarm, and tell of it", () => {
    assert.equal(site.named("media_rehearsal_blocked").length, 1);
    assert.deepEqual(site.named("malicious_media_found"), []);
    assert.deepEqual(site.named("source_banned"), []);
  });

  it("fail at the fetch where delivery refuses", async () => {
    site.fault = refuseDelivery;
    const { failed } = await site.run("gallery");
    assert.deepEqual(failed, { step: "fetch", reason: "A signed address was answered with 503." });
  });

  it("fail where a cache in front delivers by the path alone, whatever is behind it", async () => {
    site.fault = keepByPath();
    const { failed } = await site.run("gallery");
    assert.equal(failed?.step, "expired-refused");
    assert.match(failed.reason, /ended was answered with 200 instead of 403/);
  });

  it("fail where what was acknowledged is lost on the way", async () => {
    const lose: Fault = ({ method, url }, answer) => {
      if (method !== "HEAD") return url;
      answer.writeHead(200, { "tus-resumable": "1.0.0", "upload-offset": "7" }).end();
      return undefined;
    };
    site.fault = lose;
    const { failed } = await site.run("uploads");
    assert.equal(failed?.step, "resume");
    assert.match(failed.reason, /acknowledged bytes 7 are left/);
  });

  it("fail at the malware where signatures do not know it, and show nothing of it", async () => {
    site.fault = ({ url }) => url;
    await clamd.update({ at: systemClock.now() - DAY, version: 101 });
    const { failed } = await site.run("canary");
    assert.equal(failed?.step, "malware-blocked");
    assert.match(failed.reason, /was not found: the file is rejected, type/);
    await clamd.update({ at: systemClock.now() - DAY, version: 102, markers: [TEST_VIRUS] });
    assert.equal((await site.run("canary")).failed, undefined);
  });

  it("fail at the malware where the scanner was stopped, and tell of it the second time", async () => {
    await clamd.process.stop();
    for (const _ of [1, 2]) {
      const { failed } = await site.run("canary");
      assert.equal(failed?.step, "malware-blocked");
      assert.match(failed.reason, /the file is held, scanner/);
    }
    const told = site.named("monitor_failed").filter(({ target }) => target === "canary");
    assert.deepEqual(
      told.map(({ context }) => context["step"]),
      ["malware-blocked"],
    );
    await clamd.process.start();
    assert.equal((await site.run("canary")).failed, undefined);
    assert.equal(site.named("monitor_recovered").filter(({ target }) => target === "canary").length, 1);
  });
});

describe("the monitors of the gallery without a scanner", () => {
  it("say so, and count it neither as a success nor as a failure", async () => {
    await using site = await WatchedGallery.open({ scanner: { engine: "none", noneReason: "a test" } });
    const { failed, steps } = await site.run("canary");
    assert.equal(failed, undefined);
    assert.deepEqual(
      steps.map(({ name, skipped }) => [name, skipped]),
      [
        ["join", undefined],
        ["malware-blocked", "There is no scanner."],
        ["photo-scrubbed", undefined],
      ],
    );
  });
});

describe("the photo of the monitors that gives a place away", () => {
  it("does so to a program that reads such things", async () => {
    const directory = await mkdtemp(join(tmpdir(), "gatehouse-monitors-"));
    const path = join(directory, "photo.jpg");
    const { file, traces } = locatedPhoto();
    await writeFile(path, file);
    const said = execFileSync("exiftool", ["-n", "-json", "-G1", path]).toString();
    const [tags] = JSON.parse(said);
    assert.equal(tags["GPS:GPSLatitude"].toFixed(2), "52.52");
    assert.match(said, /"XMP-exif:GPSLatitude"/);
    assert.match(tags["File:Comment"], /gatehouse-monitor-place/);
    for (const [what, trace] of Object.entries(traces)) assert.ok(file.includes(trace), what);
    await rm(directory, { recursive: true });
  });
});
