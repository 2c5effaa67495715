/**
 * Sealing beside libsodium (libsodium-wrappers, WebAssembly): the same texts, in one process, in alternating
 * rounds so that neither profits from a quieter moment. Each side does what an application has to do to
 * store a text: encode it, draw a nonce, seal, and write base64; and the reverse. Medians over the rounds.
 *
 * node --conditions=gatehouse-source bench/seal/seal.bench.ts [--json]
 */
import {
  createKeyRing,
  createSealer,
  generateKeyMaterial,
  openVersion1,
  sealVersion1,
  systemClock as clock,
  systemRandom as random,
} from "gatehouse/kernel";
import sodium from "libsodium-wrappers";

const SIZES = [64, 512, 2048, 16_384] as const;
const ROUNDS = 31;
const ROUND_MILLISECONDS = 15;
const WARM_UP_MILLISECONDS = 300;

interface Contender {
  readonly name: string;
  readonly seal: (text: string) => string;
  readonly open: (sealed: string) => string;
}

interface Measurement {
  readonly size: number;
  readonly operation: "seal" | "open";
  readonly name: string;
  /** Microseconds per operation. */
  readonly median: number;
  readonly fastest: number;
}

await sodium.ready;
const keyRing = createKeyRing(generateKeyMaterial(random, clock));
const sealer = createSealer({ keyRing, random, clock });
const binding = { purpose: "live-state", context: ["acme", "guestbook:main", "dGhpcyBpcyBhIHNlc3Npb24"] };
const key = random.bytes(32);

const contenders: readonly Contender[] = [
  {
    name: "gatehouse v2 (bound context)",
    seal: (text) => sealer.seal(text, binding),
    open: (sealed) => sealer.open(sealed, binding),
  },
  {
    name: "gatehouse v1",
    seal: (text) => sealVersion1(key, text, random),
    open: (sealed) => openVersion1(key, sealed),
  },
  { name: "libsodium v1", seal: sealWithSodium, open: openWithSodium },
];

function sealWithSodium(text: string): string {
  // Not sodium.randombytes_buf: it crosses into WebAssembly for every word and would hide all else.
  const nonce = random.bytes(24);
  const box = sodium.crypto_secretbox_easy(text, nonce, key);
  const sealed = new Uint8Array(25 + box.length);
  sealed[0] = 1;
  sealed.set(nonce, 1);
  sealed.set(box, 25);
  return sodium.to_base64(sealed, sodium.base64_variants.ORIGINAL);
}

function openWithSodium(sealed: string): string {
  const bytes = sodium.from_base64(sealed, sodium.base64_variants.ORIGINAL);
  return sodium.to_string(sodium.crypto_secretbox_open_easy(bytes.subarray(25), bytes.subarray(1, 25), key));
}

/** Microseconds per call, over as many calls as fit into the time. */
function time(call: () => unknown, milliseconds: number): number {
  const start = clock.monotonic();
  let calls = 0;
  let elapsed = 0;
  while (elapsed < milliseconds) {
    for (let count = 0; count < 10; count += 1) call();
    calls += 10;
    elapsed = clock.monotonic() - start;
  }
  return (elapsed * 1000) / calls;
}

function measure(size: number, operation: "seal" | "open"): Measurement[] {
  const text = JSON.stringify({ note: "ä".repeat(8), rest: "x".repeat(Math.max(0, size - 41)) });
  const runs = contenders.map((contender) => {
    const sealed = contender.seal(text);
    if (contender.open(sealed) !== text) throw new Error(`${contender.name} does not open what it sealed.`);
    const call = operation === "seal" ? () => contender.seal(text) : () => contender.open(sealed);
    time(call, WARM_UP_MILLISECONDS);
    return { name: contender.name, call, times: [] as number[] };
  });
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const run of runs) run.times.push(time(run.call, ROUND_MILLISECONDS));
  }
  return runs.map(({ name, times }) => {
    const sorted = times.toSorted((left, right) => left - right);
    return { size, operation, name, median: sorted[ROUNDS >> 1] ?? 0, fastest: sorted[0] ?? 0 };
  });
}

const results = SIZES.flatMap((size) => [...measure(size, "seal"), ...measure(size, "open")]);

if (process.argv.includes("--json")) {
  console.log(JSON.stringify(results));
} else {
  console.log("| bytes | operation | who | median us | fastest us | against libsodium |");
  console.log("|---|---|---|---|---|---|");
  for (const { size, operation, name, median, fastest } of results) {
    const peer = results.find(
      (other) => other.size === size && other.operation === operation && other.name === "libsodium v1",
    );
    const ratio = ((peer?.median ?? 0) / median).toFixed(2);
    console.log(
      `| ${size} | ${operation} | ${name} | ${median.toFixed(2)} | ${fastest.toFixed(2)} | ${ratio} times its speed |`,
    );
  }
}
