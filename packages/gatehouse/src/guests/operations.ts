import { z } from "zod";
import { defineAction, type AnyAction, type Authorise } from "../kernel/action.ts";
import type { Entrance } from "../kernel/attempt.ts";
import type { Clock } from "../kernel/clock.ts";
import { deny, isDenial, type Denial } from "../kernel/outcome.ts";
import type { JoinTokens } from "../kernel/ports/join-tokens.ts";
import { problems } from "../kernel/problems.ts";
import { guestEvents } from "./events.ts";
import type { IssuedJoinToken, JoinTokenBook } from "./join-token-book.ts";
import type { CardPrinter } from "./print.ts";
import { qrSvg } from "./qr-code.ts";
import { JOIN_PATH } from "./routes.ts";
import { bucketAt, BUCKET } from "./usage.ts";
import { guestLanguages } from "./words.ts";

/** What operators of join tokens work with. */
export interface JoinTokenOperationsParts {
  readonly book: JoinTokenBook;
  readonly tokens: JoinTokens;
  readonly clock: Clock;
  /** Where browsers reach a tenant. */
  readonly originOf: (tenant: string) => string;
  /** Loads what prints cards; `undefined` where it is not installed. */
  readonly printer: () => Promise<CardPrinter | undefined>;
  /** Who may. */
  readonly operatorsOnly: Authorise<unknown>;
  /** Over which entrances. */
  readonly entrances: readonly Entrance[];
}

const MOST_LISTED = 200;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const MOST_DAYS = 3660;
const MEBIBYTE = 1024 * 1024;
/** Milliseconds of buckets that are answered at once. */
const LONGEST_RANGE = 92 * DAY;
const GRACE_HOURS = 24;

const Id = z.uuid();
const Count = z.int().min(1).max(Number.MAX_SAFE_INTEGER);

/** What may be said of the scopes of tokens. */
export const Scopes = z
  .array(z.enum(["view", "upload", "download", "moderate"]))
  .min(1)
  .max(4);
/** What a collection is called by: an identifier of the application's. */
export const Collection = z.string().trim().min(1).max(200);

/** What operators do with join tokens, the same from the console and the command line. */
export function createJoinTokenOperations(parts: JoinTokenOperationsParts): readonly AnyAction[] {
  const looks = [list(parts), show(parts), usage(parts)];
  return [create(parts), ...looks, rotate(parts), revoke(parts), revokeAll(parts), print(parts)];
}

function create({ book, originOf, operatorsOnly, entrances }: JoinTokenOperationsParts): AnyAction {
  return defineAction({
    name: "join-tokens.create",
    entrances,
    input: z.strictObject({
      collection: Collection,
      label: z.string().trim().min(1).max(120),
      scopes: Scopes.default(["view", "upload"]),
      kind: z.enum(["derived", "once"]).default("derived"),
      days: z.number().positive().max(MOST_DAYS).optional(),
      guests: Count.optional(),
      files: Count.optional(),
      megabytes: z
        .int()
        .min(1)
        .max(Math.floor(Number.MAX_SAFE_INTEGER / MEBIBYTE))
        .optional(),
    }),
    effects: "store",
    // The answer has the token, which is kept nowhere.
    idempotency: false,
    authorise: operatorsOnly,
    audit: {
      event: guestEvents.join_token_created,
      target: (_input, { id }: { readonly id: string }) => id,
      context: ({ collection, label, scopes, kind }) => ({ collection, label, scopes: scopes.join(" "), kind }),
    },
    run: async ({ attempt: { tenant }, input, transaction }) => {
      const { days, guests, files, megabytes, ...request } = input;
      const bytes = megabytes === undefined ? undefined : megabytes * MEBIBYTE;
      const caps = { ...given({ guests }), ...given({ files }), ...given({ bytes }) };
      const lifetime = days === undefined ? undefined : Math.round(days * DAY);
      const issued = await book.create(transaction, { ...request, tenant, lifetime, caps });
      return isDenial(issued) ? issued : shown(issued, originOf(tenant));
    },
  });
}

function list({ tokens, operatorsOnly, entrances }: JoinTokenOperationsParts): AnyAction {
  return defineAction({
    name: "join-tokens.list",
    entrances,
    input: z.strictObject({
      collection: Collection.optional(),
      after: Id.optional(),
      limit: z.int().min(1).max(MOST_LISTED).default(100),
    }),
    effects: "none",
    authorise: operatorsOnly,
    run: async ({ attempt: { tenant }, input, transaction }) => ({
      tokens: await tokens.list(transaction, { ...input, tenant }),
    }),
  });
}

function show({ tokens, operatorsOnly, entrances }: JoinTokenOperationsParts): AnyAction {
  return defineAction({
    name: "join-tokens.show",
    entrances,
    input: z.strictObject({ id: Id }),
    effects: "none",
    authorise: operatorsOnly,
    run: async ({ attempt: { tenant }, input: { id }, transaction }) => {
      const token = await tokens.find(transaction, { tenant, id });
      if (token === undefined) return missing(id);
      const texts = await tokens.texts(transaction, id);
      return {
        ...token,
        texts: texts.map(({ issue, hint, createdAt, endsAt }) => ({ issue, hint, createdAt, endsAt })),
      };
    },
  });
}

