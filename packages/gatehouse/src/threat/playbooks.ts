import { definePlaybook, type Playbook } from "./playbook.ts";

/** What is done about abuse of the addresses that guests use. */
const publicApi = definePlaybook({
  id: "public-api",
  title: "Abuse of the public gallery",
  when: "Many guesses of join tokens, floods of uploads or of requests for photos, or photos seen by those who were not invited.",
  signals: [
    ...["guest_join_fail", "join_token_spike", "join_token_churn", "media_address_refused", "media_upload_refused"],
    ...["excess_rate_limit_exceeded", "source_banned", "monitor_failed"],
  ],
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
      text: "If one token is passed on, rotate it, which leaves its guests in, or revoke it with them.",
      page: "/console/join-tokens",
      command: 'gatehouse join-tokens revoke ID --reason "posted in a forum"',
    },
    {
      text: "If it is an event as a whole, revoke all its tokens. Its hosts make new ones for those who are to come in.",
      command: 'gatehouse join-tokens revoke-all COLLECTION --reason "leaked"',
    },
    {
      text: "If it is everybody, leave a quarter of every limit.",
      measure: "tight-limits",
      command: 'gatehouse emergency set tight-limits --reason "flood"',
    },
    {
      text: "If it is files, pause uploads. What has arrived of unfinished ones is kept, and they go on afterwards.",
      measure: "uploads-paused",
      command: 'gatehouse emergency set uploads-paused --reason "flood"',
    },
    {
      text: "If addresses of photos were passed on, shorten them. Those that were signed for longer end at once.",
      measure: "short-addresses",
      command: 'gatehouse emergency set short-addresses --reason "leaked"',
    },
    {
      text: "If files came in that should not have, have those of the event scanned again, and hide or reject them.",
      page: "/console/media",
      command: "gatehouse media rescan-all COLLECTION",
    },
    {
      text: "Afterwards: lift what was set, look at the monitors, write down what happened and when.",
      page: "/console/monitors",
      command: "gatehouse emergency list",
    },
  ],
});

/** What is done about a file that holds malware. */
const malwareFound = definePlaybook({
  id: "malware-found",
  title: "Malware in a file",
  when: "A scanner found malware in what somebody brought. It is out of reach already; where it had been published, people may have fetched it.",
  signals: ["malicious_media_found"],
  owner: "operator on duty",
  acknowledgeWithin: 30,
  resolveWithin: 480,
  steps: [
    {
      text: "Look at the events: which file, of whom, by which token, and whether it was withdrawn, that is, had been published.",
      page: "/console/events?name=malicious_media_found",
      command: "gatehouse audit list --name malicious_media_found",
    },
    {
      text: "If it was withdrawn, tell the hosts of the event whose guests may have fetched it.",
      command: "gatehouse media show ASSET",
    },
    {
      text: "If several came by one token, revoke it with its guests.",
      page: "/console/join-tokens",
      command: 'gatehouse join-tokens revoke ID --reason "malware"',
    },
    {
      text: "If they keep coming, pause uploads until it is known from where.",
      measure: "uploads-paused",
      command: 'gatehouse emergency set uploads-paused --reason "malware"',
    },
    { text: "Have the event's other files scanned again.", command: "gatehouse media rescan-all COLLECTION" },
  ],
});

/** What is done while files cannot be scanned. */
const scannerAway = definePlaybook({
  id: "scanner-away",
  title: "The scanner is away",
  when: "Files wait for longer than they should, or are published without having been scanned. Nothing unscanned is shown unless that was configured.",
  signals: ["media_queue_late", "media_scanner_off", "media_processing_failed", "monitor_failed"],
  owner: "operator on duty",
  acknowledgeWithin: 30,
  resolveWithin: 240,
  runbook: "scanner-unavailable",
  steps: [
    {
      text: "Read what is wrong with the scanner: away, hanging, or with old signatures.",
      page: "/console/media",
      command: "gatehouse media status",
    },
    { text: "Start clamd, or what brings its signatures up to date, as the runbook says." },
    {
      text: "See that what was held is published, and that the monitor of the canary is up.",
      page: "/console/monitors",
      command: "gatehouse monitors run canary",
    },
  ],
});

/** What is done about copies that are not what was put there. */
const archiveDamaged = definePlaybook({
  id: "archive-damaged",
  title: "Damaged copies in storage",
  when: "Copies at a storage target are not what was put there, a target is away, or it fills up. Nothing is deleted that relies on a damaged copy.",
  signals: [
    ...["storage_copy_damaged", "storage_file_lost", "storage_transfers_halted", "storage_transfer_failed"],
    ...["storage_target_alarm", "storage_target_warning", "media_file_missing"],
  ],
  owner: "operator on duty",
  acknowledgeWithin: 60,
  resolveWithin: 240,
  runbook: "archive-mismatch",
  steps: [
    {
      text: "Look at which target it is: its disk, its line, a full or a wrong mount.",
      page: "/console/storage",
      command: "gatehouse storage list",
    },
    {
      text: "Find and end the cause, as the runbook says. A target that is full has a runbook of its own, storage-target-full.",
      command: "gatehouse audit list --name storage_copy_damaged",
    },
    {
      text: "Read everything that matters now, rather than within a hundred days.",
      command: "gatehouse storage verify collection COLLECTION",
    },
    {
      text: "Let transfers to the archive go on.",
      page: "/console/storage",
      command: "gatehouse storage resume archive",
    },
  ],
});

/** Every playbook there is. */
export const playbooks: readonly Playbook[] = [publicApi, malwareFound, scannerAway, archiveDamaged];
