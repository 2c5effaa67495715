/**
 * The layers of ARCHITECTURE.md as rules: kernel <- guards <- {store, http, html} <- modules <- console <- apps.
 * Tests may reach across layers, because they put parts together; nothing else may.
 */
const { Visitor } = require("@swc/core/Visitor.js");

// The parser knows `await using`, the visitor that dependency-cruiser builds on does not yet.
const { visitStatement } = Visitor.prototype;
Visitor.prototype.visitStatement = function visit(statement) {
  if (statement.type !== "UsingDeclaration") return visitStatement.call(this, statement);
  statement.decls = this.visitVariableDeclarators(statement.decls);
  return statement;
};

const src = "^packages/gatehouse/src";
const TESTS = "\\.test\\.ts$";
const MODULES = "live|identity|oauth|realtime|guests|media|billing|work|threat|audit|monitor|consent";

/** A folder that may import the listed folders of the library only. */
function layer(name, allowed, comment) {
  return {
    name: `layer-${name}`,
    severity: "error",
    comment,
    from: { path: `${src}/${name}/`, pathNot: TESTS },
    to: { path: `${src}/`, pathNot: `${src}/(${[name, ...allowed].join("|")})/` },
  };
}

/** A package (or built-in module) that only the listed places may import; `types` are free for all. */
function only(name, { path, places, comment, types = false }) {
  return {
    name: `only-${name}`,
    severity: "error",
    comment,
    from: { path: `^(packages|apps)/`, pathNot: [...places, TESTS] },
    to: { path, ...(types ? { dependencyTypesNot: ["type-only"] } : {}) },
  };
}

