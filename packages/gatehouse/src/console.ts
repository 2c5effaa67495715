export { createConsole } from "./console/console.ts";
export type { ConsoleParts, OperatorConsole } from "./console/console.ts";
export { createOperations } from "./console/operations.ts";
export type { OperationsParts } from "./console/operations.ts";
export { OPERATOR_GRANT } from "./console/operator.ts";
export type { LinkTarget, LinkTargets } from "./console/link-operations.ts";
export type { KeyKeeper } from "./console/key-operations.ts";
export type { StoreKeeper } from "./console/system-operations.ts";
