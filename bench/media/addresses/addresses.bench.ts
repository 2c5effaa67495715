/**
 * Signing and checking addresses of media, on one core, beside a plain HMAC of node:crypto over the same text, which is
 * the least that any signed address costs. A page of 200 pictures is 200 signatures; every picture fetched is one check.
 *
 * node --conditions=gatehouse-source bench/media/addresses/addresses.bench.ts [--json]
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { createKeyRing, generateKeyMaterial, systemClock as clock, systemRandom as random } from "gatehouse/kernel";
import { createMediaAddresses } from "gatehouse/media";
import { median, print } from "../../support/report.ts";

const ROUNDS = 21;
const COUNT = 20_000;
const MINUTE = 60_000;

const keyRing = createKeyRing(generateKeyMaterial(random, clock), clock);
const windows = { pictures: 15 * MINUTE, originals: 5 * MINUTE, shortened: MINUTE };
const addresses = createMediaAddresses({ keyRing, clock, windows });
const grant = { id: "0f2b9a4c-7d11-4c53-9d6e-b1a1f0c2e3d4", generation: 7 };
const subjects = Array.from({ length: COUNT }, () => ({
  asset: Buffer.from(random.bytes(16)).toString("hex"),
  variant: "thumb",
}));
const signed = addresses.signAll(subjects, grant).map((address) => {
  const at = address.indexOf("?");
  return { path: address.slice(0, at), search: address.slice(at) };
});
const secret = random.bytes(32);
const plain = signed.map(({ path }) => ({ path, mac: createHmac("sha256", secret).update(path).digest() }));

const contenders: readonly (readonly [string, () => number])[] = [
  ["sign", () => addresses.signAll(subjects, grant).length],
  ["check, valid", () => signed.filter(({ path, search }) => typeof addresses.check(path, search) === "object").length],
  [
    "check, forged",
    () =>
      signed.filter(
        ({ path, search }, at) => addresses.check(path, signed.at(at - 1)?.search ?? search) === "signature",
      ).length,
  ],
  [
    "plain createHmac and compare",
    () =>
      plain.filter(({ path, mac }) => timingSafeEqual(createHmac("sha256", secret).update(path).digest(), mac)).length,
  ],
];

const speeds = new Map<string, number[]>(contenders.map(([name]) => [name, []]));
for (let round = -3; round < ROUNDS; round += 1) {
  for (const [name, run] of contenders) {
    const started = process.cpuUsage();
    if (run() !== COUNT) throw new Error(`${name}: not all did what they should.`);
    const { user, system } = process.cpuUsage(started);
    if (round >= 0) speeds.get(name)?.push((COUNT * 1e6) / (user + system));
  }
}

print({
  benchmark: "media/addresses",
  tables: [
    {
      title: "Addresses of media, a second of one core",
      columns: ["", "median"],
      rows: [...speeds].map(([name, values]) => [name, median(values)]),
    },
  ],
  goals: [{ text: "checks a second per core", reached: median(speeds.get("check, valid") ?? []), least: 200_000 }],
});
