import type { Clock } from "../kernel/clock.ts";
import type { StoreHealth } from "../kernel/ports/store.ts";

/** What readiness depends on. */
export interface HealthParts {
  /** The health of every store. */
  readonly check: () => Promise<readonly StoreHealth[]>;
  readonly clock: Clock;
  /** Milliseconds a check may take before it counts as failed. Default 1000. */
  readonly timeBox?: number;
}

/** Answers `/healthz` (the process lives) and `/readyz` (it can serve). */
export interface Health {
  /** The answer, or `undefined` for any other request. */
  answer(request: Request): Promise<Response | undefined> | undefined;
  /** Readiness ends for good: the server is stopping. */
  stop(): void;
}

interface Readiness {
  readonly ready: boolean;
  readonly stores: readonly Pick<StoreHealth, "name" | "state">[];
}

/** Milliseconds a readiness answer is reused, so that asking often costs the stores nothing. */
const REUSE = 1_000;
const DEFAULT_TIME_BOX = 1_000;

/** Health answers; `parts` absent: ready for as long as the server is not stopping. */
export function createHealth(parts?: HealthParts): Health {
  let stopping = false;
  let asked: { readonly at: number; readonly answer: Promise<Readiness> } | undefined;

  function readiness(): Promise<Readiness> {
    if (parts === undefined) return Promise.resolve({ ready: true, stores: [] });
    const now = parts.clock.monotonic();
    if (asked === undefined || now - asked.at > REUSE) asked = { at: now, answer: judge(parts) };
    return asked.answer;
  }

  async function answerReady(): Promise<Response> {
    if (stopping) return report(503, { status: "stopping" });
    const { ready, stores } = await readiness();
    return ready ? report(200, { status: "ready", stores }) : report(503, { status: "unavailable", stores });
  }

  return {
    answer(request) {
      if (request.method !== "GET" && request.method !== "HEAD") return undefined;
      switch (pathOf(request.url)) {
        case "/healthz":
          return Promise.resolve(report(200, { status: "ok" }));
        case "/readyz":
          return answerReady();
        default:
          return undefined;
      }
    },
    stop() {
      stopping = true;
    },
  };
}

function pathOf(url: string): string {
  const start = url.indexOf("/", url.indexOf("//") + 2);
  const end = url.indexOf("?", start);
  return start === -1 ? "/" : url.slice(start, end === -1 ? undefined : end);
}

async function judge({ check, timeBox = DEFAULT_TIME_BOX }: HealthParts): Promise<Readiness> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(resolve, timeBox, undefined);
  try {
    const stores = await Promise.race([check(), promise]);
    if (stores === undefined) return { ready: false, stores: [] };
    const ready = stores.every((store) => store.state !== "down");
    return { ready, stores: stores.map(({ name, state }) => ({ name, state })) };
  } catch {
    return { ready: false, stores: [] };
  } finally {
    clearTimeout(timer);
  }
}

function report(status: number, body: object): Response {
  const headers = {
    "content-type": "application/json",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  };
  return new Response(JSON.stringify(body), { status, headers });
}
