import { z } from "zod";
import { defineAction, type AnyAction } from "../kernel/action.ts";
import { deny } from "../kernel/outcome.ts";
import { problems } from "../kernel/problems.ts";
import type { OneTimeGrant, OneTimeLinks } from "../http/one-time-links.ts";
import { operatorEvents } from "./events.ts";
import { OPERATOR_GRANT, operatorsOnly } from "./operator.ts";

/** Where one-time links of a purpose lead, and what they admit to. */
export interface LinkTarget {
  /** Path before the token, with its slash. */
  readonly path: string;
  readonly tenant: string;
  readonly grant: OneTimeGrant;
  /** Milliseconds. */
  readonly lifetime: number;
}

/** Targets by purpose: `console`, and those of the application. */
export type LinkTargets = Readonly<Record<string, LinkTarget>>;

const QUARTER_HOUR = 15 * 60_000;

/** The target of links into the console. */
export function consoleLinkTarget(tenant: string): LinkTarget {
  const grant: OneTimeGrant = { principalType: "user", principalId: "administrator", grants: [OPERATOR_GRANT] };
  return { path: "/console/enter/", tenant, grant, lifetime: QUARTER_HOUR };
}

/** Issuing one-time links; from the command line alone, where the answer is seen by its asker only. */
export function createLinkOperations(parts: {
  readonly links: OneTimeLinks;
  readonly linkTargets: LinkTargets;
}): readonly AnyAction[] {
  const issue = defineAction({
    name: "links.issue",
    entrances: ["job"],
    input: z.strictObject({ purpose: z.string().max(40) }),
    effects: "store",
    idempotency: false,
    authorise: operatorsOnly,
    audit: { event: operatorEvents.one_time_link_issued, target: ({ purpose }) => purpose },
    run: async ({ input: { purpose }, transaction }) => {
      const target = Object.hasOwn(parts.linkTargets, purpose) ? parts.linkTargets[purpose] : undefined;
      if (target === undefined) return deny(problems.NOT_FOUND, { detail: `There are no links for "${purpose}".` });
      const { path, ...link } = target;
      return { path: path + (await parts.links.issue(transaction, { purpose, ...link })) };
    },
  });
  return [issue];
}
