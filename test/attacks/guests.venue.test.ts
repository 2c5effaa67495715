// Two hundred guests of a wedding come in and send photos at the same moment, all from the address of the venue, and so
// does somebody who tries out join tokens as fast as the server answers. Limits by address would shut the guests out or
// let the guesses through, and two hundred uploads at once could fill the memory of the server.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, it } from "node:test";
import { crc32 } from "node:zlib";
import type { MediaAsset } from "gatehouse/kernel";
import { drillTimeout, quantile, Report, sized } from "../faults/drill.ts";
import { startSite } from "../support/browser.ts";
import { Client, type Answer } from "../support/client.ts";
import { operate } from "../support/gallery-people.ts";
import { picture } from "../support/picture.ts";
import type { ServerProcess } from "../support/server-process.ts";

const GUESTS = 200;
/** Photos of each, one after the other. */
const PHOTOS = sized(1, 5);
const GUESSERS = 4;
/** `guests.limits.failures.limit`: look-ups of tokens that are not there, of one address. */
const GUESSES = 10;
const VENUE = { "x-forwarded-for": "198.51.100.7" };
/** Bytes on top of what the server takes anyway, by what it is said to take for each upload. */
const MEMORY = GUESTS * 2 * 1_048_576;
/** Nobody gives up because the machine is busy. */
const PATIENCE = { timeout: 110_000 };
const AS_A_PAGE = { ...PATIENCE, headers: { accept: "text/html" } };
const ALBUM = "/events/anna-and-ben";
const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** A join token as they look, checksum and all: only the server knows that there is no such token. */
function guessedToken(): string {
  const secret = Array.from(randomBytes(27), (byte) => DIGITS[byte % DIGITS.length]).join("");
  const text = `gj_${secret}`;
  let check = "";
  for (let rest = crc32(text), place = 0; place < 6; place += 1, rest = Math.floor(rest / DIGITS.length))
    check = `${DIGITS[rest % DIGITS.length] ?? ""}${check}`;
  return text + check;
}

interface Invitation {
  readonly id: string;
  readonly path: string;
  readonly collection: string;
}

async function invite(server: ServerProcess): Promise<Invitation> {
  const { tokens } = (await operate(server, "join-tokens.list", {})) as { tokens: { collection: string }[] };
  const collection = tokens[0]?.collection ?? "";
  const made = await operate(server, "join-tokens.create", { collection, label: "Tables" });
  return { ...(made as { id: string; path: string }), collection };
}

/** Tries out tokens until told to stop, with the page and the security token of a browser; what it was answered. */
async function guess(server: ServerProcess, goesOn: (statuses: readonly number[]) => boolean): Promise<number[]> {
  using guesser = new Client({ url: server.url, headers: VENUE });
  const token = await guesser.refreshToken(PATIENCE);
  const statuses: number[] = [];
  do {
    const answer = await guesser.post(
      `/join/${guessedToken()}`,
      new URLSearchParams({ _csrf_token: token }),
      AS_A_PAGE,
    );
    statuses.push(answer.status);
  } while (goesOn(statuses));
  return statuses;
}

/** A guest who comes in, looks at the album and adds photos; every answer. */
async function celebrate(
  server: ServerProcess,
  { path, collection }: Invitation,
  guest: number,
): Promise<readonly Answer[]> {
  using phone = new Client({ url: server.url, headers: VENUE });
  const join = await phone.open(path, PATIENCE);
  const token = /name="_csrf_token" value="([^"]+)"/.exec(join.text)?.[1] ?? "";
  const entered = await phone.post(path, new URLSearchParams({ _csrf_token: token }), AS_A_PAGE);
  const album = await phone.open(ALBUM, PATIENCE);
  const address = `/uploads?collection=${collection}`;
  const sent: Answer[] = [];
  for (let photo = 0; photo < PHOTOS; photo += 1) sent.push(...(await send(phone, address, guest * PHOTOS + photo)));
  return [join, entered, album, ...sent];
}

