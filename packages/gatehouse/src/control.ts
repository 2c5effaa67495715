export { askServer, ControlSocketError, controlSocketPath } from "./assembly/control-socket.ts";
export type { ControlAnswer, ControlRequest } from "./assembly/control-socket.ts";
