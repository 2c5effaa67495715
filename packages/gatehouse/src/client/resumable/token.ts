import type { UploadReply } from "./requests.ts";

const REFRESH = "/api/csrf/refresh";
const STALE: ReadonlySet<string | undefined> = new Set(["CSRF_TOKEN_INVALID", "SESSION_EXPIRED"]);

/** The security token of the page, for all its uploads. */
export class PageToken {
  #token: string;
  #refreshing: Promise<boolean> | undefined;

  constructor(token: string) {
    this.#token = token;
  }

  get header(): Readonly<Record<string, string>> {
    return { "x-csrf-token": this.#token };
  }

  /** Takes the token that comes with an answer. */
  note(reply: UploadReply): void {
    this.#token = reply.field("x-csrf-token") ?? this.#token;
  }

  /** Whether a refusal is about the token alone. */
  isStale({ code }: UploadReply): boolean {
    return STALE.has(code);
  }

  /** Asks for a fresh token; whether there is one. All who ask at once ask once. */
  refresh(): Promise<boolean> {
    this.#refreshing ??= this.#ask().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async #ask(): Promise<boolean> {
    try {
      const response = await fetch(REFRESH, { headers: { accept: "application/json" } });
      // An object of any members, of which one is looked at.
      const { csrf_token: token } = (await response.json()) as { csrf_token?: unknown };
      if (typeof token !== "string") return false;
      this.#token = token;
      return true;
    } catch {
      return false;
    }
  }
}
