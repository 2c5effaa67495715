import { gallery } from "@gatehouse/gallery";
import { defineConfig } from "gatehouse";

/** The application that is served. */
export const application = gallery;

export default defineConfig({
  profile: "development",
});
