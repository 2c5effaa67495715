import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Hono } from "hono";
import { z } from "zod";
import { openGatehouse, type ApplicationParts, type Gatehouse, type Services } from "gatehouse";
import {
  defineAction,
  requireConfig,
  systemRandom,
  type AnyAction,
  type ConfigInput,
  type SecurityEvent,
} from "gatehouse/kernel";
import { createFakeClock, SUITE_TRUSTED, type FakeClock } from "gatehouse/testing";

/** An assembled server without the part that listens, on a clock that stands still. */
export interface GuardedServer extends AsyncDisposable {
  readonly gatehouse: Gatehouse;
  readonly clock: FakeClock;
  /** What has been emitted, in order. */
  readonly events: SecurityEvent[];
  /** The log, line by line. */
  readonly log: readonly string[];
}

/** What an application under test adds to the route that signs in. */
export type GuardedParts = (services: Services) => Pick<
  ApplicationParts,
  "actions" | "components" | "signatures" | "realtime"
> & {
  readonly routes?: (app: Hono) => void;
};

/** What differs from the plain server. */
export interface GuardedOptions {
  /** Default: no number of violations is punished. */
  readonly punishing?: boolean;
  /** Settings besides. */
  readonly settings?: ConfigInput;
}

/** Where anybody signs in as anybody. */
export const SIGN_IN = "/sign-in";

function signInAction({ edge }: Services): AnyAction {
  return defineAction({
    name: "visitors.sign-in",
    entrances: ["http"],
    effects: "store",
    authorise: "public",
    input: z.strictObject({ user: z.string() }),
    run: async (context) => {
      await edge.sessions.login(context, { type: "user", id: context.input.user, grants: [] });
      return {};
    },
  });
}

/** The tenant of a host: `other.localhost` is another's house. */
function tenantOf({ host }: { readonly host: string }): string {
  return host.startsWith("other.") ? "other" : "default";
}

/** Opens what `npm start` opens, with an application under test and a store in a directory of its own. */
export async function openGuarded(
  open: GuardedParts,
  { punishing = false, settings = {} }: GuardedOptions = {},
): Promise<GuardedServer> {
  const directory = await mkdtemp(join(tmpdir(), "gatehouse-guarded-"));
  const clock = createFakeClock();
  const never = { soft: { threshold: 999_999 }, hard: { threshold: 1_000_000 } };
  const file = {
    profile: "development",
    dataDirectory: directory,
    console: { enabled: false },
    server: { trustedProxies: ["127.0.0.1/32"] },
    limits: { trustedCidrs: [SUITE_TRUSTED] },
    ...(punishing ? {} : { penalties: never }),
    ...settings,
  };
  const config = requireConfig({ file, clock });
  const log: string[] = [];
  const gatehouse = await openGatehouse({
    config,
    clock,
    random: systemRandom,
    log: { write: (text) => log.push(text) > 0 },
    application: {
      tenant: tenantOf,
      open: (services) => {
        const { routes, actions = [], ...parts } = open(services);
        const signIn = signInAction(services);
        const app = new Hono();
        app.post(SIGN_IN, services.edge.action(signIn));
        routes?.(app);
        return { ...parts, actions: [...actions, signIn], routes: () => app };
      },
    },
  });
  const events: SecurityEvent[] = [];
  gatehouse.services.events.subscribe((event) => events.push(event));
  return {
    ...{ gatehouse, clock, events, log },
    async [Symbol.asyncDispose]() {
      await gatehouse[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
