import type { NextConfig } from "next";

const config: NextConfig = {
  poweredByHeader: false,
  // Gatehouse runs as it is installed, with its embedded store; nothing of it belongs into a bundle.
  serverExternalPackages: ["gatehouse"],
};

export default config;
