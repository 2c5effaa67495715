/**
 * Has clients ask an issuer, in a process of its own: so many at the same time, each on a connection of its own and
 * after its last answer. Every request comes from another address, as far as the servers' proxy tells. Answers are
 * checked.
 */
import { createHash, randomBytes } from "node:crypto";
import { Agent, request } from "node:http";
import { APP, CALLBACK, MACHINE, ORIGIN, SCOPE, SECRET } from "./issuer.ts";

/** What clients ask for. */
export type Scenario = "client-credentials" | "introspection" | "userinfo" | "refresh" | "login";

/** Who asks, where, and for how long. */
export interface LoadTask {
  readonly scenario: Scenario;
  readonly port: number;
  /** Clients that ask at the same time. */
  readonly concurrency: number;
  /** Milliseconds. */
  readonly duration: number;
}

/** What came of it. */
export interface LoadResult {
  readonly answered: number;
  /** Anything but the right answer; the first of them. */
  readonly failure: string | undefined;
  /** Milliseconds from the first question to the last answer. */
  readonly elapsed: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

interface Answer {
  readonly status: number;
  readonly location: string | undefined;
  readonly cookies: readonly string[];
  readonly text: string;
}

let addresses = 0;

/** An address for every request: limits of one address are not what is measured. */
function nextAddress(): string {
  addresses += 1;
  return `10.${(addresses >> 16) & 255}.${(addresses >> 8) & 255}.${addresses & 255}`;
}

/** A client with a connection that stays open. */
class Caller {
  readonly #port: number;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(port: number) {
    this.#port = port;
  }

  get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.#send("GET", path, { headers });
  }

  async post(path: string, form: Readonly<Record<string, string>>, client: string): Promise<Record<string, unknown>> {
    const authorization = `Basic ${Buffer.from(`${client}:${SECRET}`).toString("base64")}`;
    const headers = { authorization, "content-type": "application/x-www-form-urlencoded" };
    const { status, text } = await this.#send("POST", path, { headers, body: new URLSearchParams(form).toString() });
    if (status !== 200) throw new Error(`${path}: ${status} ${text}`);
    // Both issuers answer with JSON objects.
    return JSON.parse(text) as Record<string, unknown>;
  }

  #send(
    method: string,
    path: string,
    { headers, body = "" }: { readonly headers: Readonly<Record<string, string>>; readonly body?: string },
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const message = request({
        ...{ method, path, agent: this.#agent, host: "127.0.0.1", port: this.#port },
        headers: {
          ...headers,
          host: new URL(ORIGIN).host,
          "x-forwarded-proto": "https",
          "x-forwarded-for": nextAddress(),
          "content-length": String(body.length),
        },
      });
      message.on("error", reject);
      message.on("response", (answer) => {
        let text = "";
        answer.setEncoding("utf8");
        answer.on("data", (chunk: string) => void (text += chunk));
        answer.on("end", () => {
          const { location, "set-cookie": cookies = [] } = answer.headers;
          resolve({ status: answer.statusCode ?? 0, location, cookies, text });
        });
      });
      message.end(body);
    });
  }
}

interface Tokens {
  readonly access: string;
  readonly refresh: string;
}

function tokensOf(answer: Readonly<Record<string, unknown>>): Tokens {
  const { access_token: access, refresh_token: refresh, id_token: id } = answer;
  if (typeof access !== "string" || typeof refresh !== "string" || typeof id !== "string")
    throw new Error(`Tokens are missing: ${JSON.stringify(answer)}`);
  return { access, refresh };
}

/** The whole code flow with PKCE: authorization, sign-in, back to the issuer, back to the application, redemption. */
async function login(caller: Caller): Promise<Tokens> {
  const verifier = randomBytes(32).toString("base64url");
  const question = new URLSearchParams({
    ...{ client_id: APP, response_type: "code", redirect_uri: CALLBACK, scope: SCOPE, prompt: "consent" },
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
  });
  const jar = new Map<string, string>();
  let url = new URL(`/oauth/authorize?${question}`, ORIGIN);
  for (let hops = 0; hops < 8; hops += 1) {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const { status, location, cookies, text } = await caller.get(url.pathname + url.search, { cookie });
    if (location === undefined) throw new Error(`${url.pathname}: ${status} ${text.slice(0, 300)}`);
    for (const line of cookies) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === "") jar.delete(name);
      else jar.set(name, value);
    }
    url = new URL(location, url);
    const code = url.searchParams.get("code");
    if (code === null) continue;
    const form = { grant_type: "authorization_code", code, redirect_uri: CALLBACK, code_verifier: verifier };
    return tokensOf(await caller.post("/oauth/token", form, APP));
  }
  throw new Error("The redirects do not end.");
}

type Ask = () => Promise<unknown>;

/** What a client of a scenario does, once it has what it needs for that. */
const CLIENTS: Readonly<Record<Scenario, (caller: Caller) => Promise<Ask>>> = {
  "client-credentials": async (caller) => async () => {
    const { access_token: token } = await caller.post("/oauth/token", { grant_type: "client_credentials" }, MACHINE);
    if (typeof token !== "string") throw new Error("There is no token.");
  },
  introspection: async (caller) => {
    const { access } = await login(caller);
    return async () => {
      const { active } = await caller.post("/oauth/introspect", { token: access }, APP);
      if (active !== true) throw new Error("A token is not active.");
    };
  },
  userinfo: async (caller) => {
    const { access } = await login(caller);
    return async () => {
      const { status, text } = await caller.get("/oauth/userinfo", { authorization: `Bearer ${access}` });
      if (status !== 200) throw new Error(`userinfo: ${status} ${text}`);
    };
  },
  refresh: async (caller) => {
    let { refresh } = await login(caller);
    return async () => {
      const form = { grant_type: "refresh_token", refresh_token: refresh };
      ({ refresh } = tokensOf(await caller.post("/oauth/token", form, APP)));
    };
  },
  login: async (caller) => () => login(caller),
};

const crowds = new Map<string, Ask[]>();

async function crowdOf({ scenario, port, concurrency }: LoadTask): Promise<Ask[]> {
  const key = `${port}/${scenario}/${concurrency}`;
  const known = crowds.get(key);
  if (known !== undefined) return known;
  const crowd = await Promise.all(Array.from({ length: concurrency }, () => CLIENTS[scenario](new Caller(port))));
  crowds.set(key, crowd);
  return crowd;
}

async function run({ duration }: LoadTask, crowd: readonly Ask[]): Promise<LoadResult> {
  const times: number[] = [];
  const began = performance.now();
  const until = began + duration;
  let failure: string | undefined;
  const work = async (ask: Ask): Promise<void> => {
    while (performance.now() < until && failure === undefined) {
      const asked = performance.now();
      await ask();
      times.push(performance.now() - asked);
    }
  };
  await Promise.all(crowd.map((ask) => work(ask).catch((error: unknown) => void (failure ??= String(error)))));
  const elapsed = performance.now() - began;
  const sorted = Float64Array.from(times).sort();
  const quantile = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
  return { answered: times.length, failure, elapsed, p50: quantile(0.5), p99: quantile(0.99) };
}

process.on("message", (message) => {
  // The parent sends one kind of message.
  const task = message as LoadTask;
  const failed = (error: unknown): LoadResult => ({
    ...{ answered: 0, elapsed: 0, p50: Number.NaN, p99: Number.NaN },
    failure: String(error),
  });
  void crowdOf(task)
    .then((crowd) => run(task, crowd))
    .catch(failed)
    .then((result) => process.send?.(result));
});
process.once("disconnect", () => process.exit());
