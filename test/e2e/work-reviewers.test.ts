import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { freePort } from "gatehouse/testing";
import type { Browser, Page } from "playwright-core";
import { z } from "zod";
import { authenticatorCode } from "../support/authenticator-app.ts";
import { hasBrowser, launchBrowser } from "../support/browser.ts";
import { openWorkSite, type WorkSite } from "../support/work-site.ts";
import { eventually } from "../support/workshop.ts";

const PASSWORD = "seven lanterns cross the pond";
const Client = z.object({ id: z.string(), secret: z.string() });
type Client = z.infer<typeof Client>;
const Token = z.object({ access_token: z.string() });
const Order = z.object({ order: z.string() });
const Plan = z.object({ revision: z.int(), digest: z.string() });
type Asked = Readonly<Record<string, string>>;

/** A person reviews with a program of theirs, which is named in `work.reviewClients`; risk asks for a fresh sign-in. */
describe("people who review with a token of their own", { skip: !hasBrowser("chromium") }, () => {
  let site: WorkSite;
  let browser: Browser;
  let application: Server;
  let redirect: string;
  let directory: string;
  let reviews: Client;
  let other: Client;
  let agent: string;
  before(async () => {
    application = createServer((_request, response) => void response.end("Back."));
    await new Promise<void>((resolve) => application.listen(0, "127.0.0.1", resolve));
    const address = application.address();
    assert.ok(address !== null && typeof address === "object");
    redirect = `http://127.0.0.1:${address.port}/callback`;
    directory = await mkdtemp(join(tmpdir(), "gatehouse-reviewers-"));
    const port = await freePort();
    // A client is made first, and named then in the configuration of the server.
    {
      await using first = await openWorkSite({ dataDirectory: directory }, undefined, { port });
      [reviews, other] = [await makeClient(first), await makeClient(first)];
    }
    const work = { reviewClients: [reviews.id], review: { medium: { approvals: 1, stepUp: true } } };
    site = await openWorkSite({ dataDirectory: directory, work }, undefined, { port });
    browser = await launchBrowser();
    agent = await site.token({ at: "rest", scope: "work:read work:propose" });
  });
  after(async () => {
    await browser.close();
    await site[Symbol.asyncDispose]();
    application.closeAllConnections();
    application.close();
    await rm(directory, { recursive: true, force: true });
  });

  /** A client that an operator lets ask people for the right to review. */
  async function makeClient({ gatehouse, origin }: WorkSite): Promise<Client> {
    const scopes = ["work:read", "work:review"];
    const resources = { [`${origin}/mcp`]: scopes, [`${origin}/api/work`]: scopes };
    const made = await gatehouse.operate("clients.create", { name: "Reviews", redirectUris: [redirect], resources });
    assert.ok(made.ok, JSON.stringify(made));
    return Client.parse(made.value);
  }

  /** An account of an operator, and a window in which nobody is signed in yet. */
  async function person(
    name: string,
    grants: readonly string[],
  ): Promise<{ readonly page: Page; readonly email: string }> {
    const email = `${name}@example.org`;
    const made = await site.gatehouse.operate("accounts.create", { name, email, grants, password: PASSWORD });
    assert.ok(made.ok, JSON.stringify(made));
    const page = await (await browser.newContext()).newPage();
    page.setDefaultTimeout(20_000);
    return { page, email };
  }

  /** A token that the person grants on the pages of the server. */
  async function granted(
    page: Page,
    act: (page: Page) => Promise<void>,
    { at = "/mcp", ...more }: Asked = {},
    client: Client = reviews,
  ): Promise<string> {
    const verifier = randomBytes(32).toString("base64url");
    const challenge = createHash("sha256").update(verifier).digest("base64url");
    const resource = site.origin + at;
    const asked = {
      client_id: client.id,
      redirect_uri: redirect,
      response_type: "code",
      scope: "openid work:read work:review",
      resource,
    };
    const pkce = { code_challenge: challenge, code_challenge_method: "S256" };
    await page.goto(`${site.origin}/oauth/authorize?${new URLSearchParams({ ...asked, ...pkce, ...more }).toString()}`);
    await act(page);
    await page.waitForURL(`${redirect}?**`);
    const code = new URL(page.url()).searchParams.get("code") ?? assert.fail(page.url());
    const { status, json } = await site.send("/oauth/token", {
      headers: {
        authorization: `Basic ${Buffer.from(`${client.id}:${client.secret}`).toString("base64")}`,
        "content-type": "application/x-www-form-urlencoded",
      },
      body: new URLSearchParams({
        grant_type: "authorization_code",
        code,
        redirect_uri: redirect,
        code_verifier: verifier,
        resource,
      }).toString(),
    });
    assert.equal(status, 200, JSON.stringify(json));
    return Token.parse(json).access_token;
  }

  const signIn =
    (email: string) =>
    async (page: Page): Promise<void> => {
      await page.fill("#email", email);
      await page.fill("#password", PASSWORD);
      await page.locator("form[action$=password] button").click();
      await page.getByRole("button", { name: "Allow", exact: true }).click();
    };

  /** Proves who it is again, and sets up a second factor, which the resource has asked for. */
  const enrol =
    (email: string) =>
    async (page: Page): Promise<void> => {
      await page.fill("#email", email);
      await page.fill("#password", PASSWORD);
      await page.locator("form[action$=password] button").click();
      await page.fill("#code", authenticatorCode((await page.textContent(".secret")) ?? ""));
      await page.press("#code", "Enter");
      await page.getByText("I have kept them").click();
    };

  /** An order with a plan that waits for a reviewer. */
  async function planned(): Promise<z.infer<typeof Order> & z.infer<typeof Plan>> {
    const headers = { "idempotency-key": randomBytes(8).toString("hex") };
    const body = { type: "things.rename", input: { things: [] } };
    const { order } = Order.parse((await site.send("/api/work/propose", { token: agent, body, headers })).json);
    const plan = await eventually(async () => {
      const { status, json } = await site.send(`/api/work/orders/${order}/plan`, { token: agent });
      return status === 200 ? Plan.parse(json) : undefined;
    }, "the order has a plan");
    return { order, ...plan };
  }

  const approveOverMcp = (token: string, { order, revision, digest }: Awaited<ReturnType<typeof planned>>) =>
    site.send("/mcp", {
      token,
      headers: { accept: "application/json, text/event-stream" },
      body: {
        ...{ jsonrpc: "2.0", id: 1, method: "tools/call" },
        params: { name: "work.approve", arguments: { order, revision, digest, idempotency_key: `mcp-${order}` } },
      },
    });
  const approveOverRest = (token: string, { order, revision, digest }: Awaited<ReturnType<typeof planned>>) =>
    site.send(`/api/work/orders/${order}/approve`, {
      token,
      headers: { "idempotency-key": `rest-${order}` },
      body: { revision, digest },
    });
  const ways = [
    ["MCP", "/mcp", approveOverMcp],
    ["REST", "/api/work", approveOverRest],
  ] as const;

  for (const [label, at, approve] of ways) {
    it(`are told over ${label} to sign in anew with a second factor, and approve when they have`, async () => {
      const { page, email } = await person(`rita-${label.toLowerCase()}`, ["operator"]);
      const stale = await granted(page, signIn(email), { at });
      const seen = await planned();
      const refused = await approve(stale, seen);
      assert.equal(refused.status, 401, JSON.stringify(refused.json));
      const challenge = String(refused.headers["www-authenticate"]);
      assert.match(challenge, /^Bearer error="insufficient_user_authentication"/);
      const [, acr = ""] = /acr_values="([^"]+)"/.exec(challenge) ?? [];
      const [, age = ""] = /max_age="(\d+)"/.exec(challenge) ?? [];
      assert.deepEqual([acr, age], ["aal2", "600"]);
      assert.match(
        challenge,
        new RegExp(`resource_metadata="${site.origin}/.well-known/oauth-protected-resource${at}"`),
      );
      assert.match(JSON.stringify(refused.json), /INSUFFICIENT_USER_AUTHENTICATION/);

      const fresh = await granted(page, enrol(email), { at, acr_values: acr, max_age: age });
      const approved = await approve(fresh, seen);
      assert.equal(approved.status, 200, JSON.stringify(approved.json));
      assert.match(JSON.stringify(approved.json), /"decision":"approve"/);
      await eventually(async () => {
        const { json } = await site.send(`/api/work/orders/${seen.order}`, { token: agent });
        return JSON.stringify(json).includes('"state":"completed"') || undefined;
      }, "the plan is carried out");
      const again = await approve(stale, await planned());
      assert.equal(again.status, 401, "the old token stays as good as it was");
    });
  }

  it("are agents with a program that is not named, and nobody without the grant", async () => {
    const { page, email } = await person("rosa", ["operator"]);
    const token = await granted(page, signIn(email), {}, other);
    const seen = await planned();
    assert.match(JSON.stringify((await approveOverMcp(token, seen)).json), /PERMISSION_DENIED/);
    const guest = await person("gert", []);
    const powerless = await granted(guest.page, signIn(guest.email), { at: "/api/work" });
    const { status, json } = await approveOverRest(powerless, seen);
    assert.deepEqual([status, json["code"]], [403, "PERMISSION_DENIED"]);
  });
});
