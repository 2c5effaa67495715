import { definePlaybook, type Playbook } from "./playbook.ts";

/** What is done about abuse of the addresses that guests use. */
const publicApi = definePlaybook({
  id: "public-api",
  title: "Abuse of the public gallery",
  when: "Many guesses of join tokens, floods of uploads or of requests for photos, or photos seen by those who were not invited.",
  signals: ["excess_rate_limit_exceeded", "source_banned", "monitor_failed"],
  owner: "operator on duty",
  acknowledgeWithin: 15,
  resolveWithin: 240,
  steps: [
    {
      text: "Look at who it is: one address, one token, one event or everybody. Filter the events by name and source.",
      page: "/console/events",
      command: "gatehouse audit list --name excess_rate_limit_exceeded",
    },
    {
      text: "If it is a few addresses that no venue shares, ban them.",
      page: "/console/bans",
      command: 'gatehouse bans add ip ADDRESS --reason "flood" --minutes 60',
    },
    {
      text: "If it is everybody, leave a quarter of every limit.",
      measure: "tight-limits",
      command: 'gatehouse emergency set tight-limits --reason "flood"',
    },
    {
      text: "Afterwards: lift what was set, look at the monitors, write down what happened and when.",
      page: "/console/monitors",
      command: "gatehouse emergency list",
    },
  ],
});

/** Every playbook there is. */
export const playbooks: readonly Playbook[] = [publicApi];
