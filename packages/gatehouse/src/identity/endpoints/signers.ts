import { decodeProtectedHeader } from "jose";
import { z } from "zod";
import { isSigned } from "../engine/jwt-access-token.ts";
import type { EngineAnswer } from "../engine/engine-call.ts";

const Signed = z.object({ access_token: z.string().optional(), id_token: z.string().optional() });

/** The names of the keys that have signed what an answer gives out: tokens, or the answer itself. */
export function signersOf({ status, headers, body }: EngineAnswer): readonly string[] {
  if (status !== 200) return [];
  const type = headers.get("content-type") ?? "";
  if (type.startsWith("application/jwt") || type.includes("+jwt")) return signerOf(body);
  // Most answers give out nothing that is signed.
  if (!type.startsWith("application/json") || !body.includes('"eyJ')) return [];
  const tokens = Signed.safeParse(JSON.parse(body)).data;
  return [tokens?.access_token, tokens?.id_token].flatMap((token) => (token === undefined ? [] : signerOf(token)));
}

function signerOf(token: string): readonly string[] {
  if (!isSigned(token)) return [];
  const { kid } = decodeProtectedHeader(token);
  return kid === undefined ? [] : [kid];
}
