import { defineMonitor, expectThat, type Monitor, type Probe, type SkippedStep } from "gatehouse/monitor";
import type { MonitorGuest } from "./guest.ts";
import { locatedPhoto, TEST_VIRUS } from "./samples.ts";
import { MonitorStage, type StageParts } from "./stage.ts";

const QUARTER_OF_AN_HOUR = 900_000;

/** Whether malware is blocked and photos come out without the place where they were taken. */
export function canaryMonitor(parts: StageParts): Monitor {
  return defineMonitor({
    name: "canary",
    title: "Malware is blocked and photos are scrubbed",
    every: QUARTER_OF_AN_HOUR,
    steps: () => {
      const stage = new MonitorStage(parts, "canary");
      let guest: MonitorGuest | undefined;
      const inside = (): MonitorGuest => {
        expectThat(guest !== undefined, "Nobody has come in.");
        return guest;
      };
      return [
        { name: "join", run: async (probe) => void (guest = await stage.open(probe)) },
        { name: "malware-blocked", run: (probe) => bringMalware(stage, inside(), probe) },
        { name: "photo-scrubbed", run: (probe) => bringPlace(stage, inside(), probe) },
      ];
    },
  });
}

async function bringMalware(stage: MonitorStage, guest: MonitorGuest, probe: Probe): Promise<SkippedStep | undefined> {
  if (!stage.parts.media.scans) return { skipped: "There is no scanner." };
  const { id } = await guest.bring(Buffer.from(TEST_VIRUS), "monitor.jpg");
  const { state, reason } = await stage.settled(probe, id);
  // Without a scanner's word it would not be published either, as it is no photo: that is not what is asked here.
  expectThat(state === "infected", `The test signature was not found: the file is ${state}, ${reason}.`);
  const shown = (await guest.photos()).some((photo) => photo.id === id);
  expectThat(!shown, "A file with the test signature is on the list.");
  return undefined;
}

async function bringPlace(stage: MonitorStage, guest: MonitorGuest, probe: Probe): Promise<void> {
  const { file, traces } = locatedPhoto();
  const { id } = await guest.bring(file, "monitor.jpg");
  await stage.published(probe, id);
  const { forms } = await guest.photo(id);
  expectThat(forms["original"] !== undefined, "The original cannot be fetched.");
  for (const [form, { address }] of Object.entries(forms)) {
    const delivered = await guest.content(address);
    for (const [what, trace] of Object.entries(traces))
      expectThat(!delivered.includes(trace), `The form ${form} was delivered with ${what}.`);
  }
}
