import { z } from "zod";
import { defineAction, type AnyAction, type Authorise } from "../kernel/action.ts";
import { SINGLE_TENANT, type Entrance } from "../kernel/attempt.ts";
import type { Tenants } from "../kernel/ports/tenants.ts";

/** What looking for tenants works with. */
export interface TenantOperationsParts {
  readonly tenants: Tenants;
  /** Those that clients of the configuration are of. */
  readonly configured: readonly string[];
  /** Who may. */
  readonly operatorsOnly: Authorise<unknown>;
  /** Over which entrances. */
  readonly entrances: readonly Entrance[];
}

const MOST_LISTED = 20;

/**
 * Looks whether a tenant is known, and tells some that are. Nothing declares tenants, so that a mistyped one would come
 * to be: who operates one by its name asks first.
 */
export function createTenantOperations(parts: TenantOperationsParts): readonly AnyAction[] {
  const { tenants, operatorsOnly, entrances } = parts;
  const declared = [SINGLE_TENANT, ...parts.configured];
  const find = defineAction({
    name: "tenants.find",
    entrances,
    input: z.strictObject({ tenant: z.string().min(1).max(200) }),
    effects: "none",
    authorise: operatorsOnly,
    run: async ({ input: { tenant }, transaction }) => {
      const known = declared.includes(tenant) || (await tenants.has(transaction, tenant));
      const others = known ? [] : await tenants.list(transaction, MOST_LISTED);
      return { known, tenants: [...new Set([...declared, ...others])].toSorted().slice(0, MOST_LISTED) };
    },
  });
  return [find];
}
