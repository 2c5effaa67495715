import { z } from "zod";
import { defineAction, type AnyAction, type Authorise } from "../../kernel/action.ts";
import type { Entrance } from "../../kernel/attempt.ts";
import type { Clock } from "../../kernel/clock.ts";
import { deny } from "../../kernel/outcome.ts";
import type { SigningKeys, SigningKeyState, UsedSigningKey } from "../../kernel/ports/signing-keys.ts";
import { problems } from "../../kernel/problems.ts";
import { identityEvents } from "../events.ts";
import type { KeyChange, KeyKeeper } from "./key-keeper.ts";
import type { KeyUses } from "./key-uses.ts";
import { nextChange, type RotationPolicy } from "./rotation.ts";

/** What operators of signing keys work with. */
export interface SigningKeyOperationsParts {
  readonly keeper: KeyKeeper;
  readonly keys: Pick<SigningKeys, "list">;
  readonly uses: KeyUses;
  readonly clock: Pick<Clock, "now">;
  /** Who may. */
  readonly operatorsOnly: Authorise<unknown>;
  readonly entrances: readonly Entrance[];
}

/** A signing key as operators see it. Times are epoch milliseconds. */
interface KeyDescription extends Pick<UsedSigningKey, "kid" | "algorithm" | "state" | "createdAt" | "since"> {
  /** Texts it has signed. */
  readonly signed: number;
  readonly signedAt: number | undefined;
  readonly seenAt: number | undefined;
  /** Whether nothing is lost when its private part is destroyed, and why. */
  readonly safeToPrune: boolean;
  readonly why: string;
}

/** What became of a key. */
interface ChangeDescription {
  readonly kid: string;
  /** Present where the key is new. */
  readonly algorithm?: string;
  /** Absent where the key is new. */
  readonly from?: SigningKeyState;
  readonly to: SigningKeyState;
}

interface Changes {
  readonly changes: readonly ChangeDescription[];
}

/** What operators do with signing keys, the same from the console and the command line. */
export function createSigningKeyOperations(parts: SigningKeyOperationsParts): readonly AnyAction[] {
  return [list(parts), rotate(parts), prune(parts), compromise(parts)];
}

function list({ keeper, keys, uses, clock, operatorsOnly, entrances }: SigningKeyOperationsParts): AnyAction {
  return defineAction({
    name: "oauth.keys.list",
    entrances,
    input: z.strictObject({}),
    effects: "none",
    authorise: operatorsOnly,
    run: async ({ transaction }) => {
      const all = await keys.list(transaction);
      const { policy } = keeper;
      const described = all.map((key) => describeKey({ ...key, uses: uses.with(key) }, { policy, now: clock.now() }));
      return { keys: described, nextChangeAt: nextChange(all, policy) };
    },
  });
}

function rotate({ keeper, operatorsOnly, entrances }: SigningKeyOperationsParts): AnyAction {
  return defineAction({
    name: "oauth.keys.rotate",
    entrances,
    input: z.strictObject({ now: z.boolean().default(false) }),
    effects: "external",
    authorise: operatorsOnly,
    audit: { event: identityEvents.oauth_keys_operated, context: (_input, value: Changes) => contextOf(value) },
    run: async ({ input: { now } }) => describeChanges(await keeper.turn({ rotate: now ? "now" : "soon" })),
  });
}

function prune({ keeper, operatorsOnly, entrances }: SigningKeyOperationsParts): AnyAction {
  return defineAction({
    name: "oauth.keys.prune",
    entrances,
    input: z.strictObject({}),
    effects: "external",
    authorise: operatorsOnly,
    audit: { event: identityEvents.oauth_keys_operated, context: (_input, value: Changes) => contextOf(value) },
    run: async () => describeChanges(await keeper.turn()),
  });
}

function compromise({ keeper, operatorsOnly, entrances }: SigningKeyOperationsParts): AnyAction {
  return defineAction({
    name: "oauth.keys.compromise",
    entrances,
    input: z.strictObject({ kid: z.string().max(100) }),
    effects: "external",
    authorise: operatorsOnly,
    audit: {
      event: identityEvents.oauth_keys_operated,
      target: ({ kid }) => kid.slice(0, TELLING),
      context: (_input, value: Changes) => contextOf(value),
    },
    run: async ({ input: { kid } }) => {
      const known = (await keeper.list()).some((key) => key.kid === kid);
      if (!known) return deny(problems.NOT_FOUND, { detail: `There is no signing key ${kid}.` });
      return describeChanges(await keeper.turn({ compromised: kid }));
    },
  });
}

function describeChanges(changes: readonly KeyChange[]): Changes {
  return {
    changes: changes.map(({ kid, step }) =>
      step.what === "create"
        ? { kid, algorithm: step.algorithm, to: step.state }
        : { kid, from: step.from, to: step.to },
    ),
  };
}

/** Characters by which the trail tells keys apart: whole names look like secrets there, and are left out. */
const TELLING = 12;

function contextOf({ changes }: Changes): Readonly<Record<string, string>> {
  return { changes: changes.map(({ kid, to }) => `${kid.slice(0, TELLING)} ${to}`).join(", ") };
}

/** A key as operators see it: how far it is in its life, what it was used for, and what pruning it would cost. */
function describeKey(
  { kid, algorithm, state, createdAt, since, uses }: UsedSigningKey,
  times: { readonly policy: RotationPolicy; readonly now: number },
): KeyDescription {
  const { signed, signedAt, seenAt } = uses;
  const marks = { kid, algorithm, state, createdAt, since };
  return { ...marks, signed, signedAt, seenAt, ...prunability({ state, since }, times) };
}

/** Whether pruning a key loses nothing, and why. */
export function prunability(
  { state, since }: Pick<UsedSigningKey, "state" | "since">,
  { policy, now }: { readonly policy: RotationPolicy; readonly now: number },
): Pick<KeyDescription, "safeToPrune" | "why"> {
  const validUntil = since + policy.validFor;
  switch (state) {
    case "next":
      return { safeToPrune: false, why: `signs from ${dateOf(since + policy.publishedFor)} on` };
    case "active":
      return { safeToPrune: false, why: "signs" };
    case "retiring":
      return now >= validUntil
        ? { safeToPrune: true, why: `nothing it signed is valid since ${dateOf(validUntil)}` }
        : { safeToPrune: false, why: `what it signed may be valid until ${dateOf(validUntil)}` };
    case "pruned":
      return { safeToPrune: false, why: "its private part is destroyed" };
    case "compromised":
      return { safeToPrune: false, why: "withdrawn, its private part is destroyed" };
  }
}

function dateOf(time: number): string {
  return new Date(time).toISOString();
}
