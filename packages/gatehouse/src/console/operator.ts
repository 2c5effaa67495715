import type { Authorise } from "../kernel/action.ts";
import type { Entrance } from "../kernel/attempt.ts";

/** The grant that makes a principal an operator. */
export const OPERATOR_GRANT = "operator";

/** Only operators may. */
export const operatorsOnly: Authorise<unknown> = ({ principal }) => principal.grants.has(OPERATOR_GRANT);

/** The entrances of operators: the console's pages and forms, and the command line. */
export const OPERATOR_ENTRANCES: readonly Entrance[] = ["http", "live", "job"];
