/**
 * A thief who is being locked out refreshes as fast as possible, at every server at once, to get hold of a token that
 * outlives the revocation. Once a revocation has been answered, nothing of the family works any more.
 */
import assert from "node:assert/strict";
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { generateSigningKey, openIssuerKit, type IssuerKitOptions } from "../../testing/issuer-kit.ts";
import type { IssuerVisits, TokenAnswer } from "../../testing/issuer-visits.ts";
import { portableStatement } from "../../store/sql/statement.ts";
import { skipWithout, startPostgres } from "../../testing/services.ts";
import { createTemporaryDirectory } from "../../testing/sqlite-fixture.ts";

const AT_ONCE = 32;
const ROUNDS = 2;
const TOKENS_LEFT = portableStatement(
  "SELECT kind, count(*) AS many FROM oauth_artifacts WHERE grant_key IS NOT NULL GROUP BY kind",
);
const WITHOUT_POSTGRES = await skipWithout("postgres");
const worker = fileURLToPath(new URL("../../testing/issuer-worker.ts", import.meta.url));

describe("a refresh that races a revocation", () => {
  describe("on SQLite", () => {
    describeRaces(async (stack) => {
      const kit = stack.use(await openIssuerKit());
      return { kit, origins: [kit.origin] };
    });
  });

  describe("on PostgreSQL, with two processes", { skip: WITHOUT_POSTGRES }, () => {
    describeRaces(async (stack) => {
      const directory = stack.use(createTemporaryDirectory());
      const service = stack.use(await startPostgres());
      const { url } = stack.use(await service.createDatabase());
      const options: IssuerKitOptions = {
        keys: [await generateSigningKey()],
        origin: "http://localhost:8123",
        file: {
          store: { engine: "postgres", postgresUrl: url },
          counters: { engine: "sql" },
          keys: { file: join(directory.path, "keys.json") },
        },
      };
      const kit = stack.use(await openIssuerKit(options));
      const child = fork(worker, [JSON.stringify(options)], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
      stack.defer(() => end(child));
      const [origin] = await once(child, "message");
      return { kit, origins: [kit.origin, String(origin)] };
    });
  });
});

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = once(child, "exit");
  if (child.connected) child.disconnect();
  else child.kill();
  await ended;
}

interface Installation {
  readonly kit: IssuerVisits;
  /** Addresses of its servers. */
  readonly origins: readonly string[];
}

function describeRaces(open: (stack: AsyncDisposableStack) => Promise<Installation>): void {
  const stack = new AsyncDisposableStack();
  let kit: IssuerVisits;
  let origins: readonly string[];
  before(async () => {
    ({ kit, origins } = await open(stack));
    await kit.registerClients();
  });
  after(() => stack.disposeAsync());

  /** A bearer who goes on with whatever it gets until it is refused; answers everything it ever got. */
  async function refreshOn(
    token: string | undefined,
    { origin, renewed }: { readonly origin: string; readonly renewed: () => void },
  ): Promise<TokenAnswer[]> {
    const got: TokenAnswer[] = [];
    for (;;) {
      const answer = await kit.refresh(got.at(-1)?.body["refresh_token"] ?? token, { origin });
      // Servers that are at odds with each other for too long ask to be asked again.
      if (answer.status === 503) continue;
      if (answer.status !== 200) {
        assert.deepEqual([answer.status, answer.body["error"]], [400, "invalid_grant"]);
        return got;
      }
      got.push(answer);
      renewed();
    }
  }

  /** Tokens that are kept, by their kind. */
  function left(): Promise<unknown[]> {
    return kit.gatehouse.services.store.read((reading) => reading.execute(TOKENS_LEFT, []));
  }

  async function revoke(input: object): Promise<void> {
    const outcome = await kit.gatehouse.operate("grants.revoke", input);
    if (outcome.ok) return;
    assert.equal(outcome.problem.status, 503, JSON.stringify(outcome));
    await revoke(input);
  }

  for (const selection of [{ account: "ada" }, { client: "app" }, { ip: "203.0.113.10" }]) {
    it(`never outlives a revocation by ${Object.keys(selection).join()}`, async () => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const begun = await Promise.all(Array.from({ length: 8 }, () => kit.signIn()));
        const running = Promise.withResolvers<void>();
        const racers = Array.from({ length: AT_ONCE }, (_, index) =>
          refreshOn(begun[index % begun.length]?.body["refresh_token"], {
            origin: origins[index % origins.length] ?? "",
            renewed: running.resolve,
          }),
        );
        await running.promise;
        await revoke({ ...selection, reason: "theft" });
        const got = [...begun, ...(await Promise.all(racers)).flat()];
        for (const { body } of got) {
          assert.equal(await kit.active(body["access_token"]), false);
          assert.equal(await kit.active(body["refresh_token"], "app"), false);
        }
        assert.deepEqual(await left(), [], "rows that only the missing grant keeps from working");
      }
    });
  }
}
