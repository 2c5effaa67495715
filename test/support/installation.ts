import { openGatehouse } from "gatehouse";
import { requireConfig, systemClock, systemRandom } from "gatehouse/kernel";

/** Makes a stopped installation in a data directory. */
export async function makeInstallation(directory: string): Promise<void> {
  const config = requireConfig({ file: { profile: "development", dataDirectory: directory }, clock: systemClock });
  const gatehouse = await openGatehouse({
    ...{ config, clock: systemClock, random: systemRandom },
    log: "quiet",
  });
  await gatehouse[Symbol.asyncDispose]();
}
