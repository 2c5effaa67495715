/** A request, as far as it matters here. */
interface Asked {
  /** Absolute. */
  readonly url: URL;
  readonly headers: Headers;
}

/** Names of the engine's cookies of an interaction. Each has another besides, with its signature. */
const NAMES = ["idp_interaction", "idp_resume"] as const;
const PREFIX = "__Host-";
const SIGNATURE = ".sig";
/** Interactions that a browser can have under way; the oldest give way to another. */
const MOST = 6;
const COOKIE =
  /^(?<prefix>(?:__Host-)?)(?<name>idp_interaction|idp_resume)\.(?<uid>[\w-]{16,64})(?<signature>(?:\.sig)?)$/;
const ANSWERED =
  /^(?<prefix>(?:__Host-)?)(?<name>idp_interaction|idp_resume)(?<signature>(?:\.sig)?)=(?<value>[^;]*)(?<rest>.*)$/;

interface Named {
  readonly name: string;
  readonly value: string;
}

/**
 * The engine has one cookie for the interaction of a browser, which a second tab would take from the first; and it sets
 * one for a single path under a name that browsers keep for the whole host alone. Between it and browsers each
 * interaction has cookies of its own, for the whole host, and the engine sees those of the interaction it is asked about.
 */
export function interactionRequest<Request extends Asked>(request: Request): Request {
  const cookies = cookiesOf(request.headers);
  const segments = new Set(request.url.pathname.split("/"));
  const own = cookies.flatMap(({ name, value }) => {
    const { prefix = "", name: base, uid = "", signature = "" } = COOKIE.exec(name)?.groups ?? {};
    if (base === undefined) return isBare(name) ? [] : [{ name, value }];
    return segments.has(uid) ? [{ name: prefix + base + signature, value }] : [];
  });
  const headers = new Headers(request.headers);
  headers.delete("cookie");
  if (own.length > 0) headers.set("cookie", own.map(({ name, value }) => `${name}=${value}`).join("; "));
  return { ...request, headers };
}

/** What browsers are told of the engine's cookies. */
export function interactionAnswer<Answer extends { readonly headers: Headers }>(
  request: Asked,
  answer: Answer,
): Answer {
  const lines = answer.headers.getSetCookie();
  const parsed = lines.map((line) => ANSWERED.exec(line)?.groups);
  if (parsed.every((groups) => groups === undefined)) return answer;
  const begun = parsed.find((groups) => groups?.["signature"] === "" && groups["value"] !== "")?.["value"];
  const uid = begun ?? uidsIn(request).find((known) => request.url.pathname.split("/").includes(known));
  const headers = new Headers(answer.headers);
  headers.delete("set-cookie");
  for (const [index, line] of lines.entries()) {
    const groups = parsed[index];
    if (groups === undefined) headers.append("set-cookie", line);
    // What the engine takes from the browser goes below, with all that belongs to it.
    else if (groups["value"] !== "" && uid !== undefined) headers.append("set-cookie", renamed(groups, uid));
  }
  const encrypted = request.url.protocol === "https:";
  const gone = begun === undefined ? [uid] : uidsIn(request).slice(0, 1 - MOST);
  for (const each of gone) {
    if (each !== undefined) for (const line of ends(each, encrypted)) headers.append("set-cookie", line);
  }
  return { ...answer, headers };
}

/** The interactions of a browser, oldest first: browsers send cookies of one path in the order they were set in. */
function uidsIn({ headers }: Asked): string[] {
  return [...new Set(cookiesOf(headers).flatMap(({ name }) => COOKIE.exec(name)?.groups?.["uid"] ?? []))];
}

function renamed(groups: Readonly<Record<string, string | undefined>>, uid: string): string {
  const { prefix = "", name = "", signature = "", value = "", rest = "" } = groups;
  return `${prefix}${name}.${uid}${signature}=${value}${rest.replace(/;\s*path=[^;]*/i, "; path=/")}`;
}

function ends(uid: string, encrypted: boolean): string[] {
  const prefix = encrypted ? PREFIX : "";
  return NAMES.flatMap((name) => ["", SIGNATURE].map((signature) => `${prefix}${name}.${uid}${signature}`)).map(
    (name) => `${name}=; path=/; max-age=0; httponly; samesite=lax${encrypted ? "; secure" : ""}`,
  );
}

function isBare(name: string): boolean {
  const plain = name.startsWith(PREFIX) ? name.slice(PREFIX.length) : name;
  const base = plain.endsWith(SIGNATURE) ? plain.slice(0, -SIGNATURE.length) : plain;
  return NAMES.some((known) => known === base);
}

function cookiesOf(headers: Headers): Named[] {
  return (headers.get("cookie") ?? "").split(/;\s*/).flatMap((pair) => {
    const at = pair.indexOf("=");
    return at < 1 ? [] : [{ name: pair.slice(0, at), value: pair.slice(at + 1) }];
  });
}
