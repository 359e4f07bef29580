// Plays questions in QTI 3 in Chromium and prints as JSON what the player makes of each answer.
//
//     node play.mjs EXECUTABLE PLAYS
//
// PLAYS is a JSON file, a list of [item, {variable: [answer, …]}]: the item as XML, and what is
// chosen, typed, paired or put in order in it.
// Packages are found in RNNSYM_NODE_MODULES.

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { require, start } from "./start.mjs";

const player = join(dirname(require.resolve("@citolab/qti-components/package.json")), "cdn/index.global.js");

const [executablePath, plays] = process.argv.slice(2);
const { browser, stop } = await start(executablePath);
const page = await browser.newPage();
await page.setViewport({ width: 1000, height: 1600 });
const problems = [];
page.on("pageerror", (error) => problems.push(String(error)));
page.on("console", (line) => { if (line.type() === "error") problems.push(line.text()); });
page.on("request", (request) => {
  if (!/^(data|about):/.test(request.url())) problems.push(`asks the network for ${request.url()}`);
});

const ITEM = "item-container >>> qti-assessment-item";
const settled = () => page.evaluate(() => new Promise((done) => {
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 50)));
}));

async function open(xml) {
  await page.evaluate((text) => {
    const item = document.createElement("qti-item");
    const container = document.createElement("item-container");
    container.itemXML = text;
    item.append(container);
    document.body.replaceChildren(item);
  }, xml);
  await page.waitForSelector(ITEM);
  await settled();
}

// What is dragged is put in place by the field itself: where a mouse lets go is its player's matter.
const place = (field, answer) => field.evaluate((element, value) => {
  element.response = value;
  element.saveResponse(value);
}, answer);

const give = {
  "qti-choice-interaction": async (field, chosen) => {
    for (const name of chosen) await (await field.$(`[identifier="${name}"]`)).click();
  },
  "qti-text-entry-interaction": async (field, [text]) => (await field.$(">>> input")).type(text),
  "qti-match-interaction": place,
  "qti-order-interaction": place,
};

async function play(xml, answers) {
  await open(xml);
  for (const [name, given] of Object.entries(answers)) {
    const field = await page.$(`${ITEM} [response-identifier="${name}"]`);
    const kind = await field.evaluate((element) => element.localName);
    await give[kind](field, given);
  }
  return page.$eval(ITEM, async (item) => {
    item.processResponse();
    await new Promise((done) => setTimeout(done, 50));
    const values = Object.fromEntries(item.variables.map((v) => [v.identifier, v.value]));
    const said = [...item.querySelectorAll("qti-modal-feedback")]
      .filter((feedback) => feedback.shadowRoot.querySelector("dialog").open)
      .map((feedback) => feedback.textContent);
    return { values, said };
  });
}

try {
  await page.addScriptTag({ path: player });
  const made = [];
  for (const [xml, answers] of JSON.parse(readFileSync(plays, "utf8"))) made.push(await play(xml, answers));
  console.log(JSON.stringify({ made, problems }));
} finally {
  await stop();
}
