import assert from "node:assert/strict";
import { test } from "node:test";
import { barsOf, describe, lighter, tellBar } from "../../../app/static/src/scripts/charts.js";

/** A row of a table, as far as the script asks. */
function row(label, records, units, href, dataset = {}) {
  const figure = (value) => ({ getAttribute: (name) => (name === "value" ? value : null) });
  return {
    dataset,
    querySelector: (what) =>
      what === "th" ? { textContent: `\n  ${label} ` } : { getAttribute: (name) => (name === "href" ? href : null) },
    querySelectorAll: (what) => (what === "data" ? [figure(records), figure(units)] : []),
  };
}

const table = (...rows) => ({ querySelectorAll: (what) => (what === "tbody tr" ? rows : []) });
const colour = (name) => (name === "font" ? "sans" : `rgb(1, 2, ${name.length})`);

const weeks = table(
  row("Overdue", "3", "1250.5", "/late", { tone: "late" }),
  row("30 Nov – 6 Dec", "12000", "7", "/week", { tone: "", short: "30 Nov" }),
  row("No due date", "0", "0", "/none", { tone: "none", short: "No date" }),
);

test("the bars are the rows of the table, with their figures as they are written there", () => {
  assert.deepEqual(barsOf(weeks), [
    { label: "Overdue", title: "Overdue", records: 3, units: "1250.5", href: "/late", tone: "late" },
    { label: "30 Nov", title: "30 Nov – 6 Dec", records: 12000, units: "7", href: "/week", tone: "" },
    { label: "No date", title: "No due date", records: 0, units: "0", href: "/none", tone: "none" },
  ]);
});

test("a table without rows has no bars", () => assert.deepEqual(barsOf(table()), []));

for (const [locale, expected] of [
  ["en-US", ["12,000 receipts", "1,250.5 units"]],
  ["de-DE", ["12.000 receipts", "1.250,5 units"]],
]) {
  test(`a bar tells its count and its units in ${locale}`, () => {
    assert.deepEqual(tellBar({ records: 12000, units: "1250.5" }, "receipts", locale), expected);
  });
}

const drawn = (open = () => {}) => describe(barsOf(weeks), "purchase orders", "en-US", colour, open);

test("a chart shows the counts; none is no bar", () => {
  const { data, type } = drawn();
  assert.equal(type, "bar");
  assert.deepEqual(data.labels, [["Overdue"], ["30", "Nov"], ["No", "date"]]);
  assert.deepEqual(data.datasets[0].data, [3, 12000, null]);
});

test("bars are coloured by the tone of their row, and stronger under the pointer", () => {
  const [bars] = drawn().data.datasets;
  const tokens = ["--amber", "--teal", "--ink-faint"];
  assert.deepEqual(bars.hoverBackgroundColor, tokens.map(colour));
  const surface = "--surface".length;
  const blue = (name) => Math.round(name.length * 0.75 + surface * 0.25);
  assert.deepEqual(bars.backgroundColor, tokens.map((name) => `rgb(1, 2, ${blue(name)})`));
});

for (const [colour, ground, expected] of [
  ["rgb(0, 100, 200)", "rgb(255, 255, 255)", "rgb(64, 139, 214)"],
  ["rgb(0, 100, 200)", "rgb(0, 0, 0)", "rgb(0, 75, 150)"],
  // What is not understood stays as strong as it is.
  ["color(srgb 1 0 0)", "rgb(0, 0, 0)", "color(srgb 1 0 0)"],
  ["rgb(0, 100, 200)", "rgba(0, 0, 0, 0)", "rgb(0, 100, 200)"],
]) {
  test(`${colour} on ${ground} is drawn as ${expected}`, () => assert.equal(lighter(colour, ground), expected));
}

test("nothing moves", () => assert.equal(drawn().options.animation, false));

test("a click on a bar follows the link of its row, and one beside the bars does nothing", () => {
  const followed = [];
  const { onClick } = drawn((href, event) => followed.push([href, event])).options;
  onClick({ native: "the click" }, [{ index: 1 }]);
  onClick({ native: "beside" }, []);
  assert.deepEqual(followed, [["/week", "the click"]]);
});

test("the pointer says that a bar can be followed", () => {
  const target = { style: {} };
  const { onHover } = drawn().options;
  onHover({ native: { target } }, [{ index: 0 }]);
  assert.equal(target.style.cursor, "pointer");
  onHover({ native: { target } }, []);
  assert.equal(target.style.cursor, "");
});

test("a bar that is pointed at names its week in full", () => {
  const { title, label } = drawn().options.plugins.tooltip.callbacks;
  assert.equal(title([{ dataIndex: 1 }]), "30 Nov – 6 Dec");
  assert.deepEqual(label({ dataIndex: 0 }), ["3 purchase orders", "1,250.5 units"]);
});

test("axes and words take their colours from the tokens", () => {
  const { scales, plugins } = drawn().options;
  assert.equal(scales.y.grid.color, colour("--line"));
  assert.equal(scales.x.ticks.color, colour("--ink-faint"));
  assert.equal(plugins.tooltip.backgroundColor, colour("--ink"));
  // Half an order is no order.
  assert.equal(scales.y.ticks.precision, 0);
});
