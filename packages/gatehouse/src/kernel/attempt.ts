/** The ways into an application. */
export const ENTRANCES = ["http", "live", "realtime", "webhook", "oauth", "mcp", "job"] as const;
/** One of the ways in. */
export type Entrance = (typeof ENTRANCES)[number];

/** The network side of an attempt, resolved once by the entrance. */
export interface Peer {
  /** Client address through trusted proxies, canonical text: IPv4 dotted, IPv6 compressed, v4-mapped unwrapped. */
  readonly ip: string;
  /** Whether the client's connection was encrypted, as far as trusted proxies tell. */
  readonly tls: boolean;
  /** Identifies a long-lived connection; limits can be keyed by it. */
  readonly connection?: string;
}

/** Evidence that the attempt was meant by whom it claims to come from. */
export type Provenance =
  /** A browser attached credentials by itself (cookies): origin and CSRF checks apply. */
  | {
      readonly kind: "browser";
      readonly method: string;
      readonly origin?: string;
      readonly fetchSite?: string;
      /** Scheme, host and port the request was addressed to, by the entrance's own configuration. */
      readonly target: string;
      readonly csrfToken?: string;
    }
  /** The body is signed by a known sender (webhooks). */
  | { readonly kind: "signed"; readonly headers: Readonly<Record<string, string>>; readonly body: Uint8Array }
  /** The caller attached a credential deliberately: nothing a foreign page could have caused. */
  | { readonly kind: "token" }
  /** Sent over a realtime connection, whose origin was checked before it was opened. */
  | { readonly kind: "connection" }
  /** The system itself: jobs, the local command line. */
  | { readonly kind: "internal" };

/** Something presented to prove who is calling. Never logged; fingerprints are. */
export type Credential =
  | { readonly kind: "session"; readonly id: string }
  | { readonly kind: "bearer"; readonly token: string; readonly proof?: PresentedProof }
  | { readonly kind: "client"; readonly id: string; readonly secret: string }
  /** A realtime connection that has been let in: whoever it belongs to was found out then, and is looked at again and again. */
  | { readonly kind: "connection"; readonly principal: Principal }
  | { readonly kind: "internal"; readonly principal: Principal };

/** What came with a token to show that its sender has the key it is bound to (RFC 9449), and what it has to be about. */
export interface PresentedProof {
  /** As it was sent; empty where a proof was announced and none came. */
  readonly text: string;
  readonly method: string;
  /** The address of the request by the entrance's own configuration, without its query. */
  readonly url: string;
}

/** Who attempts something. */
export interface Principal {
  readonly type: "user" | "guest" | "agent" | "client" | "system" | "anonymous";
  /** Stable identifier; `-` for a stranger without a session. */
  readonly id: string;
  readonly tenant: string;
  /** What it may do: roles of a user, scopes of a client or agent. */
  readonly grants: ReadonlySet<string>;
  /** Keyed fingerprint of the session or credential it came with; what it owns ends with it. */
  readonly session?: string;
  readonly onBehalfOf?: string;
  /** How it has signed in, where the token that it shows says so. */
  readonly authentication?: Authentication;
}

/** How somebody has signed in. */
export interface Authentication {
  /** Epoch milliseconds of the newest sign-in. */
  readonly at: number;
  /** Whether with two factors. */
  readonly secondFactor: boolean;
}

/**
 * What an entrance has made sure of before the attempt began: that the caller shows a cookie of ours that only signing
 * in gives, or a join token that is in the store. It says nothing of who the caller is or what it may do. Admission and
 * limits count by it, so that strangers at the same address do not use up what others there may do.
 */
export interface KnownCaller {
  readonly by: "session" | "invitation";
  /** The cookie's value, or the identifier of the join token, with what became of it where it has ended. */
  readonly id: string;
}

/** What a program says of itself, and its user agent. Records keep it; nothing is decided by it, since anybody can say anything. */
export interface CallingProgram {
  /** Its name. */
  readonly agent?: string;
  readonly agentVersion?: string;
  /** The model that decides what it does. */
  readonly model?: string;
  /** What it runs in. */
  readonly runtime?: string;
  /** What it calls this request. */
  readonly request?: string;
  readonly userAgent?: string;
}

