// Where everybody may register, a program registers until the table is full, and leaves clients whose secrets never end.
// Registrations are counted by address, can be closed at once, and what nobody uses goes away.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CLIENT_KIT_TENANT, openClientKit, type ClientKit } from "../../testing/client-kit.ts";
import { createFakeClock } from "../../testing/fake-clock.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

function register(kit: ClientKit, from: string) {
  return kit.ask("/oauth/clients", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ client_name: "Flood", redirect_uris: ["https://app.example/"] }),
    from,
  });
}

async function listed(kit: ClientKit): Promise<number> {
  const page = { tenant: CLIENT_KIT_TENANT, limit: 200 };
  const found = await kit.gatehouse.services.store.read((reading) => kit.clients.registry.list(reading, page));
  return found.length;
}

describe("a flood of registrations", () => {
  it("is five an hour from one address", async () => {
    const clock = createFakeClock(Date.now());
    await using kit = await openClientKit({ clock, config: { limits: {} }, clients: { registration: "open" } });
    const answers = [];
    for (let count = 0; count < 8; count += 1) answers.push((await register(kit, "203.0.113.9")).status);
    assert.deepEqual(answers, [201, 201, 201, 201, 201, 429, 429, 429]);
    assert.equal((await register(kit, "198.51.100.1")).status, 201, "from elsewhere");
    await clock.advance(HOUR + 1);
    assert.equal((await register(kit, "203.0.113.9")).status, 201);
  });

  it("ends when an operator closes registration, until that ends", async () => {
    const clock = createFakeClock(Date.now());
    await using kit = await openClientKit({ clock, clients: { registration: "open" } });
    await kit.gatehouse.operate("emergency.set", { measure: "registrations-closed", reason: "flood", minutes: 60 });
    const refused = await register(kit, "127.0.0.1");
    assert.deepEqual([refused.status, refused.body["error"]], [503, "temporarily_unavailable"]);
    await clock.advance(HOUR + 1);
    assert.equal((await register(kit, "127.0.0.1")).status, 201);
  });

  it("leaves nothing that nobody uses, and secrets that end where the policy says so", async () => {
    const clock = createFakeClock(Date.now());
    const policy = { secretLifetime: 30 * DAY, grantTypes: ["authorization_code", "client_credentials"] };
    await using kit = await openClientKit({ clock, clients: { registration: "open", unusedAfter: 90 * DAY, policy } });
    const { body } = await register(kit, "127.0.0.1");
    await register(kit, "127.0.0.1");
    const [id, secret] = [String(body["client_id"]), String(body["client_secret"])];
    const use = () => kit.token({ grant_type: "authorization_code", code: "x", client_id: id, client_secret: secret });
    assert.equal((await use()).body["error"], "invalid_grant");
    await clock.advance(30 * DAY + 1000);
    assert.equal((await use()).body["error"], "invalid_client", "the secret has ended");
    assert.equal(await listed(kit), 2);
    await clock.advance(61 * DAY);
    await kit.write((writing) => kit.clients.prune(writing, 100));
    assert.equal(await listed(kit), 0);
  });
});