module.exports = {
  forbidden: [
    {
      name: "no-circles",
      severity: "error",
      comment: "Modules that import each other cannot be understood or tested one at a time.",
      from: {},
      to: { circular: true },
    },
    {
      name: "resolvable",
      severity: "error",
      comment: "The import names nothing.",
      from: { pathNot: "^examples/next/" },
      to: { couldNotResolve: true },
    },
    layer("kernel", [], "The kernel knows nothing but itself."),
    layer("guards", ["kernel"], "Guards see the kernel's contracts, never a store or an entrance."),
    layer("store", ["kernel"], "Stores implement the kernel's ports."),
    layer("html", ["kernel"], "Templates know nothing of requests or stores."),
    layer("http", ["kernel", "guards", "html"], "The HTTP edge builds attempts and renders outcomes."),
    layer("client", [], "Browser code shares nothing with the server but types."),
    layer(
      "console",
      ["kernel", "guards", "http", "html", "live", "audit"],
      "The console is made of modules and ports.",
    ),
    {
      name: "modules-apart",
      severity: "error",
      comment: "Modules meet through kernel ports and events, never by importing each other.",
      from: { path: `${src}/(${MODULES})/`, pathNot: TESTS },
      to: { path: `${src}/`, pathNot: [`${src}/(kernel|guards|http|html)/`, `${src}/$1/`] },
    },
    {
      name: "kernel-packages",
      severity: "error",
      comment: "The kernel imports canonicalize and @noble/ciphers, and the types of kysely and Standard Schema.",
      from: { path: `${src}/kernel/`, pathNot: TESTS },
      to: {
        path: "node_modules/",
        pathNot: "node_modules/(canonicalize|@noble/ciphers|kysely|@standard-schema/spec)/",
      },
    },
    {
      name: "kernel-types",
      severity: "error",
      comment: "Of kysely and Standard Schema the kernel imports types only.",
      from: { path: `${src}/kernel/`, pathNot: TESTS },
      to: { path: "node_modules/(kysely|@standard-schema/spec)/", dependencyTypesNot: ["type-only"] },
    },
    {
      name: "kernel-built-ins",
      severity: "error",
      comment: "The kernel does no input or output: of Node it uses node:crypto.",
      from: { path: `${src}/kernel/`, pathNot: TESTS },
      to: { dependencyTypes: ["core"], pathNot: "^(node:)?crypto$" },
    },
    {
      name: "client-in-browsers",
      severity: "error",
      comment: "Browser code cannot use what only Node has.",
      from: { path: `${src}/(client|oauth/browser)/`, pathNot: TESTS },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "browser-applications",
      severity: "error",
      comment:
        "What browser applications bundle is small: of the library nothing but itself, of packages oauth4webapi.",
      from: { path: `${src}/oauth/browser/`, pathNot: TESTS },
      to: { path: `^(packages|apps)/|node_modules/`, pathNot: `${src}/oauth/browser/|node_modules/oauth4webapi/` },
    },
    {
      name: "testing-stays-out",
      severity: "error",
      comment: "Test helpers never reach a running server.",
      from: { path: "^(packages|apps)/", pathNot: [`${src}/testing/`, `${src}/testing\\.ts$`, TESTS] },
      to: { path: `${src}/testing(/|\\.ts$)` },
    },
    {
      name: "tests-stay-out",
      severity: "error",
      comment: "Nothing imports a test.",
      from: { pathNot: TESTS },
      to: { path: TESTS },
    },
    {
      name: "apps-by-the-front-door",
      severity: "error",
      comment: "Applications, examples and the tests in /test import what users import: gatehouse/<subpath>.",
      from: { path: "^(apps|examples|test)/" },
      to: { path: `${src}/.+/` },
    },
    {
      name: "library-below-apps",
      severity: "error",
      comment: "The library knows no application; its browser tests share the starting of browsers with the others.",
      from: { path: "^packages/", pathNot: "\\.browser\\.test\\.ts$" },
      to: { path: "^(apps|examples|test|tools)/" },
    },
    only("pg", {
      path: "node_modules/pg/",
      places: [`${src}/store/postgres/`],
      comment: "PostgreSQL is optional: its driver is imported in one place.",
    }),
    only("ws", {
      path: "node_modules/ws/",
      places: [`${src}/realtime/adapters/`],
      comment: "What speaks WebSocket is imported in one place; all others know lines.",
    }),
    only("pdfkit", {
      path: "node_modules/pdfkit/",
      places: [`${src}/guests/adapters/`],
      comment: "Printing is optional: what writes PDF is imported in one place.",
    }),
    only("aws", {
      path: "node_modules/@aws-sdk/",
      places: [`${src}/media/storage/adapters/`, `${src}/testing/`],
      comment: "Buckets are optional: the AWS SDK is imported in one place.",
    }),
    only("mcp", {
      path: "node_modules/@modelcontextprotocol/",
      places: [`${src}/work/adapters/`, "^apps/agent/src/work-tools\\.ts$"],
      comment: "MCP is optional: what speaks it is imported in one place; the agent speaks it from outside.",
    }),
    only("valkey", {
      path: "node_modules/iovalkey/",
      places: [`${src}/store/valkey/`],
      comment: "Valkey is optional: its client is imported in one place.",
    }),
    only("nodemailer", {
      path: "node_modules/nodemailer/",
      places: [`${src}/identity/accounts/adapters/`],
      comment: "Delivery over SMTP is optional: its client is imported in one place.",
    }),
    only("sharp", {
      path: "node_modules/(sharp|libheif-js|@jsquash)/",
      places: [`${src}/media/images/adapters/`, `${src}/testing/`, "^apps/agent/src/impression\\.ts$"],
      comment:
        "Decoders of pictures are optional, and run in child processes alone; the agent is a process of its own.",
      types: true,
    }),
    only("openid-client", {
      path: "node_modules/openid-client/",
      places: [`${src}/oauth/relying-party/`, `${src}/testing/identity-site\\.ts$`],
      comment: "Whoever lets an issuer sign people in asks the relying party.",
    }),
    only("sqlite", {
      path: "^(node:)?sqlite$",
      places: [`${src}/store/`],
      comment: "Files of the embedded store are the stores' business.",
    }),
    only("hono", {
      path: "node_modules/(hono|@hono)/",
      places: [`${src}/(http|assembly|testing)/`, `${src}/(${MODULES}|console)/.*routes\\.ts$`, "^apps/"],
      comment:
        "Hono is the binding of the edge: in the library only http, assembly, testing and the modules' routes run it.",
      types: true,
    }),
  ],
  options: {
    parser: "swc",
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
    exclude: { path: ["^(packages|apps|examples)/[^/]+/(dist|\\.next)/", "^bench/"] },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["gatehouse-source", "import", "node", "types", "default"],
      extensions: [".ts", ".mts", ".js", ".mjs", ".cjs", ".json", ".d.ts"],
    },
  },
};
