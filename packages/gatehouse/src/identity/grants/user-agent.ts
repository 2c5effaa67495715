/** What kind of program sends a request; without its version, which changes every few weeks. */
export interface UserAgentFamily {
  /** For people and for comparing: `Firefox on Linux`. */
  readonly name: string;
  /** Whether it says that it runs on a telephone or tablet. */
  readonly mobile: boolean;
}

const LONGEST = 1000;

/** The first that matches counts: most browsers also name those they want to be taken for. */
const PROGRAMS: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/\bEdg(?:e|A|iOS)?\//, "Edge"],
  [/\b(?:OPR|OPT|Opera)\//, "Opera"],
  [/\bSamsungBrowser\//, "Samsung Internet"],
  [/\b(?:Firefox|FxiOS)\//, "Firefox"],
  [/\b(?:Chrome|HeadlessChrome|CriOS|Chromium)\//, "Chrome"],
  [/\bVersion\/\S+ .*\bSafari\//, "Safari"],
];

const PLATFORMS: readonly (readonly [pattern: RegExp, name: string, mobile: boolean])[] = [
  [/\b(?:iPhone|iPad|iPod)\b/, "iOS", true],
  [/\bAndroid\b/, "Android", true],
  [/\bWindows\b/, "Windows", false],
  [/\bCrOS\b/, "ChromeOS", false],
  [/\b(?:Macintosh|Mac OS X|macOS|Darwin)\b/, "macOS", false],
  [/\b(?:Linux|X11)\b/, "Linux", false],
];

/** The family of a `User-Agent` header. */
export function userAgentFamily(header: string | null): UserAgentFamily {
  const text = (header ?? "").slice(0, LONGEST);
  const program = PROGRAMS.find(([pattern]) => pattern.test(text))?.[1] ?? productOf(text);
  const [, platform, mobile = false] = PLATFORMS.find(([pattern]) => pattern.test(text)) ?? [];
  return { name: platform === undefined ? program : `${program} on ${platform}`, mobile };
}

/** The program's own name, where it is no browser: `curl`, `Gallery`. All browsers say they were Mozilla, which has gone. */
function productOf(text: string): string {
  const product = /^[A-Za-z0-9][\w.-]{0,39}/.exec(text)?.[0];
  return product === undefined || product === "Mozilla" ? "Unknown program" : product;
}

/** A name as above in another language: `Firefox unter Linux`. */
export function agentIn(
  { agentOn, agentUnknown }: { readonly agentOn: string; readonly agentUnknown: string },
  agent: string,
): string {
  const [program = "", platform] = agent.split(" on ");
  const said = program === "Unknown program" ? agentUnknown : program;
  return platform === undefined ? said : `${said} ${agentOn} ${platform}`;
}
