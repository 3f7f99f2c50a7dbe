import assert from "node:assert/strict";
import { test } from "node:test";
import { giveBack, isDue, keep, leadsElsewhere } from "../../../app/static/src/scripts/refreshing.js";

for (const [after, due] of [
  [0, false],
  [59_999, false],
  [60_000, true],
  [3_600_000, true],
]) {
  test(`after ${after} ms a part of 60 s ${due ? "is" : "is not"} loaded anew`, () => {
    assert.equal(isDue(1_000, 1_000 + after, 60), due);
  });
}

for (const [answered, elsewhere] of [
  ["http://127.0.0.1:8086/dashboard/", false],
  ["http://127.0.0.1:8086/dashboard/?x=1", false],
  ["http://127.0.0.1:8086/login/?next=/dashboard/", true],
  // An answer that never came says nothing.
  ["", false],
]) {
  test(`an answer from "${answered}" ${elsewhere ? "is" : "is not"} another page`, () => {
    assert.equal(leadsElsewhere(answered, "/dashboard/"), elsewhere);
  });
}

/** A part of a page, as far as the script asks: links, folds and tables. */
function part({ links = [], folds = [], boxes = [] }) {
  return {
    contains: (element) => links.includes(element) || folds.some((fold) => fold.summary === element),
    querySelectorAll: (what) =>
      what === "a" ? links : what === ".scroll" ? boxes : folds.filter((fold) => fold.open),
  };
}

function link(href) {
  return {
    href,
    matches: () => false,
    getAttribute: (name) => (name === "href" ? href : null),
    focus(options) {
      focused.push([this, options]);
    },
  };
}

function fold(id, open) {
  const made = { id, open };
  made.summary = { parentElement: made, matches: (what) => what === "summary", getAttribute: () => null, focus };
  made.querySelector = () => made.summary;
  return made;
}

function focus(options) {
  focused.push([this, options]);
}

let focused = [];

/** What the script sees of the page while `ask` runs. */
function inDocument(active, folds, ask) {
  focused = [];
  globalThis.document = { activeElement: active, getElementById: (id) => folds.find((one) => one.id === id) ?? null };
  try {
    return ask();
  } finally {
    delete globalThis.document;
  }
}

test("the link that had the focus has it again, without a jump, also where two lead to the same place", () => {
  const before = [link("/a"), link("/b"), link("/b")];
  const kept = inDocument(before[2], [], () => keep(part({ links: before })));
  const after = [link("/new"), link("/a"), link("/b"), link("/b")];
  inDocument(null, [], () => giveBack(part({ links: after }), kept));
  assert.deepEqual(focused, [[after[3], { preventScroll: true }]]);
});

test("a link whose twin is gone gives the focus to the one that is left", () => {
  const before = [link("/b"), link("/b")];
  const kept = inDocument(before[1], [], () => keep(part({ links: before })));
  const after = [link("/b")];
  inDocument(null, [], () => giveBack(part({ links: after }), kept));
  assert.deepEqual(focused, [[after[0], { preventScroll: true }]]);
});

test("a link that is gone takes the focus with it", () => {
  const before = [link("/b")];
  const kept = inDocument(before[0], [], () => keep(part({ links: before })));
  inDocument(null, [], () => giveBack(part({ links: [link("/a")] }), kept));
  assert.deepEqual(focused, []);
});

test("a focus outside of the part is let be", () => {
  const kept = inDocument(link("/menu"), [], () => keep(part({ links: [link("/a")] })));
  assert.equal(kept.focus, null);
  inDocument(null, [], () => giveBack(part({ links: [link("/a")] }), kept));
  assert.deepEqual(focused, []);
});

test("what was open is open again, with the focus on it, and the rest stays closed", () => {
  const before = [fold("table-inbound", true), fold("table-receipts", false)];
  const kept = inDocument(before[0].summary, before, () => keep(part({ folds: before })));
  assert.deepEqual(kept.open, ["table-inbound"]);
  const after = [fold("table-inbound", false), fold("table-receipts", false)];
  inDocument(null, after, () => giveBack(part({ folds: after }), kept));
  assert.deepEqual(after.map((one) => one.open), [true, false]);
  assert.deepEqual(focused, [[after[0].summary, { preventScroll: true }]]);
});

test("a table is scrolled to where it was; one that is new begins at its left", () => {
  const kept = inDocument(null, [], () => keep(part({ boxes: [{ scrollLeft: 120 }] })));
  const after = [{ scrollLeft: 0 }, { scrollLeft: 33 }];
  inDocument(null, [], () => giveBack(part({ boxes: after }), kept));
  assert.deepEqual(after.map((box) => box.scrollLeft), [120, 0]);
});
