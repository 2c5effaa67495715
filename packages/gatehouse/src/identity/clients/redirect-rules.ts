/** Who asks for a redirect address, and where. */
export interface RedirectRules {
  /** Programs on people's machines (`native`) may use loopback addresses and schemes of their own. */
  readonly type: "web" | "native";
  /** Whether pages of the web may be on this machine: in development alone. */
  readonly production: boolean;
  /** Schemes that are no domain name reversed are for operators to allow (RFC 8252 section 7.1). */
  readonly anyScheme?: boolean;
}

const LONGEST = 2000;
/** Schemes that run code, read files or mean something to browsers themselves. */
const FORBIDDEN = new Set(
  ["javascript", "vbscript", "data", "blob", "file", "filesystem", "about", "view-source", "content", "intent"].concat([
    "ws",
    "wss",
    "ftp",
    "mailto",
    "tel",
    "sms",
    "chrome",
    "chrome-extension",
    "moz-extension",
    "ms-browser-extension",
  ]),
);
const UNSPECIFIED = new Set(["0.0.0.0", "[::]"]);

/**
 * What is wrong with a redirect address, or `undefined`. The engine compares addresses as texts, so one that can be
 * written in two ways, or is read differently by a browser and a person, has no place in the registry: addresses are
 * taken in the one form that the URL standard gives them.
 */
export function redirectFault(address: string, rules: RedirectRules): string | undefined {
  const url = URL.parse(address);
  if (url === null || address.length > LONGEST || !/^[\x21-\x7e]+$/.test(address)) {
    return `It is not an absolute address of at most ${LONGEST} visible characters.`;
  }
  const scheme = url.protocol.slice(0, -1);
  if (FORBIDDEN.has(scheme)) return `Addresses of the scheme ${scheme} cannot be redirected to.`;
  if (address.includes("#")) return "It has a fragment.";
  if (address.includes("*")) return "It has a wildcard; register each address.";
  if (url.username !== "" || url.password !== "" || authorityOf(address).includes("@")) return "It names a user.";
  if (/%(?:2e|2f|5c|00|0a|0d|25)/i.test(url.pathname)) return "Its path hides dots, slashes or other characters.";
  if (scheme !== "https" && scheme !== "http") return schemeFault(scheme, rules) ?? canonicalFault(address, url);
  return hostFault(url, rules) ?? canonicalFault(address, url);
}

/** Whether a host is this machine, in any of its writings. */
export function isThisMachine(hostname: string): boolean {
  const host = hostname.replace(/\.$/, "").toLowerCase();
  return (
    host === "localhost" || host.endsWith(".localhost") || /^127(?:\.\d{1,3}){3}$|^\[::1\]$|^\[::ffff:7f/.test(host)
  );
}

function schemeFault(scheme: string, { type, anyScheme = false }: RedirectRules): string | undefined {
  if (type !== "native") return "Pages of the web have https addresses.";
  if (!anyScheme && !scheme.includes(".")) {
    return "A scheme of one's own is a domain name reversed, such as com.example.app.";
  }
  return undefined;
}

function hostFault({ hostname, protocol }: URL, { type, production }: RedirectRules): string | undefined {
  const own = isThisMachine(hostname);
  if (UNSPECIFIED.has(hostname)) return "Its host is no address to reach.";
  if (hostname.endsWith(".")) return "Its host ends with a dot.";
  if (type === "native") {
    if (protocol === "http:" && !own) return "Only addresses of this machine may go without https.";
    return protocol === "https:" && own ? "Addresses of this machine are http ones." : undefined;
  }
  if (own && production) return "It is on the visitor's own machine, which is for programs of the type native.";
  return protocol === "http:" && !own ? "It is not an https address." : undefined;
}

function canonicalFault(address: string, url: URL): string | undefined {
  const { href } = url;
  // `https://app.example` is the one common form that the standard writes differently, and means nothing else.
  if (address === href || `${address}/` === href) return undefined;
  return `Write it as ${href}`;
}

function authorityOf(address: string): string {
  return /^[^:]+:\/\/([^/?#\\]*)/.exec(address)?.[1] ?? "";
}
