import { describeCountersContract } from "../../testing/counters-contract.ts";
import { createMemoryCounters } from "./memory-counters.ts";

describeCountersContract("memory", (clock) => createMemoryCounters({ clock }), { histories: 2000 });
