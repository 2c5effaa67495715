import { deepEqual, equal, ok } from "node:assert/strict";
import { describe, it } from "node:test";
import { base64url, utf8 } from "../../kernel/codec.ts";
import { deny } from "../../kernel/outcome.ts";
import { problems } from "../../kernel/problems.ts";
import { realtimeProblems } from "../problems.ts";
import { disconnectOf, errorCode, protocolError } from "./protocol-error.ts";
import { refusalOfToken } from "./refused-token.ts";

describe("protocolError", () => {
  it("has one number for each kind of problem", () => {
    const numbers = [
      [problems.INTERNAL_ERROR, 100],
      [problems.STORE_UNAVAILABLE, 100],
      [problems.AUTHENTICATION_REQUIRED, 101],
      [problems.CREDENTIAL_INVALID, 101],
      [problems.PERMISSION_DENIED, 103],
      [problems.ACTION_NOT_FOUND, 104],
      [realtimeProblems.METHOD_UNKNOWN, 104],
      [realtimeProblems.ALREADY_SUBSCRIBED, 105],
      [realtimeProblems.CHANNEL_LIMIT, 106],
      [problems.MALFORMED_REQUEST, 107],
      [problems.VALIDATION_ERROR, 107],
      [problems.PAYLOAD_TOO_LARGE, 107],
      [realtimeProblems.TOKEN_EXPIRED, 109],
      [problems.RATE_LIMIT_EXCEEDED, 111],
      [realtimeProblems.COMMANDS_TOO_FAST, 111],
      [realtimeProblems.POSITION_UNRECOVERABLE, 112],
    ] as const;
    for (const [problem, code] of numbers) equal(errorCode(problem), code, problem.code);
  });

  it("says what is public, how long to wait and how to find it in the log, and nothing more", () => {
    const denial = deny(problems.RATE_LIMIT_EXCEEDED, {
      ...{ retryAfter: 3, detail: "inner detail", context: { secret: "s" }, extensions: { more: 1 } },
      violations: [{ pointer: "/password", message: "not hunter2" }],
    });
    deepEqual(protocolError(denial, "req1"), {
      ...{ code: 111, temporary: true, retry_after: 3 },
      message: "RATE_LIMIT_EXCEEDED: Rate limit exceeded (request req1, retry after 3 s)",
    });
    equal(protocolError(deny(problems.PERMISSION_DENIED), "req2").temporary, undefined);
    equal(protocolError(deny(problems.INTERNAL_ERROR), "req3").temporary, true);
  });

  it("closes a connection that was not let in so that its client comes back only where that helps", () => {
    equal(disconnectOf(deny(problems.CREDENTIAL_INVALID)).code, 3500);
    equal(disconnectOf(deny(problems.PERMISSION_DENIED)).code, 3507);
    equal(disconnectOf(deny(realtimeProblems.TOKEN_EXPIRED)).code, 3005);
    equal(disconnectOf(deny(problems.STORE_UNAVAILABLE)).code, 3004);
    equal(disconnectOf(deny(problems.MALFORMED_REQUEST)).code, 3501);
  });
});

describe("refusalOfToken", () => {
  const refused = deny(problems.CREDENTIAL_INVALID);
  const token = (claims: object): string => `h.${base64url(utf8(JSON.stringify(claims)))}.s`;

  it("asks for another token where the refused one may have been good once", () => {
    equal(refusalOfToken(refused, token({ exp: 10 }), 10_000).problem, realtimeProblems.TOKEN_EXPIRED);
    equal(refusalOfToken(refused, "opaque", 10_000).problem, realtimeProblems.TOKEN_EXPIRED);
  });

  it("is final of a token that was never good, and of anything else", () => {
    equal(refusalOfToken(refused, token({ exp: 11 }), 10_000), refused);
    equal(refusalOfToken(refused, token({}), 10_000), refused);
    equal(refusalOfToken(refused, "h.not json.s", 10_000), refused);
    equal(refusalOfToken(refused, undefined, 10_000), refused);
    const denied = deny(problems.PERMISSION_DENIED);
    ok(refusalOfToken(denied, "opaque", 0) === denied);
  });
});
