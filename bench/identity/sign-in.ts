import { createHash, randomBytes } from "node:crypto";
import { Agent, request } from "node:http";
import { APP, CALLBACK, ORIGIN } from "./issuer.ts";

/** Who has an account. */
export const PEOPLE: readonly string[] = Array.from({ length: 4 }, (_, index) => `person${index}@example.org`);
export const PASSWORD = "seven lanterns cross the pond";

/** How a sign-in came out: with a code, with the same page again, or with a request to come back later. */
export type SignInOutcome = "code" | "wrong" | "busy";

interface Page {
  readonly status: number;
  readonly url: URL;
  readonly text: string;
}

let addresses = 0;

/** An address for every visitor: limits of one address are not what is measured. */
function nextAddress(): string {
  addresses += 1;
  return `10.${(addresses >> 16) & 255}.${(addresses >> 8) & 255}.${addresses & 255}`;
}

/** A browser of somebody new, at an address of its own. */
class Browser {
  readonly #port: number;
  readonly #agent: Agent;
  readonly #address = nextAddress();
  readonly #jar = new Map<string, string>();

  constructor(port: number, agent: Agent) {
    this.#port = port;
    this.#agent = agent;
  }

  /** Asks and follows where that leads, until it is somewhere else. */
  async ask(url: URL, form?: URLSearchParams): Promise<Page> {
    if (url.origin !== ORIGIN) return { status: 0, url, text: "" };
    const { status, location, text } = await this.#send(url, form);
    return location === undefined ? { status, url, text } : this.ask(new URL(location, url));
  }

  #send(url: URL, form?: URLSearchParams): Promise<Page & { readonly location: string | undefined }> {
    const body = form?.toString() ?? "";
    const own = {
      origin: ORIGIN,
      "sec-fetch-site": "same-origin",
      "content-type": "application/x-www-form-urlencoded",
    };
    return new Promise((resolve, reject) => {
      const message = request({
        ...{ method: form === undefined ? "GET" : "POST", path: url.pathname + url.search },
        ...{ agent: this.#agent, host: "127.0.0.1", port: this.#port },
        headers: {
          ...(form === undefined ? {} : own),
          ...{ host: url.host, accept: "text/html", "content-length": String(body.length) },
          ...{ "x-forwarded-proto": "https", "x-forwarded-for": this.#address },
          cookie: [...this.#jar].map(([name, value]) => `${name}=${value}`).join("; "),
        },
      });
      message.on("error", reject);
      message.on("response", (answer) => {
        let text = "";
        answer.setEncoding("utf8");
        answer.on("data", (chunk: string) => void (text += chunk));
        answer.on("end", () => {
          const { refresh, "set-cookie": cookies = [] } = answer.headers;
          // The page on the way to another site leads on by itself.
          const location = answer.headers.location ?? /;\s*url=(.*)$/.exec(String(refresh))?.[1];
          for (const line of cookies) {
            const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
            this.#jar.set(name, value);
          }
          resolve({ status: answer.statusCode ?? 0, url, location, text });
        });
      });
      message.end(body);
    });
  }
}

/** Goes to the sign-in page for an application and sends a password there. */
export async function signIn(
  { port, agent }: { readonly port: number; readonly agent: Agent },
  typed: { readonly email: string; readonly password: string },
): Promise<SignInOutcome> {
  const browser = new Browser(port, agent);
  const question = new URLSearchParams({
    ...{ client_id: APP, response_type: "code", redirect_uri: CALLBACK, scope: "openid" },
    ...{ code_challenge: createHash("sha256").update(randomBytes(32)).digest("base64url") },
    code_challenge_method: "S256",
  });
  const page = await browser.ask(new URL(`/oauth/authorize?${question.toString()}`, ORIGIN));
  const [, action, fields = ""] = /<form[^>]* action="([^"]*password)"[^>]*>(.*?)<\/form>/s.exec(page.text) ?? [];
  if (action === undefined) throw new Error(`There is no form: ${page.status} ${page.text.slice(0, 500)}`);
  const form = new URLSearchParams();
  for (const [input] of fields.matchAll(/<input[^>]*>/g)) {
    const name = /name="([^"]*)"/.exec(input)?.[1];
    if (name !== undefined) form.set(name, /value="([^"]*)"/.exec(input)?.[1] ?? "");
  }
  for (const [name, value] of Object.entries(typed)) form.set(name, value);
  const { status, url, text } = await browser.ask(new URL(action, page.url), form);
  if (url.searchParams.has("code")) return "code";
  if (status === 401 || status === 403 || status === 422) return "wrong";
  if (status === 429 || status === 503) return "busy";
  throw new Error(`A sign-in ended with ${status}: ${text.slice(0, 300)}`);
}
