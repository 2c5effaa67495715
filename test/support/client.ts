import { randomUUID } from "node:crypto";
import { Agent, request, type IncomingHttpHeaders } from "node:http";
import { loopbackSessionCookie } from "gatehouse/http";

/** One answer of the server. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** Milliseconds from sending to the last byte. */
  readonly duration: number;
  /** The body as JSON, `undefined` where it is none. */
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into documents of any shape
  readonly json: any;
}

/** What is sent besides a path. A header that is `undefined` is left out although the client would send it. */
export interface RequestOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  /** Objects are sent as JSON, `URLSearchParams` as a form. */
  readonly body?: string | Uint8Array | URLSearchParams | object;
  /** Milliseconds until it is given up. Default 20,000. */
  readonly timeout?: number;
}

/** A live component as a page or an answer left it. */
export interface LiveElement {
  /** `name:instance`. */
  readonly id: string;
  readonly version: number;
  readonly seed: string | undefined;
}

/** What is said about an action besides its parameters. */
export interface ActionOptions extends Pick<RequestOptions, "headers" | "timeout"> {
  /** The idempotency key. Default: a new one. `undefined` sends none. */
  readonly key?: string | undefined;
  /** Default: the last one the client was given. */
  readonly token?: string | undefined;
}

/** How a client reaches the server. */
export interface ClientOptions {
  /** The server's origin, such as `http://localhost:4200`. */
  readonly url: string;
  /** Sent with every request, for instance `x-forwarded-for` to a server that trusts this machine as its proxy. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The loopback address it comes from, such as `127.0.0.7`. Default 127.0.0.1. */
  readonly localAddress?: string;
}

const TIMEOUT = 20_000;

/**
 * Somebody with a browser, without the browser: keeps cookies, the security token and the state of the live
 * components it has seen, and sends what a browser sends from a page of the application.
 */
export class Client implements Disposable {
  readonly cookies = new Map<string, string>();
  /** Sent with every request; may change between requests. */
  readonly headers: Record<string, string>;
  /** The live components last seen, by name; of several of one kind the last. */
  readonly components = new Map<string, LiveElement>();
  token: string | undefined;
  #url: string;
  readonly #agent: Agent;
  readonly #localAddress: string | undefined;

  constructor({ url, headers = {}, localAddress }: ClientOptions) {
    this.#url = url;
    this.headers = { ...headers };
    this.#localAddress = localAddress;
    this.#agent = new Agent({ keepAlive: true });
  }

  /** The server's origin. */
  get url(): string {
    return this.#url;
  }

