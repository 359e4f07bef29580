// Opens a page in Chromium, acts on it as it is told, and prints as JSON what it reads.
//
//     node act.mjs EXECUTABLE FILE ACTIONS
//
// ACTIONS is JSON, a list of [name, …]: click SELECTOR, type SELECTOR TEXT, select SELECTOR VALUE,
// press KEY; and those that each read one thing: text SELECTOR (what is seen), focus (the id),
// count SELECTOR, axe (violations), wide (what sticks out), picture FILE, requests.
// Packages are found in RNNSYM_NODE_MODULES.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

import { require, start } from "./start.mjs";

const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const [executablePath, file, actions] = process.argv.slice(2);
const { browser, stop } = await start(executablePath);
const page = await browser.newPage();
const requests = [], problems = [];
page.on("request", (request) => requests.push(request.url()));
page.on("pageerror", (error) => problems.push(String(error)));
page.on("dialog", (dialog) => { problems.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });

const can = {
  click: (selector) => page.evaluate((s) => document.querySelector(s).click(), selector),
  type: async (selector, text) => {
    await page.evaluate((s) => { document.querySelector(s).value = ""; }, selector);
    await page.type(selector, text);
  },
  select: async (selector, value) => { await page.select(selector, value); },
  press: (key) => page.keyboard.press(key),
  view: (width, height) => page.setViewport({ width, height }),
};
const reads = {
  text: (selector) => page.$$eval(selector, (found) => found
    .filter((x) => x.checkVisibility())
    .map((x) => x.innerText.replace(/\s+/g, " ").trim())
    .filter(Boolean).join(" | ")),
  focus: () => page.evaluate(() => document.activeElement.id),
  count: (selector) => page.$$eval(selector, (found) => found.length),
  axe: async () => {
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => axe.run());
    return violations.map((v) => `${v.id}: ${v.nodes.length} × ${v.nodes[0].html.slice(0, 160)}`);
  },
  wide: () => page.evaluate(() => {
    const edge = document.documentElement.clientWidth;
    const out = [...document.querySelectorAll("body *")].filter((x) => !x.closest(".scroll, .formula")
      && x.getBoundingClientRect().right > edge + 1);
    return out.map((x) => x.outerHTML.slice(0, 120));
  }),
  picture: (path) => page.screenshot({ path, fullPage: true }).then(() => path),
  requests: () => requests.filter((url) => !/^(file|data):/.test(url)),
};

const found = [];
try {
  await page.goto(pathToFileURL(file).href);
  for (const [name, ...given] of JSON.parse(actions)) {
    if (name in reads) found.push(await reads[name](...given));
    else await can[name](...given);
  }
} finally {
  await stop();
}
console.log(JSON.stringify({ found, problems }));
