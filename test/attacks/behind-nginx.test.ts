import { startNginx } from "../support/proxy.ts";
import { describeBehind } from "../support/behind-proxy.ts";

describeBehind("nginx", startNginx);
