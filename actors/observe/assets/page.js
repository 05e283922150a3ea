// The page of a cluster: what the node says goes into the model, and the views
// draw from it. Nothing here is kept elsewhere; a reload shows the same.
//
// For tests and scripts: #sentence, #connection[data-state], [data-node] and
// [data-link="n1>n2"] with data-state, data-pressure, #log [data-kind],
// #rows [data-row], #controls [data-do], #heal-all, #confirm-yes, #results
// [data-outcome] keep their names.

import { Commands } from "./commands.js";
import { Confirm } from "./confirm.js";
import { Connection } from "./connection.js";
import { Controls } from "./controls.js";
import { Details } from "./details.js";
import { byId } from "./dom.js";
import { Log } from "./log.js";
import { MessageError, readMessage } from "./message.js";
import { Model } from "./model.js";
import { Picture } from "./picture.js";
import { Plots } from "./plots.js";
import { Problem } from "./problem.js";
import { Screen } from "./screen.js";
import { Status } from "./status.js";
import { Table } from "./table.js";

const model = new Model();
const screen = new Screen();
const problem = new Problem();
const confirm = new Confirm();

const address = new URL("live", location.href);
address.protocol = location.protocol === "https:" ? "wss:" : "ws:";

const connection = new Connection(address.href, {
  opened() {},
  lost() {
    model.lose();
    commands.lose();
    confirm.withdraw();
    screen.hurryAll();
  },
  received(data) {
    try {
      take(readMessage(data));
    } catch (error) {
      if (!(error instanceof MessageError))
        throw error;
      problem.say(`${model.node || "The node"} sent what this page does not `
        + `understand: ${error.message}.`);
    }
  },
});

const commands = new Commands(byId("results"), x => connection.send(x));

// -- views ------------------------------------------------------------------------

const status = new Status(model);
const picture = new Picture(byId("picture"), byId("picture-key"),
                            byId("picture-note"), model, select);
const details = new Details(byId("details"), {
  title: byId("details-title"), body: byId("details-body"),
  close: byId("deselect"),
}, model, select);
const controls = new Controls(byId("controls"), model, commands, confirm);
const log = new Log(byId("events"), byId("log").firstElementChild,
                    byId("event-kind"), model);
const plots = new Plots(byId("plots"), {
  grid: byId("plot-grid"), legend: byId("legend"), note: byId("plots-note"),
  details: byId("plot-text"),
}, model);
const table = new Table(byId("pressure"), {
  table: byId("rows"), sight: byId("rows-wide"), note: byId("rows-note"), none: byId("rows-none"),
  node: byId("filter-node"), filter: byId("filter-text"), sort: byId("sort"),
}, model);

for (const view of [status, controls, picture, details, log, plots, table])
  screen.add(view);
// What the viewer does is drawn at once.
picture.onResize = () => screen.hurry(picture);
log.onFilter = () => screen.hurry(log);
plots.onChange = () => screen.hurry(plots);
table.onChange = () => screen.hurry(table);

/** Selects {node} or {link: {from, to}}, or nothing (null). */
function select(selection) {
  for (const view of [picture, details, controls, plots])
    view.selection = selection;
  screen.hurry(picture, details, controls, plots);
  // On a phone what was asked for would be below the window.
  if (selection)
    details.root.scrollIntoView({ block: "nearest" });
}

// -- messages ---------------------------------------------------------------------

function take(message) {
  const at = performance.now();
  switch (message.type) {
    case "hello":
      model.welcome(message, at);
      screen.hurryAll();
      break;
    case "frame":
      if (model.addFrame(message, at))
        screen.hurry(status, controls, picture, details);
      screen.mark(status, picture, details, plots, table);
      problem.sayMissing(message.nodes.missing, message.links.missing);
      break;
    case "event":
      if (model.addEvent(message))
        screen.mark(log);
      break;
    case "result":
      commands.answered(message);
      break;
  }
}

// While frames come, they move everything on. This is for when none do.
setInterval(() => {
  const at = performance.now();
  connection.check(at);
  if (model.isOld(at))
    screen.hurry(status, picture, details, plots);
}, 1000);

connection.tryNow();
