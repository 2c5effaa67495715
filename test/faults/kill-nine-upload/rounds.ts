import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { ReceivedFile } from "gatehouse/kernel";
import { send } from "../../support/collections.ts";
import { idIn, tusHead } from "../../support/tus.ts";
import { quantile, Violations, type Dice, type Report } from "../drill.ts";
import { MortalServer } from "../mortal-server.ts";
import { sendFile, type SentFile } from "./sender.ts";

/** How a drill is run. */
export interface UploadRoundsOptions {
  readonly rounds: number;
  readonly senders: number;
  readonly dice: Dice;
  readonly report: Report;
  /** Options of the server that name its store. */
  readonly environment: Readonly<Record<string, string>>;
}

const config = fileURLToPath(new URL("application.ts", import.meta.url));
/** Milliseconds of load before a kill, at most. */
const LONGEST_LOAD = 2_500;

/** Kills the server while files are sent, round after round, and holds what senders were told against what is there. */
export async function runUploadRounds(options: UploadRoundsOptions): Promise<readonly string[]> {
  const { rounds, senders, dice, report, environment } = options;
  const violations = new Violations();
  await using stack = new AsyncDisposableStack();
  const data = await mkdtemp(join(tmpdir(), "gatehouse-kill-nine-upload-"));
  stack.defer(() => rm(data, { recursive: true, force: true }));
  const server = new MortalServer({ data, config, environment, violations });
  stack.defer(() => server.kill());
  let life = await server.start();
  const { url } = life;
  const files: SentFile[] = [];
  let over = false;
  const work = Array.from({ length: senders }, async (_, index) => {
    while (!over) {
      const file = sendFile({ dice, url: () => url }, `guest-${index}`);
      files.push(file);
      await file.done.catch((error: unknown) => violations.add(`${file.kind} gave up: ${String(error)}`));
    }
  });
  let checked = 0;
  for (let round = 1; round <= rounds; round += 1) {
    await pause(dice.integer(50, LONGEST_LOAD));
    server.judge(life);
    await life.kill();
    const told = files.map((file) => ({ file, offset: file.acknowledged, finished: file.finished }));
    life = await server.start();
    for (const { file, offset, finished } of told) {
      if (file.path === undefined || (file.finished && round % 10 !== 0)) continue;
      const found = await offsetOf(url, file);
      checked += 1;
      violations.expect(found >= offset, `${file.kind}: ${offset} bytes were acknowledged, ${found} are there`);
      violations.expect(!finished || found === file.bytes, `${file.kind}: it was said to be complete`);
    }
    report.progress(
      `round ${round}/${rounds}: ${files.filter((file) => file.finished).length} of ${files.length} files`,
    );
  }
  over = true;
  await Promise.all(work);
  const received = await judge({ url, data, files, violations });
  server.judge(life);
  await server.stop(life);
  report.summary({
    seed: dice.seed,
    rounds,
    "files, of them complete": `${files.length}, ${received}`,
    megabytes: Math.round(files.reduce((sum, { bytes }) => sum + bytes, 0) / 1e6),
    "offsets held against the server's": checked,
    "start, median (ms)": Math.round(quantile(server.starts, 0.5)),
    violations: violations.list.length,
  });
  return violations.list;
}

/** What the server says now; a sender may be at it, so that the answer can be late. */
async function offsetOf(url: string, { path = "", guest }: SentFile): Promise<number> {
  for (let tries = 0; tries < 50; tries += 1) {
    const answer = await tusHead(url, path, { guest }).catch(() => undefined);
    const offset = answer?.headers["upload-offset"];
    if (typeof offset === "string") return Number(offset);
    await pause(100);
  }
  return -1;
}

/** Holds what was sent against what was handed over and what is in quarantine; how many files are there. */
async function judge({
  url,
  data,
  files,
  violations,
}: {
  readonly url: string;
  readonly data: string;
  readonly files: readonly SentFile[];
  readonly violations: Violations;
}): Promise<number> {
  const answer = await send(url, "/received", {});
  const received = (answer.json as { files: ReceivedFile[] }).files;
  const quarantine = join(data, "media", "quarantine");
  const stored = new Set(await readdir(quarantine));
  const handedOver = new Map(received.map((file) => [file.id, file]));
  violations.expect(handedOver.size === received.length, "A file was handed over twice.");
  for (const file of files) {
    const id = idIn(file.path ?? "");
    violations.expect(file.finished, `${file.kind}: its sender was never told that it is complete`);
    violations.expect(handedOver.get(id)?.bytes === file.bytes, `${file.kind}: it was not handed over as it is`);
    if (!stored.has(id)) violations.add(`${file.kind}: its file is not there`);
    else if ((await hashOf(join(quarantine, id))) !== file.sha256) violations.add(`${file.kind}: it is another file`);
  }
  return files.filter(({ path }) => handedOver.has(idIn(path ?? ""))).length;
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}
