import type { LimitPolicy, LimitSubject } from "../kernel/action.ts";

/** So many attempts in so many milliseconds. */
export interface GuestLimit {
  readonly limit: number;
  readonly window: number;
}

/** How often guests may do things. */
export interface GuestLimitSettings {
  /** Look-ups of tokens that are not there, by address. */
  readonly failures: GuestLimit;
  readonly session: GuestLimit;
  /** All guests of one token. */
  readonly token: GuestLimit;
  /** All guests of one token at one address: everybody at an event. */
  readonly pair: GuestLimit;
  readonly tenant: GuestLimit;
}

/**
 * The limits of what guests do: by session, by token, by token and address together, by tenant; never by address alone,
 * which everybody at an event shares. All actions with these limits count together.
 */
export function guestLimits({ session, token, pair, tenant }: GuestLimitSettings): readonly LimitPolicy[] {
  return [
    policy("guest.session", ["session"], session),
    policy("guest.token", ["invitation"], token),
    policy("guest.token-address", ["invitation", "ip"], pair),
    policy("guest.tenant", ["tenant"], tenant),
  ];
}

/**
 * The limits of coming in. Who shows a token that is not there is counted by address, strictly; who shows one that is
 * there is not, so that guesses at an address are not held against the guests there.
 */
export function exchangeLimits({ failures, token, pair, tenant }: GuestLimitSettings): readonly LimitPolicy[] {
  const invited = { counts: "invited" } as const;
  return [
    { ...policy("guest.failed-lookups", ["ip"], failures), refund: "success", counts: "uninvited" },
    { ...policy("guest.joins-token", ["invitation"], token), ...invited },
    { ...policy("guest.joins-token-address", ["invitation", "ip"], pair), ...invited },
    { ...policy("guest.joins-tenant", ["tenant"], tenant), ...invited },
  ];
}

function policy(name: string, by: readonly LimitSubject[], { limit, window }: GuestLimit): LimitPolicy {
  return { name, by, rule: { kind: "window", limit, window } };
}
