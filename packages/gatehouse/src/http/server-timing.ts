import { AsyncLocalStorage } from "node:async_hooks";
import type { Clock } from "../kernel/clock.ts";

/** Where the time of an answer goes. For development: how long a guard takes tells strangers what it does. */
export interface ServerTimings {
  /** Has an answer carry `Server-Timing` (W3C): what `work` took, and each part of it that was measured meanwhile. */
  answer(work: () => Promise<Response>): Promise<Response>;
  /**
   * Measures a part: `work` without the parts measured inside it. Parts of one name and description are added up.
   * Outside an answer it measures nothing.
   */
  measure<Result>(part: MeasuredPart, work: () => Result): Result;
}

/** A part of an answer. */
export interface MeasuredPart {
  /** A phase of the pipeline, or `store` or `render`. */
  readonly name: string;
  /** Which of them: the name of a guard, for example. */
  readonly of?: string;
}

interface Metric {
  readonly part: MeasuredPart;
  /** Milliseconds. */
  duration: number;
}

/** What is being measured, and what of it belongs to parts inside it. */
interface Span {
  readonly metrics: Map<string, Metric>;
  inner: number;
}

/** Measures with a clock. */
export function createServerTimings(clock: Pick<Clock, "monotonic">): ServerTimings {
  return new Measurements(clock);
}

class Measurements implements ServerTimings {
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #spans = new AsyncLocalStorage<Span>();

  constructor(clock: Pick<Clock, "monotonic">) {
    this.#clock = clock;
  }

  async answer(work: () => Promise<Response>): Promise<Response> {
    const span: Span = { metrics: new Map(), inner: 0 };
    const begun = this.#clock.monotonic();
    const response = await this.#spans.run(span, work);
    const total = { part: { name: "total" }, duration: this.#clock.monotonic() - begun };
    response.headers.set("server-timing", [total, ...span.metrics.values()].map(write).join(", "));
    return response;
  }

  measure<Result>(part: MeasuredPart, work: () => Result): Result {
    const outer = this.#spans.getStore();
    if (outer === undefined) return work();
    const span: Span = { metrics: outer.metrics, inner: 0 };
    const begun = this.#clock.monotonic();
    const end = (): void => {
      const took = this.#clock.monotonic() - begun;
      outer.inner += took;
      add(span, part, took);
    };
    return whenDone(() => this.#spans.run(span, work), end);
  }
}

/** Does `work`, and `end` once it is done, whether by an answer, a promise or an exception. */
function whenDone<Result>(work: () => Result, end: () => void): Result {
  let result: Result;
  try {
    result = work();
  } catch (error) {
    end();
    throw error;
  }
  if (!(result instanceof Promise)) {
    end();
    return result;
  }
  result.then(end, end);
  return result;
}

function add({ metrics, inner }: Span, part: MeasuredPart, took: number): void {
  const key = `${part.name} ${part.of ?? ""}`;
  const metric = metrics.get(key) ?? { part, duration: 0 };
  // Parts that ran side by side may come to more than the whole.
  metric.duration += Math.max(took - inner, 0);
  metrics.set(key, metric);
}

/** One metric as the field has it; names of guards are texts and therefore quoted. */
function write({ part: { name, of }, duration }: Metric): string {
  const description = of === undefined ? "" : `;desc="${of.replaceAll(/[^\w .:-]/g, "?")}"`;
  return `${name}${description};dur=${Number(duration.toFixed(3))}`;
}
