import fs from "node:fs";
import { createRequire } from "node:module";
import { mock } from "node:test";
import { pathToFileURL } from "node:url";

/** What MDN's HTTP Observatory says about a page. */
export interface Grade {
  readonly score: number;
  readonly failed: readonly string[];
  /** Result by test. */
  readonly results: Readonly<Record<string, string>>;
}

const require = createRequire(import.meta.url);
const SOURCES = pathToFileURL(
  `${require.resolve("@mdn/mdn-http-observatory/package.json").replace(/package\.json$/, "")}src/`,
);

interface Output {
  readonly result: string;
  readonly pass: boolean;
}

interface Subject {
  readonly resources: { path: string };
  readonly responses: object;
  session: unknown;
}

async function load<Module>(path: string): Promise<Module> {
  return import(new URL(path, SOURCES).href);
}

/**
 * Runs the Observatory's own tests over a response, as its scanner does once it has fetched a site over
 * https with nothing on http. Its list of preloaded hosts, a download, is taken as empty: no host under
 * test is in it.
 */
export async function gradePage(url: URL, response: Response): Promise<Grade> {
  const { ALL_TESTS } = await load<{ ALL_TESTS: ((requests: object) => Output)[] }>("constants.js");
  const { Requests } = await load<{ Requests: new (host: string) => Subject }>("types.js");
  const requests = new Requests(url.hostname);
  const page = { headers: headersOf(response), status: response.status, verified: true, httpEquiv: new Map() };
  requests.resources.path = await response.text();
  const httpsRedirects = [{ url, status: response.status }];
  Object.assign(requests.responses, { auto: page, https: page, cors: page, http: null, httpsRedirects });
  requests.session = { url, jar: { serializeSync: () => ({ cookies: cookiesOf(response) }) } };
  const read = fs.readFileSync;
  const preload = mock.method(fs, "readFileSync", (path: string, options: "utf8") =>
    String(path).endsWith("hsts-preload.json") ? "{}" : read(path, options),
  );
  try {
    return await summarise(ALL_TESTS.map((test) => test(requests)));
  } finally {
    preload.mock.restore();
  }
}

async function summarise(outputs: readonly Output[]): Promise<Grade> {
  const { getScoreModifier } = await load<{ getScoreModifier: (result: string) => number }>("grader/grader.js");
  const { MINIMUM_SCORE_FOR_EXTRA_CREDIT: minimum } = await load<{ MINIMUM_SCORE_FOR_EXTRA_CREDIT: number }>(
    "grader/charts.js",
  );
  const modifiers = outputs.map(({ result }) => getScoreModifier(result));
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 100);
  const uncurved = sum(modifiers.filter((modifier) => modifier < 0));
  return {
    score: uncurved >= minimum ? sum(modifiers) : uncurved,
    failed: outputs.filter(({ pass }) => !pass).map(({ result }) => result),
    results: Object.fromEntries(outputs.map((output) => [output.constructor.name, output.result])),
  };
}

function headersOf(response: Response): Record<string, string | string[]> {
  const fields = Object.fromEntries(response.headers);
  const cookies = response.headers.getSetCookie();
  return cookies.length === 0 ? fields : { ...fields, "set-cookie": cookies };
}

function cookiesOf(response: Response): unknown[] {
  return response.headers.getSetCookie().map((text) => {
    const [pair = "", ...attributes] = text.split("; ");
    const has = (name: string): boolean => attributes.some((attribute) => attribute.toLowerCase() === name);
    const sameSite = attributes
      .find((attribute) => /^samesite=/i.test(attribute))
      ?.slice(9)
      .toLowerCase();
    return { key: pair.split("=")[0], path: "/", secure: has("secure"), httpOnly: has("httponly"), sameSite };
  });
}