  /** May change between requests, as when a balancer chooses another server: the session's cookie comes along. */
  set url(url: string) {
    const value = this.cookies.get(loopbackSessionCookie(new URL(this.#url)));
    this.cookies.delete(loopbackSessionCookie(new URL(this.#url)));
    if (value !== undefined) this.cookies.set(loopbackSessionCookie(new URL(url)), value);
    this.#url = url;
  }

  /** Sends one request and follows no redirect. Rejects when the connection fails or the time is up. */
  async request(path: string, options: RequestOptions = {}): Promise<Answer> {
    const { method = "GET", timeout = TIMEOUT } = options;
    const { body, type } = encode(options.body);
    const { host } = new URL(this.url);
    const headers: Record<string, string | undefined> = {
      host,
      accept: "application/json",
      "sec-fetch-site": "same-origin",
      ...(method === "GET" || method === "HEAD" ? {} : { origin: this.url }),
      ...(this.cookies.size === 0 ? {} : { cookie: [...this.cookies].map((pair) => pair.join("=")).join("; ") }),
      ...(type === undefined ? {} : { "content-type": type }),
      ...(body === undefined ? {} : { "content-length": String(body.length) }),
      ...this.headers,
      ...options.headers,
    };
    const given = Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined));
    const answer = await this.#send({ path, method, headers: given as Record<string, string>, body, timeout });
    this.#keepCookies(answer.headers["set-cookie"] ?? []);
    return answer;
  }

  get(path: string, options: RequestOptions = {}): Promise<Answer> {
    return this.request(path, options);
  }

  post(path: string, body: RequestOptions["body"], options: RequestOptions = {}): Promise<Answer> {
    return this.request(path, { method: "POST", ...(body === undefined ? {} : { body }), ...options });
  }

  /** Opens a page as a browser does: follows redirects, notes the security token and the live components. */
  async open(path: string, options: RequestOptions = {}): Promise<Answer> {
    const headers = { accept: "text/html", "sec-fetch-mode": "navigate", ...options.headers };
    const answer = await this.request(path, { ...options, headers });
    const { location } = answer.headers;
    if (answer.status >= 300 && answer.status < 400 && location !== undefined) return this.open(location, options);
    this.token = attribute(answer.text, "meta", { name: "csrf-token" })?.["content"] ?? this.token;
    for (const element of liveElements(answer.text)) this.components.set(nameOf(element), element);
    return answer;
  }

  /** A fresh security token of the session, which begins now where there is none. */
  async refreshToken(options: RequestOptions = {}): Promise<string> {
    const answer = await this.get("/api/csrf/refresh", options);
    const token: unknown = answer.json?.csrf_token;
    if (typeof token !== "string") throw new Error(`No token was given: ${answer.status} ${answer.text}`);
    this.token = token;
    return token;
  }

  /** Performs an action of a component that was seen, by its name, or of one that is given. */
  async act(
    component: string | LiveElement,
    action: string,
    parameters: object = {},
    options: ActionOptions = {},
  ): Promise<Answer> {
    const element = typeof component === "string" ? this.component(component) : component;
    const key = "key" in options ? options.key : randomUUID();
    const token = "token" in options ? options.token : this.token;
    const body = {
      component_id: element.id,
      action,
      params: parameters,
      base_version: element.version,
      ...(element.seed === undefined ? {} : { seed: element.seed }),
      ...(key === undefined ? {} : { idempotency_key: key }),
    };
    const headers = { ...(token === undefined ? {} : { "x-csrf-token": token }), ...options.headers };
    const answer = await this.post("/api/livecomponents/action", body, { ...options, headers });
    if (answer.status === 200) this.#note(element, answer.json);
    return answer;
  }

  /** A component that was seen. */
  component(name: string): LiveElement {
    const element = this.components.get(name);
    if (element === undefined) throw new Error(`No page with the component ${name} was opened.`);
    return element;
  }

  /** Uses a one-time link as a person does: opens it and confirms. */
  async enter(link: string): Promise<Answer> {
    const { pathname } = new URL(link, this.url);
    const page = await this.open(pathname);
    const token = attribute(page.text, "input", { name: "_csrf_token" })?.["value"] ?? this.token ?? "";
    return this.post(pathname, new URLSearchParams({ _csrf_token: token }), { headers: { accept: "text/html" } });
  }

  /** Another client with the same cookies and token, as a second tab. */
  clone(url: string = this.url): Client {
    const other = new Client({
      url: this.url,
      headers: this.headers,
      ...(this.#localAddress === undefined ? {} : { localAddress: this.#localAddress }),
    });
    for (const [name, value] of this.cookies) other.cookies.set(name, value);
    for (const [name, element] of this.components) other.components.set(name, element);
    other.token = this.token;
    other.url = url;
    return other;
  }

  /** Closes the connections. */
  [Symbol.dispose](): void {
    this.#agent.destroy();
  }

  #note({ id, version, seed }: LiveElement, document: { version: number; csrf_token: string }): void {
    const next = { id, version: document.version, seed: document.version === version ? seed : undefined };
    this.components.set(nameOf(next), next);
    this.token = document.csrf_token;
  }

  #send(sent: {
    readonly path: string;
    readonly method: string;
    readonly headers: Record<string, string>;
    readonly body: Buffer | undefined;
    readonly timeout: number;
  }): Promise<Answer> {
    const { path, method, headers, body, timeout } = sent;
    const port = Number(new URL(this.url).port);
    const target = { host: "127.0.0.1", port, path, method, headers, agent: this.#agent };
    const started = performance.now();
    return new Promise((resolve, reject) => {
      const outgoing = request(
        this.#localAddress === undefined ? target : { ...target, localAddress: this.#localAddress },
        (incoming) => {
          const chunks: Buffer[] = [];
          incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
          incoming.on("error", reject);
          incoming.on("end", () => {
            clearTimeout(timer);
            const text = Buffer.concat(chunks).toString("utf8");
            const { statusCode: status = 0, headers: fields } = incoming;
            resolve({ status, headers: fields, text, duration: performance.now() - started, json: parse(text) });
          });
        },
      );
      const timer = setTimeout(() => outgoing.destroy(new Error(`No answer within ${timeout} ms.`)), timeout);
      outgoing.on("error", (error) => {
        clearTimeout(timer);
        reject(error);
      });
      outgoing.end(body);
    });
  }

  #keepCookies(lines: readonly string[]): void {
    for (const line of lines) {
      const [pair = "", ...attributes] = line.split(";");
      const separator = pair.indexOf("=");
      const name = pair.slice(0, separator);
      if (attributes.some((text) => /^\s*max-age=0$/i.test(text))) this.cookies.delete(name);
      else this.cookies.set(name, pair.slice(separator + 1));
    }
  }
}

function encode(body: RequestOptions["body"]): { body: Buffer | undefined; type: string | undefined } {
  if (body === undefined) return { body: undefined, type: undefined };
  if (typeof body === "string") return { body: Buffer.from(body), type: undefined };
  if (body instanceof Uint8Array) return { body: Buffer.from(body), type: undefined };
  if (body instanceof URLSearchParams) {
    return { body: Buffer.from(body.toString()), type: "application/x-www-form-urlencoded" };
  }
  return { body: Buffer.from(JSON.stringify(body)), type: "application/json" };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function nameOf({ id }: LiveElement): string {
  return id.slice(0, id.indexOf(":"));
}

/** The live components of a page. */
function liveElements(page: string): LiveElement[] {
  return tags(page, "div").flatMap((found) => {
    const id = found["data-live"];
    if (id === undefined) return [];
    return [{ id, version: Number(found["data-live-version"]), seed: found["data-live-seed"] }];
  });
}

/** The attributes of the first tag of a name that has these attributes. */
export function attribute(
  page: string,
  tag: string,
  wanted: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> | undefined {
  return tags(page, tag).find((found) => Object.entries(wanted).every(([name, value]) => found[name] === value));
}

function tags(page: string, name: string): Record<string, string>[] {
  return [...page.matchAll(new RegExp(`<${name}\\s([^>]*)>`, "g"))].map(([, text = ""]) =>
    Object.fromEntries(
      [...text.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, key = "", value = ""]) => [key, decodeEntities(value)]),
    ),
  );
}

function decodeEntities(text: string): string {
  return text
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll(/&quot;|&#34;/g, '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&amp;", "&");
}
