import { PROBE_FOLDER } from "../media/storage/integrity-check.ts";
import { mkdtemp, rm } from "node:fs/promises";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Application } from "../assembly/application.ts";
import { openGatehouse, type Gatehouse } from "../assembly/gatehouse.ts";
import { systemClock } from "../kernel/clock.ts";
import { requireConfig, type ConfigInput } from "../kernel/config.ts";
import type { SecurityEvent } from "../kernel/event.ts";
import type { AssetState, MediaAsset, MediaVariant } from "../kernel/ports/media-assets.ts";
import type { ReceivedFile } from "../kernel/ports/media-intake.ts";
import { systemRandom } from "../kernel/random.ts";

/** How a site for tests is opened. */
export interface MediaSiteOptions {
  readonly media?: ConfigInput["media"];
  readonly application?: Application;
  /** Where its data is; a temporary directory of its own where absent. */
  readonly directory?: string;
  /** Opens it as a command does, which processes no files. */
  readonly quiet?: boolean;
}

/** A server to which files are brought as an upload does at its end. */
export class MediaSite implements AsyncDisposable {
  readonly gatehouse: Gatehouse;
  readonly directory: string;
  readonly events: SecurityEvent[] = [];
  readonly #own: boolean;

  private constructor(gatehouse: Gatehouse, directory: string, own: boolean) {
    this.gatehouse = gatehouse;
    this.directory = directory;
    this.#own = own;
    gatehouse.services.events.subscribe((event) => void this.events.push(event));
  }

  static async open({
    media = {},
    application = {},
    directory,
    quiet = false,
  }: MediaSiteOptions = {}): Promise<MediaSite> {
    const folder = directory ?? (await mkdtemp(join(tmpdir(), "gatehouse-media-")));
    const file: ConfigInput = { profile: "development", dataDirectory: folder, media, identity: { enabled: false } };
    const gatehouse = await openGatehouse({
      ...{ config: requireConfig({ file, clock: systemClock }), application, clock: systemClock, random: systemRandom },
      log: quiet ? "quiet" : { write: () => true },
    });
    return new MediaSite(gatehouse, folder, directory === undefined);
  }

  /** Brings a file; its asset. */
  async bring(content: Uint8Array, more: Partial<ReceivedFile> = {}): Promise<string> {
    const { media, store } = this.gatehouse.services;
    const id = Buffer.from(systemRandom.bytes(16)).toString("hex");
    await using writer = await media.quarantine.append(id, 0);
    await writer?.write(content);
    await writer?.flush();
    const file: ReceivedFile = {
      ...{ id, tenant: "default", collection: "wedding", grant: { id: "host", generation: 1 }, bytes: content.length },
      ...{
        owner: { type: "guest", id: "anna" },
        name: "photo.jpg",
        declaredType: undefined,
        announcedSha256: undefined,
      },
      ...more,
    };
    await store.write((transaction) => media.intake.received(transaction, file));
    return id;
  }

  async find(id: string): Promise<MediaAsset> {
    const { media, store } = this.gatehouse.services;
    const asset = await store.read((transaction) => media.assets.find(transaction, id));
    if (asset === undefined) throw new Error(`There is no asset ${id}.`);
    return asset;
  }

  /** Waits for an asset to come to a state; the test's own time-out ends a vain wait. */
  async until(id: string, state: AssetState): Promise<MediaAsset> {
    for (;;) {
      const asset = await this.find(id);
      if (asset.state === state) return asset;
      await delay(10);
    }
  }

  /** Waits until no job is left. */
  async idle(): Promise<void> {
    while ((await this.gatehouse.services.jobs.due("media-security")) !== undefined) await delay(10);
  }

  async variants(id: string): Promise<ReadonlyMap<string, MediaVariant>> {
    const { media, store } = this.gatehouse.services;
    const found = await store.read((transaction) => media.assets.variants(transaction, [id]));
    return new Map((found.get(id) ?? []).map((variant) => [variant.name, variant]));
  }

  /** What is stored of a form of an asset. */
  async content(id: string, variant: string): Promise<Buffer | undefined> {
    const key = (await this.variants(id)).get(variant)?.key;
    const file = key === undefined ? undefined : await this.gatehouse.services.media.target.get(key);
    return file === undefined ? undefined : Buffer.from(await new Response(file.body).arrayBuffer());
  }

  /** Every key at the storage target. */
  async stored(): Promise<readonly string[]> {
    const keys = await this.gatehouse.services.media.target.list("");
    return keys.filter((key) => !key.startsWith(PROBE_FOLDER));
  }

  isQuarantined(id: string): boolean {
    return existsSync(this.gatehouse.services.media.quarantine.path(id));
  }

  /** The events of a name, so far. */
  named(name: string): readonly SecurityEvent[] {
    return this.events.filter((event) => event.name === name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.gatehouse[Symbol.asyncDispose]();
    if (this.#own) await rm(this.directory, { recursive: true, force: true });
  }
}
