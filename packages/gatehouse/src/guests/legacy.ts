import { createHash } from "node:crypto";
import { z } from "zod";
import type { Ids } from "../kernel/ids.ts";
import type { KeyRing } from "../kernel/key-ring.ts";
import type { JoinTokenCaps, JoinTokens } from "../kernel/ports/join-tokens.ts";
import type { LegacyRow, LegacyTokens } from "../kernel/ports/legacy-tokens.ts";
import type { MediaScope } from "../kernel/ports/media-grants.ts";
import type { ReadTransaction, WriteTransaction } from "../kernel/ports/store.ts";
import type { JoinTokenDefaults } from "./join-token-book.ts";
import { hashText, possibleHashes } from "./token-text.ts";

/** Characters below which a text can be guessed. */
const LEAST_LENGTH = 20;

/** A token that an earlier system made. */
export interface LegacyToken {
  readonly tenant: string;
  readonly text: string;
  readonly collection: string;
  readonly label: string;
  /** Epoch milliseconds; absent where the earlier system had no end. */
  readonly expiresAt?: number | undefined;
}

/** What becomes of them. */
export interface LegacyPolicy {
  readonly scopes: readonly MediaScope[];
  /** Milliseconds after which texts that can be guessed end, whatever the earlier system said. */
  readonly weakLifetime: number;
}

/** Tokens that are still in the table of an earlier system while they are let in. */
export interface LegacyLookUp {
  isOpen(): boolean;
  /** One that is still in the table, which may have no index for that. */
  find(transaction: ReadTransaction, tenant: string, text: string): Promise<LegacyToken | undefined>;
  adopt(transaction: WriteTransaction, token: LegacyToken): Promise<Adoption>;
}

/** What tokens are taken over with. */
export interface LegacyImportParts {
  readonly tokens: JoinTokens;
  readonly keyRing: KeyRing;
  readonly ids: Ids;
  readonly defaults: Pick<JoinTokenDefaults, "lifetime" | "longest"> & { readonly caps: JoinTokenCaps };
}

/** How one token was taken over. */
export type Adoption = "imported" | "weak" | "present";

/** Takes a token over, once: its hash is kept, and nothing else of its text but the last characters of a long one. */
export async function adoptToken(
  { tokens, keyRing, ids, defaults }: LegacyImportParts,
  transaction: WriteTransaction,
  { token, policy }: { readonly token: LegacyToken; readonly policy: LegacyPolicy },
): Promise<Adoption> {
  const { tenant, text, collection, label, expiresAt } = token;
  const known = await tokens.findByText(transaction, tenant, possibleHashes(keyRing, tenant, text));
  if (known !== undefined) return "present";
  const weak = isWeakText(text);
  const now = await transaction.now();
  const latest = now + (weak ? policy.weakLifetime : defaults.longest);
  const until = Math.min(expiresAt ?? now + defaults.lifetime, latest);
  const id = ids.next();
  const { scopes } = policy;
  const { caps } = defaults;
  await tokens.create(transaction, {
    ...{ id, tenant, collection, label, kind: "legacy", scopes, caps, weak, expiresAt: until },
  });
  const hashed = hashText(keyRing, tenant, text);
  // The end of a short text is half of it.
  await tokens.addText(transaction, { ...hashed, hint: weak ? "" : hashed.hint, token: id, issue: 0 });
  return weak ? "weak" : "imported";
}

/** What is known of a table of an earlier system, whatever the order of its rows. */
export interface Tally {
  readonly count: number;
  /** The sum of the digests of all texts, in hexadecimal digits. */
  readonly checksum: string;
}

const EMPTY_TALLY: Tally = Object.freeze({ count: 0, checksum: "0".repeat(32) });

/** A tally and one more. */
function tallied({ count, checksum }: Tally, tenant: string, digest: string): Tally {
  const sum = (BigInt(`0x${checksum}`) + BigInt(`0x${digestOf(tenant, digest)}`)) % (1n << 128n);
  return { count: count + 1, checksum: sum.toString(16).padStart(32, "0") };
}

function digestOf(tenant: string, hash: string): string {
  return createHash("sha256").update(`${tenant}\n${hash}`).digest("hex").slice(0, 32);
}

/** A row of a table as a token; `undefined` where it is none that can be taken over. */
export function tokenOf(row: LegacyRow, tenant: string): LegacyToken | undefined {
  const { text, collection, expires } = row;
  const owner = row.tenant ?? tenant;
  if (!isLegacyText(text) || collection === "" || owner === "") return undefined;
  return { tenant: owner, text, collection, label: `Imported ${row.id}`.slice(0, 120), expiresAt: timeOf(expires) };
}

/** Whether a text can be one of an earlier system. */
export function isLegacyText(text: string): boolean {
  return /^[\x21-\x7e]{3,128}$/.test(text);
}

/** Whether a text is short enough to be guessed. */
export function isWeakText(text: string): boolean {
  return text.length < LEAST_LENGTH;
}

/** A time as an earlier system may have written it: seconds or milliseconds since 1970, or a date. */
export function timeOf(text: string | undefined): number | undefined {
  if (text === undefined || text.trim() === "") return undefined;
  if (/^\d{9,11}(\.\d+)?$/.test(text)) return Math.floor(Number(text) * 1000);
  if (/^\d{12,14}$/.test(text)) return Number(text);
  // Without a zone it is UTC, as in most databases.
  const iso = /^\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(:\d{2}(\.\d+)?)?$/.test(text) ? `${text.replace(" ", "T")}Z` : text;
  const time = Date.parse(iso.replace(/([+-]\d{2})$/, "$1:00"));
  return Number.isNaN(time) ? undefined : time;
}

