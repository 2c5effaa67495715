import { defineMonitor, expectThat, type Monitor, type MonitorStep } from "gatehouse/monitor";
import { sha256, type GuestUpload, type MonitorGuest } from "./guest.ts";
import { noisePhoto } from "./samples.ts";
import { MonitorStage, type StageParts } from "./stage.ts";

const QUARTER_OF_AN_HOUR = 900_000;

/** Whether an upload goes on after an interruption, loses nothing, and is published as it was sent. */
export function uploadMonitor(parts: StageParts): Monitor {
  return defineMonitor({
    name: "uploads",
    title: "Uploads go on after interruptions",
    every: QUARTER_OF_AN_HOUR,
    steps: () => new InterruptedUpload(new MonitorStage(parts, "uploads")).steps(),
  });
}

class InterruptedUpload {
  readonly #stage: MonitorStage;
  readonly #file: Buffer;
  readonly #half: number;
  #guest: MonitorGuest | undefined;
  #upload: GuestUpload | undefined;

  constructor(stage: MonitorStage) {
    this.#stage = stage;
    this.#file = noisePhoto(stage.parts.random);
    this.#half = this.#file.length >> 1;
  }

  steps(): readonly MonitorStep[] {
    const file = this.#file;
    const half = this.#half;
    return [
      { name: "join", run: async (probe) => void (this.#guest = await this.#stage.open(probe)) },
      {
        name: "half",
        run: async () => {
          this.#upload = await this.#inside.begin(file, "monitor.png");
          await this.#inside.append(this.#upload, 0, file.subarray(0, half));
        },
      },
      { name: "drop", run: () => this.#inside.drop(this.#begun, half, file.subarray(half, half + (half >> 1))) },
      {
        name: "resume",
        run: async () => {
          const offset = await this.#inside.offset(this.#begun);
          expectThat(offset >= half, `Of ${half} acknowledged bytes ${offset} are left.`);
          await this.#inside.append(this.#begun, offset, file.subarray(offset));
        },
      },
      { name: "published", run: (probe) => this.#stage.published(probe, this.#begun.id) },
      {
        name: "intact",
        run: async () => {
          const address = (await this.#inside.photo(this.#begun.id)).forms["original"]?.address;
          expectThat(address !== undefined, "The original cannot be fetched.");
          const delivered = sha256(await this.#inside.content(address));
          expectThat(delivered === sha256(file), "The original is not what was sent.");
        },
      },
    ];
  }

  get #inside(): MonitorGuest {
    expectThat(this.#guest !== undefined, "Nobody has come in.");
    return this.#guest;
  }

  get #begun(): GuestUpload {
    expectThat(this.#upload !== undefined, "No upload has begun.");
    return this.#upload;
  }
}
