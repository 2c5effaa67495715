import { z } from "zod";
import { defineAction, type AnyAction } from "../kernel/action.ts";
import { SINGLE_TENANT } from "../kernel/attempt.ts";
import { deny } from "../kernel/outcome.ts";
import { problems } from "../kernel/problems.ts";
import type { OneTimeGrant, OneTimeLinks } from "../http/one-time-links.ts";
import { operatorEvents } from "./events.ts";
import { OPERATOR_GRANT, operatorsOnly } from "./operator.ts";

/** Where one-time links of a purpose lead, and what they admit to. */
export interface LinkTarget {
  /** Path before the token, with its slash. */
  readonly path: string;
  /** Whose. Absent: of the tenant that is named with the command. */
  readonly tenant?: string;
  readonly grant: OneTimeGrant;
  /** Milliseconds. */
  readonly lifetime: number;
}

/** Targets by purpose: `console`, and those of the application. */
export type LinkTargets = Readonly<Record<string, LinkTarget>>;

const QUARTER_HOUR = 15 * 60_000;

/** The target of links into the console. */
export function consoleLinkTarget(): LinkTarget {
  const grant: OneTimeGrant = { principalType: "user", principalId: "administrator", grants: [OPERATOR_GRANT] };
  return { path: "/console/enter/", grant, lifetime: QUARTER_HOUR };
}

/** Issuing one-time links; from the command line alone, where the answer is seen by its asker only. */
export function createLinkOperations(parts: {
  readonly links: OneTimeLinks;
  readonly linkTargets: LinkTargets;
  /** Where browsers reach a tenant, where tenants have addresses of their own. */
  readonly originOf?: ((tenant: string) => string | undefined) | undefined;
}): readonly AnyAction[] {
  const issue = defineAction({
    name: "links.issue",
    entrances: ["job"],
    input: z.strictObject({ purpose: z.string().max(40) }),
    effects: "store",
    idempotency: false,
    authorise: operatorsOnly,
    audit: { event: operatorEvents.one_time_link_issued, target: ({ purpose }) => purpose },
    run: async ({ attempt, input: { purpose }, transaction }) => {
      const target = Object.hasOwn(parts.linkTargets, purpose) ? parts.linkTargets[purpose] : undefined;
      if (target === undefined) return deny(problems.NOT_FOUND, { detail: `There are no links for "${purpose}".` });
      const { path, tenant = attempt.tenant, ...link } = target;
      const named = attempt.tenant === SINGLE_TENANT ? tenant : attempt.tenant;
      if (named !== tenant) {
        return deny(problems.NOT_FOUND, { detail: `Links for "${purpose}" are of the tenant "${tenant}".` });
      }
      const origin = tenant === SINGLE_TENANT ? undefined : parts.originOf?.(tenant);
      const issued = { path: path + (await parts.links.issue(transaction, { purpose, tenant, ...link })) };
      return origin === undefined ? issued : { ...issued, origin };
    },
  });
  return [issue];
}
