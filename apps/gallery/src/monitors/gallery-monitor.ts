import { createMediaAddresses } from "gatehouse/media";
import { defineMonitor, expectThat, type Monitor, type MonitorStep } from "gatehouse/monitor";
import { sha256, type GuestUpload, type MonitorGuest, type SeenPhoto } from "./guest.ts";
import { noisePhoto } from "./samples.ts";
import { MonitorStage, type StageParts } from "./stage.ts";

const DAY = 86_400_000;
const WINDOW = 60_000;
/** In an address of a file. */
const GRANT = /[?&]g=([\w.:-]+)\.(\d+)&/;
const END = /[?&]e=(\d+)&/;

/** Whether guests come in and see photos, and nobody by an address that has ended or was changed. */
export function galleryMonitor(parts: StageParts): Monitor {
  return defineMonitor({
    name: "gallery",
    title: "Guests come in and see photos",
    steps: () => new Visit(new MonitorStage(parts, "gallery")).steps(),
  });
}

class Visit {
  readonly #stage: MonitorStage;
  #guest: MonitorGuest | undefined;
  #upload: GuestUpload | undefined;
  #photo: SeenPhoto | undefined;

  constructor(stage: MonitorStage) {
    this.#stage = stage;
  }

  steps(): readonly MonitorStep[] {
    return [
      { name: "join", run: async (probe) => void (this.#guest = await this.#stage.open(probe)) },
      {
        name: "photo",
        run: async (probe) => {
          this.#upload = await this.#inside.bring(noisePhoto(this.#stage.parts.random), "monitor.png");
          await this.#stage.published(probe, this.#upload.id);
        },
      },
      {
        name: "list",
        run: async () => {
          this.#photo = await this.#inside.photo(this.#upload?.id ?? "");
          expectThat(Object.keys(this.#photo.forms).length > 0, "The photo has no form that can be fetched.");
        },
      },
      { name: "fetch", run: () => this.#fetch() },
      { name: "expired-refused", run: () => this.#refused(this.#expired(), "An address that has ended") },
      {
        name: "tampered-refused",
        run: async () => {
          for (const [what, address] of this.#tampered()) await this.#refused(address, what);
        },
      },
    ];
  }

  get #inside(): MonitorGuest {
    expectThat(this.#guest !== undefined, "Nobody has come in.");
    return this.#guest;
  }

  get #address(): string {
    const { forms = {} } = this.#photo ?? {};
    const { address } = forms["view"] ?? forms["original"] ?? {};
    expectThat(address !== undefined, "The photo cannot be looked at.");
    return address;
  }

  async #fetch(): Promise<void> {
    const { id = "", forms = {} } = this.#photo ?? {};
    const recorded = new Map((await this.#stage.variants(id)).map(({ name, sha256: digest }) => [name, digest]));
    for (const [name, { address }] of Object.entries(forms)) {
      const digest = sha256(await this.#inside.content(address));
      expectThat(digest === recorded.get(name), `What was delivered as ${name} is not what was stored.`);
    }
  }

  /** Signed as it would have been signed yesterday. */
  #expired(): string {
    const { keyRing, clock } = this.#stage.parts;
    const [, id = "", generation = ""] = GRANT.exec(this.#address) ?? [];
    const addresses = createMediaAddresses({
      ...{ keyRing, clock: { now: () => clock.now() - DAY } },
      windows: { pictures: WINDOW, originals: WINDOW, shortened: WINDOW },
    });
    const [, asset = "", variant = ""] = /\/([0-9a-f]{32})\/([a-z-]+)\?/.exec(this.#address) ?? [];
    const signed = addresses.sign({ asset, variant, grant: { id, generation: Number(generation) } });
    return this.#address.slice(0, this.#address.indexOf("/media/")) + signed;
  }

  *#tampered(): Generator<readonly [what: string, address: string]> {
    const address = this.#address;
    const last = address.slice(0, -2);
    // The first bits of the signature's last but one sign: there is no other way to write the same bytes.
    yield ["An address with another signature", last + (address.at(-2) === "A" ? "B" : "A") + (address.at(-1) ?? "")];
    yield [
      "An address with a later end",
      address.replace(END, (field, end: string) => field.replace(end, String(Number(end) + WINDOW))),
    ];
    yield ["An address of another form", address.replace(/\/(?:view|original)\?/, "/thumb?")];
    yield ["An address without its signature", address.replace(/&s=.*$/, "")];
  }

  async #refused(address: string, what: string): Promise<void> {
    const { status } = await this.#inside.fetch(address);
    expectThat(status === 403, `${what} was answered with ${status} instead of 403.`);
  }
}