function usage({ tokens, clock, operatorsOnly, entrances }: JoinTokenOperationsParts): AnyAction {
  return defineAction({
    name: "join-tokens.usage",
    entrances,
    input: z.strictObject({ id: Id, from: z.int().min(0).optional(), to: z.int().min(0).optional() }),
    effects: "none",
    authorise: operatorsOnly,
    run: async ({ attempt: { tenant }, input: { id, ...range }, transaction }) => {
      const to = range.to ?? bucketAt(clock.now()) + BUCKET;
      const from = range.from ?? to - DAY;
      if (to < from || to - from > LONGEST_RANGE) {
        return deny(problems.VALIDATION_ERROR, { detail: "The range of time is at most 92 days." });
      }
      const token = await tokens.find(transaction, { tenant, id });
      if (token === undefined) return missing(id);
      return { from, to, buckets: await tokens.usage(transaction, id, { from, to }) };
    },
  });
}

function rotate({ book, originOf, operatorsOnly, entrances }: JoinTokenOperationsParts): AnyAction {
  return defineAction({
    name: "join-tokens.rotate",
    entrances,
    input: z.strictObject({
      id: Id,
      graceHours: z
        .number()
        .min(0)
        .max(24 * 366)
        .default(GRACE_HOURS),
    }),
    effects: "store",
    // The answer has the token, which is kept nowhere.
    idempotency: false,
    authorise: operatorsOnly,
    audit: {
      event: guestEvents.join_token_rotated,
      target: ({ id }) => id,
      context: ({ graceHours }) => ({ graceHours }),
    },
    run: async ({ attempt: { tenant }, input: { id, graceHours }, transaction }) => {
      const issued = await book.rotate(transaction, { tenant, id }, Math.round(graceHours * HOUR));
      return isDenial(issued) ? issued : { ...shown(issued, originOf(tenant)), graceEndsAt: issued.graceEndsAt };
    },
  });
}

function revoke({ book, operatorsOnly, entrances }: JoinTokenOperationsParts): AnyAction {
  return defineAction({
    name: "join-tokens.revoke",
    entrances,
    input: z.strictObject({ id: Id, reason: z.string().trim().min(1).max(500).optional() }),
    effects: "store",
    authorise: operatorsOnly,
    audit: {
      event: guestEvents.join_token_revoked,
      target: ({ id }) => id,
      context: ({ reason }) => ({ reason }),
    },
    run: async ({ attempt: { tenant }, input: { id }, transaction }) => {
      const generation = await book.revoke(transaction, { tenant, id });
      return isDenial(generation) ? generation : { id, generation };
    },
  });
}

function revokeAll({ book, operatorsOnly, entrances }: JoinTokenOperationsParts): AnyAction {
  return defineAction({
    name: "join-tokens.revoke-all",
    entrances,
    input: z.strictObject({
      /** Default: every collection of the tenant. */
      collection: Collection.optional(),
      reason: z.string().trim().min(1).max(500),
    }),
    effects: "store",
    authorise: operatorsOnly,
    audit: {
      event: guestEvents.join_tokens_revoked,
      target: ({ collection = "-" }) => collection,
      context: ({ reason }, { revoked }: { readonly revoked: number }) => ({ reason, revoked }),
    },
    run: async ({ attempt: { tenant }, input: { collection }, transaction }) => ({
      revoked: await book.revokeAll(transaction, { tenant, collection }),
    }),
  });
}

function print({ book, originOf, printer, ...parts }: JoinTokenOperationsParts): AnyAction {
  return defineAction({
    name: "join-tokens.print",
    entrances: parts.entrances,
    input: z.strictObject({
      id: Id,
      format: z.enum(["address", "svg", "pdf"]).default("address"),
      title: z.string().trim().min(1).max(120).optional(),
      language: z.enum(guestLanguages.tags).default("en"),
      paper: z.enum(["A4", "A6"]).default("A6"),
    }),
    effects: "store",
    // The answer has the token, which is kept nowhere.
    idempotency: false,
    authorise: parts.operatorsOnly,
    audit: { event: guestEvents.join_token_printed, target: ({ id }) => id, context: ({ format }) => ({ format }) },
    // Drawing takes longer than a transaction may.
    prepare: async ({ attempt: { tenant }, input, read }) => {
      const printed = await read((reading) => book.print(reading, { tenant, id: input.id }));
      if (isDenial(printed)) return printed;
      const { format, language, paper } = input;
      const path = JOIN_PATH + printed.text;
      const address = originOf(tenant) + path;
      const said = { id: input.id, path, address };
      if (format === "address") return said;
      if (format === "svg") return { ...said, svg: qrSvg(address) };
      const cards = await printer();
      if (cards === undefined) {
        return deny(problems.STATE_CONFLICT, { detail: "Cards need the package pdfkit: npm install pdfkit." });
      }
      const title = input.title ?? printed.token.label;
      const pdf = await cards.print({ address, title, language, paper });
      return { ...said, pdf: Buffer.from(pdf).toString("base64") };
    },
    run: async ({ prepared }) => prepared,
  });
}

interface ShownToken {
  readonly id: string;
  readonly token: string;
  readonly path: string;
  readonly address: string;
  readonly expiresAt: number;
}

/** What is shown of a token that was just made. */
function shown({ id, text, expiresAt }: IssuedJoinToken, origin: string): ShownToken {
  const path = JOIN_PATH + text;
  return { id, token: text, path, address: origin + path, expiresAt };
}

/** The members that have a value. */
function given<Value>(members: Readonly<Record<string, Value | undefined>>): Record<string, Value> {
  return Object.fromEntries(
    Object.entries(members).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])),
  );
}

function missing(id: string): Denial {
  return deny(problems.NOT_FOUND, { detail: `There is no join token ${id}.` });
}
