import type { Clock } from "../../kernel/clock.ts";
import { base64url, constantTimeEqual, utf8 } from "../../kernel/codec.ts";
import type { AccountKey } from "../../kernel/ports/accounts.ts";
import type { Random } from "../../kernel/random.ts";
import type { AccountSecrets } from "./account-secrets.ts";

/** What marks of known devices are made with. */
export interface KnownDevicesParts {
  readonly secrets: AccountSecrets;
  readonly random: Random;
  readonly clock: Clock;
}

/** Milliseconds a device stays known after a sign-in. */
const LIFETIME = 180 * 24 * 60 * 60_000;
const ID_BYTES = 16;
const FORM = /^(?<id>[A-Za-z0-9_-]{22})\.(?<until>\d{13})\.(?<mac>[A-Za-z0-9_-]{43})$/;
const PURPOSE = "known-device";

/**
 * Marks that browsers keep once somebody has signed in there. A mark signs nobody in. It tells the owner of an account
 * from those who guess at it, so that guessing, however much there is of it, never locks the owner out.
 */
export class KnownDevices {
  readonly #parts: KnownDevicesParts;

  constructor(parts: KnownDevicesParts) {
    this.#parts = parts;
  }

  /** A mark for a browser in which somebody has just proven all their factors; for a cookie no script can read. */
  mark({ tenant, id: account }: AccountKey): string {
    const { random, clock, secrets } = this.#parts;
    const id = base64url(random.bytes(ID_BYTES));
    const until = String(clock.now() + LIFETIME);
    return `${id}.${until}.${secrets.macs(PURPOSE, tenant, account, id, until)[0]}`;
  }

  /** The device of an account that one of the marks was given to; `undefined` where none was. */
  recognise(marks: readonly string[], { tenant, id: account }: AccountKey): string | undefined {
    const { secrets, clock } = this.#parts;
    for (const text of marks) {
      const { id = "", until = "", mac = "" } = FORM.exec(text)?.groups ?? {};
      if (id === "" || Number(until) <= clock.now()) continue;
      const right = secrets.macs(PURPOSE, tenant, account, id, until);
      if (right.some((expected) => constantTimeEqual(utf8(expected), utf8(mac)))) return id;
    }
    return undefined;
  }
}
