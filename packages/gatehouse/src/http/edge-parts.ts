import type { TrustedProxies } from "../guards/address.ts";
import type { CsrfTokens } from "../guards/csrf-token.ts";
import type { Clock } from "../kernel/clock.ts";
import type { EventStream } from "../kernel/event-stream.ts";
import type { Gate } from "../kernel/gate.ts";
import type { Ids } from "../kernel/ids.ts";
import type { KeyRing } from "../kernel/key-ring.ts";
import type { Sessions } from "../kernel/ports/sessions.ts";
import type { Store } from "../kernel/ports/store.ts";
import type { Random } from "../kernel/random.ts";
import type { Timers } from "../kernel/timers.ts";
import type { BodyLimits } from "./body.ts";
import type { CorsRule } from "./cors.ts";
import type { Inbound, TenantResolver } from "./inbound.ts";
import type { ProblemPages } from "./problem-page.ts";
import type { HeaderOptions } from "./security-headers.ts";
import type { ServerTimings } from "./server-timing.ts";
import type { SessionPreset } from "./session-preset.ts";

/** What the HTTP entrance is built from. */
export interface EdgeParts {
  /** The gate, asked for at the first attempt: its actions and guards may need the edge themselves. */
  readonly gate: () => Gate;
  readonly store: Store;
  readonly sessions: Sessions;
  readonly keyRing: KeyRing;
  readonly csrfTokens: CsrfTokens;
  readonly clock: Clock;
  readonly random: Random;
  readonly ids: Ids;
  readonly events: EventStream;
  readonly proxies: TrustedProxies;
  /** Receives exceptions; the caller only sees `INTERNAL_ERROR` with the request id. */
  readonly report: (error: unknown, inbound?: Inbound) => void;
  /** Origins this server answers for. Empty or absent: any host, by the request's own word. */
  readonly origins?: readonly string[];
  readonly tenant?: TenantResolver;
  /** The origin of a tenant, which this server answers for besides `origins`; `undefined`: it has none of its own. */
  readonly originOf?: ((tenant: string) => string | undefined) | undefined;
  /** For development: over plain http to this machine the session has a cookie that needs no encryption. Default false. */
  readonly plainLoopback?: boolean;
  /** For development: answers for `origins` and the names of this machine's loopback, and for no others. Default false. */
  readonly loopbackNamesOnly?: boolean;
  readonly limits?: Partial<BodyLimits>;
  /** Default: the machine's. */
  readonly timers?: Timers;
  /** Default `app`. */
  readonly session?: SessionPreset;
  readonly headers?: HeaderOptions;
  readonly cors?: readonly CorsRule[];
  /** Makes the pages of refusals. Default: plain ones, in English. */
  readonly problems?: ProblemPages | undefined;
  /** For development: answers say what took how long. Default: they do not. */
  readonly timings?: ServerTimings;
}
