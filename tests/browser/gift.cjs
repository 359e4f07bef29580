// Reads GIFT files as an independent parser does, and prints the questions of each as JSON.
//
//     node gift.cjs FILE…
//
// Packages are found in RNNSYM_NODE_MODULES.

const { readFileSync } = require("node:fs");
const { createRequire } = require("node:module");
const { join } = require("node:path");

const { parse } = createRequire(join(process.env.RNNSYM_NODE_MODULES ?? ".", "x.js"))("gift-pegjs");
console.log(JSON.stringify(process.argv.slice(2).map((file) => parse(readFileSync(file, "utf8")))));
