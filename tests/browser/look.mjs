// Opens pages in a browser, one start for all, and prints as JSON what is wrong with each.
//
//     node look.mjs chromium|firefox EXECUTABLE PICTURES PRINTS FILE…
//
// PICTURES is a folder for screenshots and PRINTS one for what Firefox prints, a PDF for each page;
// "" for none. Packages are found in RNNSYM_NODE_MODULES.

import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";

import { require, start } from "./start.mjs";

const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const PHONE = 390, DESK = 1024, A4 = 660; // A4 less its margins, in CSS pixels
const LONGEST = 16000; // more than that is no picture
// What is longer than this is made of pages that axe looks at alone.
const MOST = 20000;
const VIEWS = [
  { name: "phone", width: PHONE, rules: {} },
  // The scheme changes nothing but colours.
  { name: "desk", width: DESK, scheme: "dark", rules: { runOnly: ["color-contrast"] } },
  { name: "print", width: A4, media: "print" },
];

const [kind, executablePath, pictures, prints, ...files] = process.argv.slice(2);
const { browser, stop } = await start(executablePath, kind === "firefox" ? {
  browser: "firefox",
  // Firefox is told the scheme once, for all views.
  extraPrefsFirefox: { "layout.css.prefers-color-scheme.content-override": 0 },
} : undefined);

// Runs in the page.
function faults() {
  const found = [];
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) found.push(`page is ${root.scrollWidth} wide, has ${root.clientWidth}`);
  for (const math of document.querySelectorAll("math")) {
    const { width, height } = math.getBoundingClientRect();
    if (width < 1 || height < 1) found.push(`no size: ${math.textContent}`);
    if (math.querySelector("merror")) found.push(`error: ${math.textContent}`);
    if (/[\\{}$&]/.test(math.textContent)) found.push(`raw text: ${math.textContent}`);
    const { color } = getComputedStyle(math.parentElement);
    const own = [math, ...math.querySelectorAll("*")].map((part) => getComputedStyle(part))
      .some((style) => style.color !== color || style.backgroundColor !== "rgba(0, 0, 0, 0)");
    if (own) found.push(`a colour of its own: ${math.textContent}`);
  }
  for (const box of document.querySelectorAll("body *")) {
    const scrolls = box.scrollWidth > box.clientWidth + 1 && getComputedStyle(box).overflowX === "auto";
    if (scrolls && box.tabIndex < 0) found.push(`scrolls without focus: ${box.textContent.slice(0, 80)}`);
    // In print nothing scrolls; what sticks out is seen.
    const cut = getComputedStyle(box).overflowX === "auto" && box.scrollHeight > box.clientHeight + 1;
    if (cut) found.push(`cut: ${box.textContent.slice(0, 80)}`);
  }
  if (!document.fonts.check('16px "Rnnsym Math"')) found.push("the font is not loaded");
  return found;
}

async function show(page, view) {
  await page.setViewport({ width: view.width, height: 900 });
  if (kind === "firefox") return;
  await page.emulateMediaType(view.media ?? "screen");
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: view.scheme ?? "light" }]);
}

async function look(page, file, view) {
  await show(page, view);
  const found = await page.evaluate(faults);
  const dark = await page.evaluate(() => matchMedia("(prefers-color-scheme: dark)").matches);
  if (dark !== (kind === "firefox" || view.scheme === "dark")) found.push(`dark: ${dark}`);
  if (pictures) {
    const path = join(pictures, `${basename(file, ".html")}-${view.name}-${kind}.png`);
    const height = Math.min(LONGEST, await page.evaluate(() => document.documentElement.scrollHeight));
    await page.screenshot({ path, clip: { x: 0, y: 0, width: view.width, height } });
  }
  return found;
}

// axe needs a second for 2,000 elements, and most are parts of formulas, whose colours it does not
// know: they are those of the words around them.
async function flatten(page) {
  await page.evaluate(() => {
    for (const math of document.querySelectorAll("math")) math.textContent = math.textContent;
  });
}

async function judge(page, view) {
  await show(page, view);
  const { violations } = await page.evaluate((rules) => axe.run(rules), view.rules);
  return violations.map((v) => `axe ${v.id}: ${v.nodes.length} × ${v.nodes[0].html.slice(0, 120)}`);
}

async function print(page, file) {
  await page.pdf({ path: join(prints, `${basename(file, ".html")}.pdf`), format: "A4", timeout: 0 });
}

const report = {};
try {
  const page = await browser.newPage();
  const requests = [];
  page.on("request", (request) => requests.push(request.url()));
  // Firefox cannot be told the media: it prints.
  const views = VIEWS.filter((view) => kind !== "firefox" || !view.media);
  for (const file of files) {
    requests.length = 0;
    await page.goto(pathToFileURL(file).href);
    await page.evaluate(() => document.fonts.ready.then(() => true));
    const found = [];
    const note = (view, faults) => found.push(...faults.map((fault) => `${view.name}: ${fault}`));
    for (const view of views) note(view, await look(page, file, view));
    if (prints) await print(page, file);
    const elements = await page.evaluate(() => document.querySelectorAll("*").length);
    if (kind !== "firefox" && elements < MOST) {
      await flatten(page);
      await page.evaluate(axe);
      for (const view of views.filter((view) => view.rules)) note(view, await judge(page, view));
    }
    const outside = requests.filter((url) => !/^(file|data):/.test(url));
    report[file] = [...found, ...outside.map((url) => `asks the network for ${url}`)];
  }
} finally {
  await stop();
}
console.log(JSON.stringify(report, null, 1));