/** Sends a photo as the form of the gallery does. */
async function send(phone: Client, address: string, number: number): Promise<readonly Answer[]> {
  const photo = picture([number % 256, 40, 90], 20_000 + number);
  const tus = { "tus-resumable": "1.0.0", "x-csrf-token": phone.token };
  const name = Buffer.from(`${number}.png`).toString("base64");
  const begun = await phone.request(address, {
    ...{ ...PATIENCE, method: "POST" },
    headers: { ...tus, "upload-length": String(photo.length), "upload-metadata": `filename ${name}` },
  });
  const sent = await phone.request(begun.headers.location ?? "/", {
    ...{ ...PATIENCE, method: "PATCH", body: photo },
    headers: { ...tus, "content-type": "application/offset+octet-stream", "upload-offset": "0" },
  });
  return [begun, sent];
}

/** Names of all files of an album that nobody has refused. */
async function namesIn(server: ServerProcess, collection: string): Promise<readonly string[]> {
  const names: string[] = [];
  let after: string | undefined;
  do {
    const query = { collection, limit: 200, ...(after === undefined ? {} : { after }) };
    const page = (await operate(server, "media.assets.list", query)) as Page;
    names.push(...page.assets.filter(({ state }) => !REFUSED.has(state)).map(({ name }) => name));
    after = page.next;
  } while (after !== undefined);
  return names;
}

interface Page {
  readonly assets: readonly MediaAsset[];
  readonly next?: string;
}

const REFUSED: ReadonlySet<string> = new Set(["rejected", "suspicious", "held", "infected", "unscannable"]);

describe("guests at the address of a venue, and one who guesses join tokens there", () => {
  it("all come in and send their photos; the guesses end with their budget", { timeout: drillTimeout }, async () => {
    const report = new Report("venue");
    await using server = await startSite({
      environment: {
        GATEHOUSE_MEDIA_SCANNER_ENGINE: "none",
        GATEHOUSE_MEDIA_SCANNER_NONE_REASON: "A test of what comes before.",
      },
    });
    const token = await invite(server);
    const atRest = server.residentMemory;
    // It has begun before the first guest comes, and is not let go on by them.
    const early = await guess(server, (statuses) => statuses.at(-1) === 404 && statuses.length < 100);
    let celebrating = true;
    const guesses = Array.from({ length: GUESSERS }, () => guess(server, () => celebrating));
    const began = performance.now();
    const stories = await Promise.all(
      Array.from({ length: GUESTS }, (_, number) => celebrate(server, token, number)),
    ).finally(() => (celebrating = false));
    const elapsed = performance.now() - began;
    const tried = [...early, ...(await Promise.all(guesses)).flat()];
    const growth = server.peakMemory - atRest;

    for (const story of stories) {
      const refused = story.filter(({ status }) => status >= 400).map(({ status, text }) => `${status} ${text}`);
      assert.deepEqual(refused, []);
    }
    const looked = tried.filter((status) => status === 404).length;
    assert.equal(looked, GUESSES, "so many guesses are looked up, whoever makes them");
    assert.ok(
      tried.every((status) => status === 404 || status === 429 || status === 403),
      [...new Set(tried)].join(),
    );
    const { guests } = (await operate(server, "join-tokens.show", { id: token.id })) as { guests: number };
    assert.equal(guests, GUESTS);
    const names = await namesIn(server, token.collection);
    assert.equal(new Set(names).size, GUESTS * PHOTOS, "every photo is there");
    assert.equal(names.length, GUESTS * PHOTOS, "once");
    assert.ok(growth < MEMORY, `${Math.round(growth / 1e6)} MB more than at rest`);
    assert.deepEqual(server.exceptions, []);
    const slowest = stories.map((story) => story.reduce((sum, { duration }) => sum + duration, 0));
    report.summary({
      "guests, with their photos": `${GUESTS}, ${GUESTS * PHOTOS}`,
      "seconds until the last photo": (elapsed / 1000).toFixed(1),
      "a guest, median (ms)": Math.round(quantile(slowest, 0.5)),
      "guesses, of them looked up": `${tried.length}, ${looked}`,
      "memory at rest, growth (MB)": `${Math.round(atRest / 1e6)}, ${Math.round(growth / 1e6)}`,
    });
  });
});
