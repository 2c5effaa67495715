import { calculateJwkThumbprint, decodeProtectedHeader } from "jose";
import type { AccountKey } from "../../kernel/ports/accounts.ts";
import type { ArtifactCodec } from "../engine/artifact-codec.ts";
import type { EngineRequest } from "../engine/engine-call.ts";
import type { Place } from "./place.ts";
import { userAgentFamily, type UserAgentFamily } from "./user-agent.ts";

/** Recognises a browser in which the person of an account has signed in before, by the marks among its cookies. */
export type RecogniseDevice = (headers: Headers, account: AccountKey) => string | undefined;

/** Whoever sends a request to the engine. */
export class Requester {
  readonly #codec: ArtifactCodec;
  readonly #headers: Headers;
  readonly #ip: string;
  readonly #agent: UserAgentFamily;
  readonly #key: string | undefined;
  readonly #recognise: RecogniseDevice;

  private constructor(
    { headers, ip }: Pick<EngineRequest, "headers" | "ip">,
    known: { readonly codec: ArtifactCodec; readonly key: string | undefined; readonly recognise: RecogniseDevice },
  ) {
    this.#codec = known.codec;
    this.#headers = headers;
    this.#ip = ip;
    this.#agent = userAgentFamily(headers.get("user-agent"));
    this.#key = known.key;
    this.#recognise = known.recognise;
  }

  static async of(
    request: Pick<EngineRequest, "headers" | "ip">,
    { codec, recognise }: { readonly codec: ArtifactCodec; readonly recognise: RecogniseDevice },
  ): Promise<Requester> {
    return new Requester(request, { codec, recognise, key: await thumbprintOf(request.headers.get("dpop")) });
  }

  /** Where the request comes from, as it concerns an account. */
  placeFor(account: string): Place {
    const { name: agent, mobile } = this.#agent;
    const key = this.#key;
    const place = { device: this.#deviceOf(account), ip: this.#ip, agent, mobile };
    return key === undefined ? place : { ...place, key };
  }

  #deviceOf(account: string): string {
    const mark = this.#recognise(this.#headers, { tenant: this.#codec.tenant, id: account });
    if (mark !== undefined) return `browser-${mark}`;
    if (this.#key !== undefined) return `key-${this.#key}`;
    // Of one account: programs of a kind are no device of everybody's.
    return `program-${this.#codec.traceOf("agent", account, this.#agent.name)}`;
  }
}

/** The key of a proof of possession, which the engine verifies; `undefined` for what is none. */
async function thumbprintOf(proof: string | null): Promise<string | undefined> {
  if (proof === null) return undefined;
  try {
    const { jwk } = decodeProtectedHeader(proof);
    return jwk === undefined ? undefined : await calculateJwkThumbprint(jwk);
  } catch {
    return undefined;
  }
}