/** One step of taking a table over: where it stands, and what was done in it. */
export interface MigrationStep {
  readonly phase: "copy" | "verify" | "clear" | "done";
  /** The identifier after which the phase goes on. */
  readonly after: string;
  readonly copied: number;
  readonly weak: number;
  readonly present: number;
  readonly skipped: number;
  readonly cleared: number;
  /** What the table says, and what was taken over, by the rows looked at so far. */
  readonly expected: Tally;
  readonly found: Tally;
}

const StoredTally = z.strictObject({ count: z.int().min(0), checksum: z.string().regex(/^[0-9a-f]{32}$/) });

/** Where a migration stands, as its caller hands it from step to step. */
export const MigrationState = z.strictObject({
  phase: z.enum(["copy", "verify", "clear", "done"]),
  after: z.string().max(500),
  copied: z.int().min(0),
  weak: z.int().min(0),
  present: z.int().min(0),
  skipped: z.int().min(0),
  cleared: z.int().min(0),
  expected: StoredTally,
  found: StoredTally,
});

/** A migration that has not begun. It also goes on with one that was cut off: what was taken over is `present`. */
export const MIGRATION_START: MigrationStep = Object.freeze({
  ...{ phase: "copy", after: "", copied: 0, weak: 0, present: 0, skipped: 0, cleared: 0 },
  ...{ expected: EMPTY_TALLY, found: EMPTY_TALLY },
});

/** What a step works with. */
export interface MigrationParts {
  readonly legacy: LegacyTokens;
  readonly policy: LegacyPolicy;
  readonly tenant: string;
  readonly limit: number;
}

/** What was copied and what the table says differ: nothing is deleted. */
export class MigrationMismatchError extends Error {
  override readonly name = "MigrationMismatchError";
}

/**
 * Takes one step: copies some rows as hashes, then reads all rows and hashes again and compares their number and
 * checksum, and only then deletes clear texts, each of which is looked for once more. Guests come in by both the whole
 * time. A step is one transaction, so one that is cut off has not happened.
 * @throws {MigrationMismatchError} where the comparison fails.
 */
export async function migrationStep(
  importer: LegacyImportParts,
  transaction: WriteTransaction,
  { step, ...parts }: MigrationParts & { readonly step: MigrationStep },
): Promise<MigrationStep> {
  if (step.phase === "done") return step;
  const { legacy, tenant, limit, policy } = parts;
  const rows = await legacy.rows(transaction, { after: step.after, limit });
  let next: MigrationStep = step;
  for (const row of rows) {
    const token = tokenOf(row, tenant);
    next = { ...next, after: row.id };
    if (token === undefined) {
      if (step.phase === "copy") next = { ...next, skipped: next.skipped + 1 };
    } else if (step.phase === "copy") {
      next = withAdoption(next, await adoptToken(importer, transaction, { token, policy }));
    } else if (step.phase === "verify") {
      next = await compared(importer, transaction, { step: next, token });
    } else if ((await isPresent(importer, transaction, token)) && (await legacy.clear(transaction, row))) {
      next = { ...next, cleared: next.cleared + 1 };
    }
  }
  return rows.length < limit ? finished(next) : next;
}

function withAdoption(step: MigrationStep, adoption: Adoption): MigrationStep {
  if (adoption === "present") return { ...step, present: step.present + 1 };
  return { ...step, copied: step.copied + 1, weak: step.weak + (adoption === "weak" ? 1 : 0) };
}

async function compared(
  { tokens, keyRing }: LegacyImportParts,
  transaction: WriteTransaction,
  { step, token }: { readonly step: MigrationStep; readonly token: LegacyToken },
): Promise<MigrationStep> {
  const { tenant, text } = token;
  const hashes = possibleHashes(keyRing, tenant, text);
  const stored = await tokens.findByText(transaction, tenant, hashes);
  // Both sums are of what hashes under the key the row was hashed with, so that they are equal only where it is stored.
  const expected = tallied(step.expected, tenant, stored?.text.hash ?? hashes[0] ?? "");
  const matches = stored !== undefined && stored.token.collection === token.collection;
  return { ...step, expected, found: matches ? tallied(step.found, tenant, stored.text.hash) : step.found };
}

async function isPresent(
  { tokens, keyRing }: LegacyImportParts,
  transaction: WriteTransaction,
  { tenant, text }: LegacyToken,
): Promise<boolean> {
  return (await tokens.findByText(transaction, tenant, possibleHashes(keyRing, tenant, text))) !== undefined;
}

function finished(step: MigrationStep): MigrationStep {
  const { phase, expected, found } = step;
  if (phase === "copy") return { ...step, phase: "verify", after: "" };
  if (phase === "clear") return { ...step, phase: "done", after: "" };
  if (expected.count !== found.count || expected.checksum !== found.checksum) {
    throw new MigrationMismatchError(
      `The table has ${expected.count} tokens (checksum ${expected.checksum}), of which ${found.count} were found again ` +
        `(checksum ${found.checksum}). No clear text was deleted.`,
    );
  }
  return { ...step, phase: "clear", after: "" };
}
