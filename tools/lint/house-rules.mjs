/** Rules of this repository that no lint rule of the tool covers; loaded by .oxlintrc.json. */

/** Things read from the machine instead of taken as parameters, by the name used in messages and options. */
const AMBIENT_MEMBERS = new Map([
  ["Date.now", "take a clock"],
  ["performance.now", "take a clock"],
  ["Math.random", "take a random source"],
  ["process.env", "take configuration"],
  ["crypto.randomUUID", "take an id generator"],
  ["crypto.randomBytes", "take a random source"],
  ["crypto.getRandomValues", "take a random source"],
]);
const AMBIENT_IMPORTS = ["randomBytes", "randomUUID", "randomFill", "randomFillSync", "randomInt"];

const noAmbientSources = {
  meta: {
    type: "problem",
    docs: { description: "Time, randomness and environment come in as parameters, so that tests decide them." },
    schema: [{ type: "object", properties: { allow: { type: "array" } } }],
  },
  create(context) {
    const allowed = new Set(context.options[0]?.allow ?? []);
    const report = (node, name, instead) => {
      if (!allowed.has(name)) context.report({ node, message: `${name} is ambient: ${instead} as a parameter.` });
    };
    return {
      MemberExpression(node) {
        if (node.object.type !== "Identifier") return;
        const property = node.property.name ?? node.property.value;
        const name = `${node.object.name}.${property}`;
        if (AMBIENT_MEMBERS.has(name)) report(node, name, AMBIENT_MEMBERS.get(name));
      },
      NewExpression(node) {
        if (node.callee.name === "Date" && node.arguments.length === 0) report(node, "new Date()", "take a clock");
      },
      CallExpression(node) {
        if (node.callee.name === "Date") report(node, "new Date()", "take a clock");
      },
      ImportDeclaration(node) {
        if (!/^(node:)?(crypto|process)$/.test(node.source.value)) return;
        for (const specifier of node.specifiers) {
          const name = specifier.imported?.name;
          if (AMBIENT_IMPORTS.includes(name)) report(specifier, `crypto.${name}`, "take a random source");
          if (name === "env") report(specifier, "process.env", "take configuration");
        }
      },
    };
  },
};

/** How many lines above an assertion, or above the statement it is in, its explanation may end. */
const REACH = 3;

/** Whether a comment stands on the node's lines, shortly above it, or right above a construct it is part of. */
function isExplained(node, comments) {
  const lines = new Set([node.loc.end.line]);
  for (let line = node.loc.start.line - REACH; line <= node.loc.start.line; line += 1) lines.add(line);
  for (let parent = node.parent; parent && !BOUNDARY.test(parent.type); parent = parent.parent) {
    lines.add(parent.loc.start.line).add(parent.loc.start.line - 1);
  }
  return comments.some((comment) => lines.has(comment.loc.end.line));
}
const BOUNDARY = /^(Program|BlockStatement|ClassBody)$/;

const explainedAssertions = {
  meta: { type: "problem", docs: { description: "Every `as` but `as const` says why the compiler may be overruled." } },
  create(context) {
    // A doc comment says what something is for, not why the compiler may be overruled.
    const isDoc = ({ type, value }) => type === "Block" && value.startsWith("*");
    const comments = context.sourceCode.getAllComments().filter((comment) => !isDoc(comment));
    return {
      TSAsExpression(node) {
        if (node.typeAnnotation.typeName?.name === "const") return;
        if (isExplained(node, comments)) return;
        context.report({ node, message: "Say in a comment why this `as` is right, or make the types show it." });
      },
    };
  },
};

const documentedExports = {
  meta: { type: "problem", docs: { description: "Every export has a doc comment: what it is for." } },
  create(context) {
    const docs = context.sourceCode
      .getAllComments()
      .filter((comment) => comment.type === "Block" && comment.value.startsWith("*"));
    let overload = "";
    return {
      ExportNamedDeclaration(node) {
        if (!node.declaration) return;
        const name = node.declaration.id?.name ?? node.declaration.declarations?.[0]?.id?.name ?? "This export";
        const previous = overload;
        overload = node.declaration.type === "TSDeclareFunction" ? name : "";
        if (previous === name) return;
        const text = context.sourceCode.getText();
        const above = docs.some(
          (comment) => comment.range[1] <= node.range[0] && isGap(text, comment.range[1], node.range[0]),
        );
        if (!above) context.report({ node, message: `${name} is exported: say in a doc comment what it is for.` });
      },
    };
  },
};

/** Whether nothing but space and line comments stands between two places. */
function isGap(text, from, to) {
  return (
    text
      .slice(from, to)
      .replaceAll(/\/\/[^\n]*/g, "")
      .trim() === ""
  );
}

const noValueStar = {
  meta: { type: "problem", docs: { description: "`export *` of values hides what a module offers." } },
  create(context) {
    return {
      ExportAllDeclaration(node) {
        if (node.exportKind !== "type") context.report({ node, message: "Name the values that are exported." });
      },
    };
  },
};

export default {
  meta: { name: "house" },
  rules: {
    "no-ambient-sources": noAmbientSources,
    "explained-assertions": explainedAssertions,
    "documented-exports": documentedExports,
    "no-value-star": noValueStar,
  },
};
