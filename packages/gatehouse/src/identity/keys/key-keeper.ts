import type { JWK } from "jose";
import type { Clock } from "../../kernel/clock.ts";
import type { Bus } from "../../kernel/ports/bus.ts";
import type { SigningKey, SigningKeys, UsedSigningKey } from "../../kernel/ports/signing-keys.ts";
import type { Store, WriteTransaction } from "../../kernel/ports/store.ts";
import type { Sealer } from "../../kernel/seal.ts";
import { systemTimers, type Timers } from "../../kernel/timers.ts";
import type { IssuerKeys } from "../issuers.ts";
import { nextChange, planRotation, type RotationPolicy, type RotationStep, type RotationWish } from "./rotation.ts";
import { makeSigningKey, openSigningKey, resealSigningKey } from "./signing-key.ts";

/** What a keeper works with. */
export interface KeyKeeperParts {
  readonly store: Store;
  readonly keys: SigningKeys;
  readonly bus: Pick<Bus, "publish" | "subscribe">;
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly timers?: Timers;
  readonly policy: RotationPolicy;
  /** Told of what was done at once. */
  readonly done: (steps: readonly KeyChange[]) => void;
  readonly report: (error: unknown) => void;
}

/** A step that was done, and the key it was about. */
export interface KeyChange {
  readonly kid: string;
  readonly step: RotationStep;
}

const TOPIC = "oauth.keys";
/** Milliseconds between looks at the keys, for messages of the bus that were lost and for what time demands. */
const LOOK_INTERVAL = 30_000;
/** Milliseconds for which others may keep the key set at most. */
const KEPT_FOR = 600_000;
/** Keys that sign or are still known to have signed, in the order in which an engine takes them. */
const PUBLISHED: readonly SigningKey["state"][] = ["active", "next", "retiring"];

/**
 * Keeps the signing keys of all servers of an installation in step with time and operators' wishes, without a restart.
 * Plans are made and carried out in one transaction, so that two servers never rotate twice; keys are made before it.
 */
export class KeyKeeper implements IssuerKeys, AsyncDisposable {
  readonly #parts: KeyKeeperParts & { readonly timers: Timers };
  #published: readonly JWK[] = [];
  #rows: readonly SigningKey[] = [];
  #known = "";
  #version = 0;
  #timer: Disposable | undefined;
  #closed = false;
  #subscription: AsyncDisposable | undefined;
  #working: Promise<unknown> = Promise.resolve();
  /** Reads that have begun, and the latest of them that counts: an earlier one may end later. */
  #begun = 0;
  #counting = 0;
  #making: Promise<unknown> | undefined;

  private constructor(parts: KeyKeeperParts) {
    this.#parts = { timers: systemTimers, ...parts };
  }

  /** Reads the keys. Missing ones are made by `ready`, or at the first look: finding a large one takes seconds. */
  static async open(parts: KeyKeeperParts): Promise<KeyKeeper> {
    const keeper = new KeyKeeper(parts);
    await keeper.#read();
    keeper.#subscription = await parts.bus.subscribe(TOPIC, () => void keeper.look());
    keeper.#schedule();
    return keeper;
  }

  get version(): number {
    return this.#version;
  }

  all(): readonly JWK[] {
    return this.#published;
  }

