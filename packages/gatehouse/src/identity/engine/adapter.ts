import type { AsyncLocalStorage } from "node:async_hooks";
import type { Adapter, AdapterPayload } from "oidc-provider";
import type { ClientSource } from "./client-source.ts";
import type { UnitOfWork } from "./unit-of-work.ts";

/** Where the engine finds the unit of work of the call it is in. */
export type CurrentWork = AsyncLocalStorage<UnitOfWork>;

/** The unit of work of the call the engine is in. */
export function workOf(current: CurrentWork): UnitOfWork {
  const unit = current.getStore();
  if (unit === undefined) throw new TypeError("The protocol engine was called outside of an attempt.");
  return unit;
}

/** The storage of one kind of the engine's models. All it does goes into the unit of work of the current call. */
export function createAdapter(kind: string, current: CurrentWork, clients?: ClientSource): Adapter {
  const work = (): UnitOfWork => workOf(current);
  const artifacts = createArtifactAdapter(kind, work);
  if (clients === undefined) return artifacts;
  if (kind === "InitialAccessToken") return { ...artifacts, find: (token) => clients.findToken(work(), token) };
  if (kind !== "Client") return artifacts;
  return {
    ...artifacts,
    find: (id) => clients.find(work(), id),
    upsert: (id: string, metadata: AdapterPayload) => clients.put(work(), id, metadata),
    destroy: (id) => clients.remove(work(), id),
  };
}

function createArtifactAdapter(kind: string, work: () => UnitOfWork): Adapter {
  return {
    find: (id) => work().find(kind, id),
    findByUid: (uid) => work().findByAlias(kind, "uid", uid),
    findByUserCode: (userCode) => work().findByAlias(kind, "userCode", userCode),
    async upsert(id: string, payload: AdapterPayload, lifetime?: number) {
      work().put({ kind, id, payload, lifetime });
    },
    async consume(id) {
      work().consume(kind, id);
    },
    async destroy(id) {
      work().remove(kind, id);
    },
    async revokeByGrantId(grantId) {
      work().revokeGrant(grantId);
    },
  };
}
