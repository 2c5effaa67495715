import { openGatehouse } from "gatehouse";
import { resolveConfig, systemClock, systemRandom } from "gatehouse/kernel";

/** Makes a stopped installation in a data directory. */
export async function makeInstallation(directory: string): Promise<void> {
  const settings = resolveConfig({ file: { profile: "development", dataDirectory: directory }, clock: systemClock });
  if (!settings.ok) throw new Error(JSON.stringify(settings.faults));
  const gatehouse = await openGatehouse({
    ...{ config: settings.config, clock: systemClock, random: systemRandom },
    log: "quiet",
  });
  await gatehouse[Symbol.asyncDispose]();
}
