import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { recipientOf } from "./recipient.ts";

// An OAuth client is registered under the identifier of a user. If events were for identifiers alone, it would hear
// what is meant for that user, and be listed in the user's place.
describe("namesakes of another type", () => {
  it("are somebody else", () => {
    const type = fc.constantFrom("user" as const, "guest" as const, "agent" as const, "client" as const);
    const id = fc.oneof(
      fc.string({ minLength: 1 }),
      fc.constantFrom("ada", "user:ada", "client:ada", "client:user:ada"),
    );
    const principal = fc.record({ type, id });
    fc.assert(
      fc.property(principal, principal, (one, other) => {
        const isSame = one.type === other.type && one.id === other.id;
        assert.equal(recipientOf(one) === recipientOf(other), isSame);
      }),
      { numRuns: 2_000 },
    );
    assert.equal(recipientOf({ type: "user", id: "ada" }), "ada");
    assert.equal(recipientOf({ type: "client", id: "ada" }), "client:ada");
    assert.equal(recipientOf({ type: "anonymous", id: "-" }), "-");
  });
});
