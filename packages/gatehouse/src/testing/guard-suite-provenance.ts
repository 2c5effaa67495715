import assert from "node:assert/strict";
import { it } from "node:test";
import { admitted, documentOf, executed, messageOf, refused, replayed, type Suite } from "./guard-suite-refusal.ts";

/** Whether an attempt was meant by whom it seems to come from. */
export function describeProvenance(suite: Suite): void {
  switch (suite.under.provenance) {
    case "browser":
      describeOrigins(suite);
      describeTokens(suite);
      return;
    case "connection":
      describeOrigins(suite);
      describeConnections(suite);
      return;
    case "signed":
      describeSignatures(suite);
      return;
    case "internal":
      describeOwnWork(suite);
  }
}

function describeOrigins(suite: Suite): void {
  for (const page of ["other site", "other port"] as const) {
    it(`refuses what a page of an${page} makes a browser send, though the token is right`, async () => {
      await refused(suite, "ORIGIN_REFUSED", { page });
    });
  }
}

function describeConnections(suite: Suite): void {
  it("refuses what comes over an open connection from an address that was banned meanwhile", async () => {
    const ip = "198.51.100.72";
    await executed(suite, { ip });
    await suite.harness().ban(ip);
    await refused(suite, "SOURCE_BANNED", { ip, connected: true });
  });

  it("asks for no token: a page of another site cannot open a connection", async () => {
    await admitted(suite.send({ page: "no token" }));
  });

  it("answers a retry over another connection with the stored result", async () => {
    await executed(suite, { key: "suite-retried" });
    await replayed(suite, { key: "suite-retried", ip: "198.51.100.71" });
  });
}

function describeTokens(suite: Suite): void {
  const { send, under } = suite;

  for (const page of ["no token", "wrong token", "token of another session"] as const) {
    it(`refuses a browser with ${page}`, async () => {
      const answer = await refused(suite, "CSRF_TOKEN_INVALID", { page });
      if (under.wire === "http") assert.equal(documentOf(answer)["error"], messageOf("CSRF_TOKEN_INVALID"));
    });
  }

  it("takes the token from the body as well, and an earlier one of the same session", async () => {
    await admitted(send());
    await admitted(send({ page: "own, token in the body" }));
    await admitted(send({ page: "own, an earlier token" }));
  });

  it("answers a retry with the stored result, whichever token of the session it carries", async () => {
    await executed(suite, { key: "suite-retried" });
    await replayed(suite, { key: "suite-retried", page: "own, an earlier token" });
  });

  if (under.wire === "http") {
    it("hands out a new token with every answer", async () => {
      const tokens = [(await send()).token, (await send()).token, (await send()).token];
      assert.equal(new Set(tokens).size, 3);
      assert.ok(tokens.every((token) => (token ?? "").length >= 40));
    });
  }
}

function describeSignatures(suite: Suite): void {
  const { send, actions } = suite;

  for (const message of ["unsigned", "another secret", "altered", "too old", "too new"] as const) {
    it(`refuses a message that is ${message === "another secret" ? "signed with another secret" : message}`, async () => {
      const answer = await refused(suite, "SIGNATURE_INVALID", { message });
      assert.equal(documentOf(answer)["detail"], messageOf("SIGNATURE_INVALID"), "it says what is wrong");
    });
  }

  it("asks for no token, and takes no notice of what browsers say", async () => {
    await admitted(send({ page: "no token" }));
    await admitted(send({ page: "other site" }));
  });

  it("executes a recorded message once, whatever key nobody signed comes with it", async () => {
    await admitted(send({ key: "suite-recorded" }));
    const again = await admitted(send({ key: "suite-recorded", unsignedKey: "another" }));
    assert.equal(again.cached, true);
    assert.equal(actions.runs.length, 1);
  });
}

function describeOwnWork({ send }: Suite): void {
  it("asks the system itself for no token", async () => {
    await admitted(send({ page: "no token" }));
  });
}
