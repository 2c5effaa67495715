import type { StoredJoinToken } from "gatehouse/kernel";

/** What an invitation lets guests do, as hosts choose it. */
export const PERMISSIONS = ["mayViewAndUpload", "mayDownload", "mayView", "mayUpload"] as const;
/** One of the choices; also the name of its text. */
export type Permission = (typeof PERMISSIONS)[number];

type Scopes = StoredJoinToken["scopes"];

const SCOPES: Readonly<Record<Permission, Scopes>> = {
  mayViewAndUpload: ["view", "upload"],
  mayDownload: ["view", "upload", "download"],
  mayView: ["view"],
  mayUpload: ["upload"],
};

/** The scopes of a choice. */
export function scopesOf(permission: Permission): Scopes {
  return SCOPES[permission];
}

/** The choice that has just these scopes; `undefined` for tokens that were made elsewhere. */
export function permissionOf(scopes: Scopes): Permission | undefined {
  const key = scopes.toSorted().join();
  return PERMISSIONS.find((permission) => SCOPES[permission].toSorted().join() === key);
}