  /** Resolves once there are keys to sign with, which are made where there are none. */
  async ready(): Promise<void> {
    if (this.#published.length > 0) return;
    this.#making ??= this.turn().finally(() => {
      this.#making = undefined;
    });
    await this.#making;
  }

  /** Takes over what other servers have done to the keys by now, heard of or not. */
  refresh(): Promise<void> {
    return this.#read();
  }

  list(): Promise<readonly UsedSigningKey[]> {
    return this.#parts.store.read((transaction) => this.#parts.keys.list(transaction));
  }

  get policy(): RotationPolicy {
    return this.#parts.policy;
  }

  /** Seconds for which others may keep the key set: less where it is to change sooner. */
  get maxAge(): number {
    const change = nextChange(this.#rows, this.policy) ?? Infinity;
    return Math.max(0, Math.floor(Math.min(KEPT_FOR, change - this.#parts.clock.now()) / 1000));
  }

  /** Seals private parts under the current version of the key ring. */
  async reseal(): Promise<void> {
    const { store, keys, sealer } = this.#parts;
    const stale = (await this.list()).filter(({ privateKey }) => privateKey && sealer.needsReseal(privateKey));
    await store.write(async (transaction) => {
      for (const key of stale) {
        const privateKey = resealSigningKey(key, sealer);
        if (key.privateKey === undefined || privateKey === undefined) continue;
        await keys.reseal(transaction, key.kid, { before: key.privateKey, privateKey });
      }
    });
  }

  /** Does what time and an operator's wish demand; returns what was done. */
  turn(wish: RotationWish = {}): Promise<readonly KeyChange[]> {
    const turned = this.#working.then(() => this.#turn(wish));
    this.#working = turned.catch(() => undefined);
    return turned;
  }

  async #turn(wish: RotationWish): Promise<readonly KeyChange[]> {
    const { policy, clock, bus, report } = this.#parts;
    const made = new Map<string, SigningKey>();
    let planned = planRotation(await this.list(), { policy, now: clock.now() }, wish);
    let steps: readonly RotationStep[] | undefined = planned.length === 0 ? [] : undefined;
    while (steps === undefined && !this.#closed) {
      for (const step of planned) {
        if (step.what === "create" && !made.has(step.algorithm)) made.set(step.algorithm, await this.#make(step));
      }
      [steps, planned] = await this.#carryOutAll(wish, made);
    }
    if (steps === undefined) return [];
    await this.#read();
    const changes = steps.map((step) => ({ step, kid: kidOf(step, made) }));
    if (changes.length === 0) return [];
    this.#parts.done(changes);
    await bus.publish(TOPIC, "").catch(report);
    return changes;
  }

  #make({ algorithm, state }: Extract<RotationStep, { readonly what: "create" }>): Promise<SigningKey> {
    const { sealer, clock } = this.#parts;
    return makeSigningKey(algorithm, { sealer, now: clock.now(), state });
  }

  /** Does what is to be done by now, unless it takes keys that are still to be made: then nothing, and says what. */
  #carryOutAll(
    wish: RotationWish,
    made: ReadonlyMap<string, SigningKey>,
  ): Promise<[done: readonly RotationStep[] | undefined, planned: readonly RotationStep[]]> {
    const { store, keys, policy, clock } = this.#parts;
    return store.write(async (transaction) => {
      const now = clock.now();
      const planned = planRotation(await keys.list(transaction), { policy, now }, wish);
      if (planned.some((step) => step.what === "create" && !made.has(step.algorithm))) return [undefined, planned];
      for (const step of planned) await this.#carryOut(transaction, step, { made, now });
      return [planned, planned];
    });
  }

  async #carryOut(
    transaction: WriteTransaction,
    step: RotationStep,
    { made, now }: { readonly made: ReadonlyMap<string, SigningKey>; readonly now: number },
  ): Promise<void> {
    const { keys } = this.#parts;
    if (step.what === "move") {
      const destroy = step.to === "pruned" || step.to === "compromised";
      await keys.move(transaction, step.kid, { from: step.from, to: step.to, since: now, destroy });
      return;
    }
    const key = made.get(step.algorithm);
    if (key !== undefined) await keys.add(transaction, { ...key, state: step.state, since: now });
  }

  /** Takes over what is in the store. */
  async #read(): Promise<void> {
    const { sealer } = this.#parts;
    const number = (this.#begun += 1);
    const keys = (await this.list()).filter(({ state }) => PUBLISHED.includes(state));
    if (number < this.#counting) return;
    this.#counting = number;
    this.#rows = keys;
    const known = keys.map(({ kid, state }) => `${kid} ${state}`).join();
    if (known === this.#known) return;
    const order = ({ state }: SigningKey): number => PUBLISHED.indexOf(state);
    const sorted = keys.toSorted((left, right) => order(left) - order(right));
    this.#published = sorted.map((key) => openSigningKey(key, sealer)).filter((key) => key !== undefined);
    this.#known = known;
    this.#version += 1;
  }

  /** Does what time demands; what goes wrong is reported. */
  look(): Promise<void> {
    return this.turn().then(() => undefined, this.#parts.report);
  }

  #schedule(): void {
    this.#timer = this.#parts.timers.after(
      LOOK_INTERVAL,
      () => void this.look().finally(() => this.#timer && this.#schedule()),
      "background",
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    await this.#subscription?.[Symbol.asyncDispose]();
    await this.#working;
  }
}

function kidOf(step: RotationStep, made: ReadonlyMap<string, SigningKey>): string {
  if (step.what === "move") return step.kid;
  // Nothing is carried out before its key was made.
  return made.get(step.algorithm)?.kid ?? "-";
}
