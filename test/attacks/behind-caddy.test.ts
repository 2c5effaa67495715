import { startCaddy } from "../support/proxy.ts";
import { describeBehind } from "../support/behind-proxy.ts";

describeBehind("caddy", startCaddy);
