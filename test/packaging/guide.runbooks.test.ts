import { globSync } from "node:fs";
import { describePages } from "./guide-pages.ts";
import { repository } from "./repository-copy.ts";

// The runbooks type "curl".
const paths = globSync("docs/runbooks/*.md", { cwd: repository }).sort();

describePages({ name: "the runbooks", paths, lines: 60 });
