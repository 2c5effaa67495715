import type { AdapterPayload, RefreshToken } from "oidc-provider";
import type { GrantEnding } from "../../kernel/ports/oauth-grants.ts";
import type { WriteTransaction } from "../../kernel/ports/store.ts";

/** Something of a grant that was found or kept: a code, a token. */
export interface GrantPiece {
  readonly kind: string;
  /** Its row's key, which stands for it in events. */
  readonly key: string;
  readonly payload: AdapterPayload;
}

/** Looks on while one call of the engine uses grants. What it notes is committed with the changes of the call. */
export interface GrantWitness {
  /** Something was found. */
  found(piece: GrantPiece): void;
  /** Something was issued; `expiresAt` in epoch milliseconds. */
  kept(piece: GrantPiece, expiresAt: number | undefined): void;
  /** A refresh token is about to be used up by whoever rightly bears it. Throws where it may not be. */
  judge(token: RefreshToken): Promise<void>;
  /** Whether a person who signed in at this time, in epoch milliseconds, has to do so again for a grant. */
  mustSignIn(grantId: string, signedInAt: number): Promise<boolean>;
  /** A grant ends, by its row's key; says why. */
  ending(key: string): GrantEnding;
  /** Whether there is anything to commit besides what was kept. */
  readonly pending: boolean;
  commit(transaction: WriteTransaction): Promise<void>;
}
