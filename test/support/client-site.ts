import assert from "node:assert/strict";
import { createServer, type RequestListener } from "node:http";
import type { Browser, Page } from "playwright-core";
import { launchBrowser } from "./browser.ts";
import { runCommand, startServer, type ServerProcess } from "./server-process.ts";

/** The secret of every client of the site that has one. */
export const CLIENT_SECRET = "a-secret-of-a-client-that-nobody-guesses";
/** Somebody who has an account at the site. */
export const PERSON = { email: "ada@example.org", password: "seven lanterns cross the pond" } as const;

/** A started server that signs people in, and the place of an application that leaves this to it. */
export interface ClientSite extends AsyncDisposable {
  readonly server: ServerProcess;
  readonly issuer: string;
  /** The origin of the application: another site than the issuer's, as browsers see it. */
  readonly application: string;
  /** The account of the person. */
  readonly account: string;
  /** A window of a browser in which nobody is signed in yet. */
  newPage(): Promise<Page>;
}

/** What an application needs of the site. */
export interface ClientSiteOptions {
  /** Clients of the configuration, for an application at an origin. */
  readonly clients: (application: string) => readonly object[];
  /** What the application answers. Default: a page for every address. */
  readonly answer?: (place: Pick<ClientSite, "issuer" | "application">) => RequestListener;
  /** The configuration file. Default: the repository's. */
  readonly config?: string;
  /** Options of the server by environment variable. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Starts the server and the application, and makes the account. */
export async function openClientSite(options: ClientSiteOptions): Promise<ClientSite> {
  const { clients, answer, config } = options;
  await using stack = new AsyncDisposableStack();
  let listener: RequestListener = (_request, response) => void response.end("Back.");
  const own = createServer((request, response) => listener(request, response));
  await new Promise<void>((resolve) => own.listen(0, "127.0.0.1", resolve));
  stack.defer(() => new Promise<void>((resolve) => void own.close(() => resolve())));
  stack.defer(() => own.closeAllConnections());
  const address = own.address();
  assert.ok(address !== null && typeof address === "object");
  const application = `http://127.0.0.1:${address.port}`;
  const environment = { ...options.environment, GATEHOUSE_IDENTITY_CLIENTS: JSON.stringify(clients(application)) };
  const server = stack.use(await startServer({ environment, ...(config === undefined ? {} : { config }) }));
  const issuer = server.url;
  assert.notEqual(new URL(issuer).hostname, "127.0.0.1");
  if (answer !== undefined) listener = answer({ issuer, application });
  const words = ["accounts", "create", PERSON.email, "--name", "Ada", "--password-stdin", "--json"];
  const made = await runCommand(words, { data: server.data, input: `${PERSON.password}\n` });
  assert.equal(made.code, 0, made.stderr);
  const account: unknown = JSON.parse(made.stdout);
  const browser = await launchBrowser();
  stack.defer(() => browser.close());
  const kept = stack.move();
  return {
    ...{ server, issuer, application, account: String(Object(account).id) },
    newPage: () => newPage(browser),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function newPage(browser: Browser): Promise<Page> {
  const context = await browser.newContext();
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  return page;
}

/** The person types the password on the page of the server. */
export async function enterPassword(page: Page): Promise<void> {
  await page.fill("#email", PERSON.email);
  await page.fill("#password", PERSON.password);
  await page.locator("form[action$=password] button").click();
}

/** The person signs in on the pages of the server and allows what is asked; returns where that leads. */
export async function signIn(page: Page, { application }: Pick<ClientSite, "application">): Promise<URL> {
  await enterPassword(page);
  await page.getByRole("button", { name: "Allow", exact: true }).click();
  await page.waitForURL(`${application}/**`);
  return new URL(page.url());
}
