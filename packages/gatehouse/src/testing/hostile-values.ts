/** A text that fits into a frame and into no field. */
const LONG = "x".repeat(60_000);
/** In the year 2100. */
const FAR_AWAY = 4_102_444_800;

/** Tokens that nobody has given out, one of them almost a good one. */
export function hostileTokens(good: string): string[] {
  const claims = { sub: "admin", exp: FAR_AWAY };
  return ["", "null", "admin", LONG.slice(0, 8_000), alter(good), good.slice(0, -1), unsigned(claims)];
}

/** What is wrong in one member, or as a whole, of an input that is good. */
export function hostileInputs(good: Readonly<Record<string, unknown>>): unknown[][] {
  const wholes = [null, 7, "text", [], [good]];
  const members = Object.entries(good).map(([name, value]) => {
    const wrong = [...othersThan(value), ...(typeof value === "string" ? [LONG] : [])];
    return wrong.map((other) => ({ ...good, [name]: other }));
  });
  const without = Object.keys(good).map((name) =>
    Object.fromEntries(Object.entries(good).filter(([other]) => other !== name)),
  );
  return [wholes, ...members, without];
}

function othersThan(value: unknown): unknown[] {
  const values: unknown[] = [{ $ne: null }, ["a", "b"], 7.5, "text", true];
  return values.filter((one) => typeof one !== typeof value || Array.isArray(one) !== Array.isArray(value));
}

/** Origins of other sites, some of which look like the own one. */
export function foreignOrigins(own: string): string[] {
  const { protocol, host, hostname, port } = new URL(own);
  const other = protocol === "http:" ? "https:" : "http:";
  return [
    ...["https://evil.example", "null", `${own}.evil.example`, `${protocol}//evil.example:${port}`],
    ...[`${other}//${host}`, `${protocol}//sub.${host}`, `${protocol}//${hostname}:${port === "1" ? "2" : "1"}`],
  ];
}

/** The same token with another character in its middle. */
function alter(token: string): string {
  const middle = Math.floor(token.length / 2);
  return token.slice(0, middle) + (token[middle] === "A" ? "B" : "A") + token.slice(middle + 1);
}

/** A token that says it needs no signature. */
function unsigned(claims: object): string {
  const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString("base64url");
  return `${encode({ alg: "none", typ: "JWT" })}.${encode(claims)}.`;
}
