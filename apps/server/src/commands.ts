import type { Command } from "./command.ts";
import {
  accountsCreate,
  accountsDelete,
  accountsDisable,
  accountsEnable,
  accountsGrant,
  accountsInvite,
  accountsLink,
  accountsList,
  accountsResetFactors,
  accountsRevokeGrant,
  accountsShow,
  accountsSignOut,
} from "./commands/accounts.ts";
import { auditList } from "./commands/audit.ts";
import { backup, restore } from "./commands/backup.ts";
import { bansAdd, bansLift, bansList } from "./commands/bans.ts";
import { config } from "./commands/config.ts";
import { emergencyLift, emergencyList, emergencySet } from "./commands/emergency.ts";
import { grantsList, grantsRevoke } from "./commands/grants.ts";
import { policyRehearse } from "./commands/rehearse-policy.ts";
import { health } from "./commands/health.ts";
import { inventory } from "./commands/inventory.ts";
import { joinTokensImport, joinTokensMigrate } from "./commands/join-token-migration.ts";
import {
  joinTokensCreate,
  joinTokensList,
  joinTokensPrint,
  joinTokensRevoke,
  joinTokensRevokeAll,
  joinTokensRotate,
  joinTokensShow,
  joinTokensUsage,
} from "./commands/join-tokens.ts";
import { keysList, keysRotate } from "./commands/keys.ts";
import { link } from "./commands/link.ts";
import {
  createClient,
  deleteClient,
  disableClient,
  enableClient,
  issueToken,
  listClients,
  listTokens,
  revokeToken,
  rotateSecret,
} from "./commands/oauth.ts";
import { monitorsList, monitorsRun } from "./commands/monitors.ts";
import { oauthCompromise, oauthListKeys, oauthPruneKeys, oauthRotateKeys } from "./commands/oauth-keys.ts";
import {
  mediaDelete,
  mediaHide,
  mediaList,
  mediaReject,
  mediaRelease,
  mediaRescan,
  mediaRescanAll,
  mediaShow,
  mediaStatus,
} from "./commands/media.ts";
import { mediaTakeOver } from "./commands/media-take-over.ts";
import {
  realtimeBroadcast,
  realtimeClose,
  realtimeConnections,
  realtimeKick,
  realtimeMute,
  realtimeMutes,
  realtimeUnmute,
} from "./commands/realtime.ts";
import { mcp } from "./commands/mcp.ts";
import { start } from "./commands/start.ts";
import { storeGrants, storeMigrate } from "./commands/store.ts";
import {
  storageArchive,
  storageList,
  storageManifest,
  storageProbe,
  storageRestore,
  storageResume,
  storageVerify,
} from "./commands/storage.ts";
import {
  workApprove,
  workCancel,
  workList,
  workLogs,
  workPlan,
  workReject,
  workRequeue,
  workRevert,
  workShow,
  workTypes,
} from "./commands/work.ts";
import { workFind } from "./commands/work-find.ts";
import { workMakeType } from "./commands/work-make-type.ts";
import { workPropose } from "./commands/work-propose.ts";
import { workTail } from "./commands/work-tail.ts";
import { workEraseSubject, workExport, workPause, workPauses, workResume } from "./commands/work-operations.ts";

/** Every command of the `gatehouse` program. */
export const commands: readonly Command[] = [
  start,
  link,
  inventory,
  health,
  bansList,
  bansAdd,
  bansLift,
  emergencyList,
  emergencySet,
  emergencyLift,
  auditList,
  keysList,
  keysRotate,
  createClient,
  listClients,
  rotateSecret,
  disableClient,
  enableClient,
  deleteClient,
  issueToken,
  listTokens,
  revokeToken,
  oauthListKeys,
  oauthRotateKeys,
  oauthPruneKeys,
  oauthCompromise,
  accountsList,
  accountsShow,
  accountsCreate,
  accountsInvite,
  accountsLink,
  accountsDisable,
  accountsEnable,
  accountsDelete,
  accountsGrant,
  accountsRevokeGrant,
  accountsSignOut,
  accountsResetFactors,
  grantsList,
  grantsRevoke,
  monitorsList,
  monitorsRun,
  joinTokensCreate,
  joinTokensList,
  joinTokensShow,
  joinTokensUsage,
  joinTokensRevoke,
  joinTokensRevokeAll,
  joinTokensRotate,
  joinTokensPrint,
  joinTokensImport,
  joinTokensMigrate,
  mediaStatus,
  mediaList,
  mediaShow,
  mediaRelease,
  mediaHide,
  mediaReject,
  mediaDelete,
  mediaRescan,
  mediaRescanAll,
  mediaTakeOver,
  policyRehearse,
  storageList,
  storageProbe,
  storageArchive,
  storageVerify,
  storageRestore,
  storageManifest,
  storageResume,
  realtimeConnections,
  realtimeKick,
  realtimeMute,
  realtimeMutes,
  realtimeUnmute,
  realtimeClose,
  realtimeBroadcast,
  workTypes,
  workMakeType,
  workPropose,
  workFind,
  workList,
  workShow,
  workPlan,
  workLogs,
  workTail,
  workApprove,
  workReject,
  workCancel,
  workRevert,
  workRequeue,
  workPause,
  workResume,
  workPauses,
  workExport,
  workEraseSubject,
  mcp,
  storeGrants,
  storeMigrate,
  backup,
  restore,
  config,
];
