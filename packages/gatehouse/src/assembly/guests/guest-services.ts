import type { Hono } from "hono";
import type { GuestDoor } from "../../guests/door.ts";
import type { JoinTokenBook } from "../../guests/join-token-book.ts";
import type { CardPrinter } from "../../guests/print.ts";
import type { JoinRouteOptions } from "../../guests/routes.ts";
import type { JoinTokenUsage } from "../../guests/usage.ts";
import type { LimitPolicy } from "../../kernel/action.ts";
import type { GuestTraces } from "../../kernel/ports/guest-traces.ts";
import type { JoinTokens } from "../../kernel/ports/join-tokens.ts";
import type { MediaGrants } from "../../kernel/ports/media-grants.ts";

/** Join tokens and the guests who come in by them, as applications use them. */
export interface GuestServices {
  /** Makes, rotates, prints and revokes tokens in transactions of the application's own actions. */
  readonly book: JoinTokenBook;
  /** The rows of tokens, to list and show them. */
  readonly tokens: JoinTokens;
  /** What is kept of a guest besides what they brought and wrote, to be erased with that. */
  readonly traces: GuestTraces;
  /** What guests may do with the files of a collection. */
  readonly grants: MediaGrants;
  /** Counts what happens under tokens: `usage.record(grant.id, { uploads: 1, bytes })`. */
  readonly usage: JoinTokenUsage;
  /** Lets guests in, for join pages of an application's own making. */
  readonly door: GuestDoor;
  /** The address a guest opens: of the text of a token, at the tenant's own origin. */
  readonly addressOf: (tenant: string, text: string) => string;
  /** Loads what prints cards; `undefined` where the package it needs is not installed. */
  readonly printer: () => Promise<CardPrinter | undefined>;
  /** The limits of what guests do, for actions of an application: by session, token, token and address, tenant. */
  readonly limits: readonly LimitPolicy[];
  /** The pages behind QR codes, `/join/{token}`: mount them and say where guests go. */
  readonly routes: (options: JoinRouteOptions) => Hono;
}