/** One try to do something, over any entrance. Entrances build it; nothing else does. */
export interface Attempt {
  /** Request identifier, UUIDv7; also in logs, problems and events. */
  readonly id: string;
  readonly entrance: Entrance;
  /** Name of the action; `UNNAMED` while the body that says it has not been received. */
  readonly action: string;
  readonly tenant: string;
  /** Epoch milliseconds. */
  readonly receivedAt: number;
  readonly peer: Peer;
  readonly provenance: Provenance;
  readonly credentials: readonly Credential[];
  /** The client the caller says it is, before anybody has checked it: for limits alone. */
  readonly claimedClient?: string;
  readonly known?: KnownCaller;
  readonly program?: CallingProgram;
  /** Set where nobody has done anything: programs make it by themselves, and it does not keep a session alive. */
  readonly passive?: true;
  /** Parsed but unvalidated input. Entrances cap bytes, depth and counts before the attempt exists. */
  readonly input: unknown;
  /** What the caller calls this intent. Signed messages are known by what their signature covers instead. */
  readonly idempotencyKey?: string;
  /** Aborted when the caller went away; work already claimed continues regardless. */
  readonly signal?: AbortSignal;
  /** Epoch milliseconds after which the caller no longer waits: waiting ends then, work already claimed does not. */
  readonly deadline?: number;
}

/** The action of an attempt whose body will name it, until that has been received. */
export const UNNAMED = "-";

/** What events call attempts that were refused before their body could name an action. */
export function unnamedAction(entrance: Entrance): string {
  return `${entrance}.request`;
}

/** Tenant of installations that have only one. */
export const SINGLE_TENANT = "default";

const NO_GRANTS: ReadonlySet<string> = new Set();

/** The principal of an attempt nobody has vouched for. */
export function anonymousPrincipal(tenant: string): Principal {
  return { type: "anonymous", id: "-", tenant, grants: NO_GRANTS };
}

/** Whether an attempt comes with a session, in which somebody may have signed in. */
export function carriesSession({ credentials }: Pick<Attempt, "credentials">): boolean {
  return credentials.some(({ kind }) => kind === "session");
}

/** The join token an attempt comes with, or that its principal came in by: what limits by `invitation` count. */
export function invitationOf({ known }: Pick<Attempt, "known">, { grants }: Principal): string | undefined {
  if (known?.by === "invitation") return known.id;
  for (const grant of grants) if (grant.startsWith(INVITATION_GRANT)) return grant.slice(INVITATION_GRANT.length);
  return undefined;
}

/** In front of the identifier of a join token in the grants of a guest who came in by it. */
export const INVITATION_GRANT = "join-token:";

/**
 * The page that made a browser send an attempt, as far as the browser tells: one of ours, or one of another origin. A
 * foreign page acts without its visitors' knowledge, so what it causes must not be held against them. Anybody without a
 * browser can say the same, so this excuses nothing that a page could not have sent.
 */
export function initiatingPage(provenance: Provenance): "own" | "foreign" | undefined {
  if (provenance.kind === "signed") {
    const { headers } = provenance;
    const said = headers["sec-fetch-site"] !== undefined || headers["origin"] !== undefined;
    return said && isSimple(headers) ? "foreign" : undefined;
  }
  if (provenance.kind !== "browser") return undefined;
  const { fetchSite, origin, target } = provenance;
  if (fetchSite === "same-origin") return "own";
  if (fetchSite === "cross-site" || fetchSite === "same-site") return "foreign";
  if (origin === undefined) return undefined;
  return origin === target ? "own" : "foreign";
}

const SIMPLE_TYPE = /^(?:text\/plain|application\/x-www-form-urlencoded|multipart\/form-data)(?![^;\s])/i;
const OF_A_SIGNATURE = /signature|^webhook-/;

/**
 * Whether a page can have made a browser send a message with these headers without asking first (the Fetch standard,
 * 2.2.2). Whatever says that it comes from a page and cannot was sent by something else.
 */
function isSimple(headers: Readonly<Record<string, string>>): boolean {
  if (!SIMPLE_TYPE.test(headers["content-type"] ?? "text/plain")) return false;
  return !Object.keys(headers).some((name) => OF_A_SIGNATURE.test(name));
}
