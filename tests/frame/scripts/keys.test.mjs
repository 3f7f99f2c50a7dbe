import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

// The keys listen to the document: this one remembers what was done to it.
let listener = null;
let entries = {};
let dialogOpen = false;
let clicked = [];
let searched = 0;

globalThis.document = {
  addEventListener: (_name, heard) => {
    listener = heard;
  },
  querySelector: (what) => {
    if (what === "dialog[open]") return dialogOpen ? {} : null;
    const key = /^\[data-go="(.)"\]$/.exec(what)?.[1];
    if (key) return entries[key] ?? null;
    if (what === "[data-global-search]") return { focus: () => searched++, select: () => {} };
    return null;
  },
  querySelectorAll: () => [],
  getElementById: () => null,
};
const { startKeys } = await import("../../../app/static/src/scripts/keys.js");
startKeys();

const entry = (name) => ({ click: () => clicked.push(name) });
const page = { closest: () => null };
const field = { closest: (what) => (what.includes("input") ? {} : null) };

/** Press a key; true when the page took it. */
function press(key, { target = page, ...held } = {}) {
  let taken = false;
  listener({ key, target, ctrlKey: false, metaKey: false, altKey: false, ...held, preventDefault: () => (taken = true) });
  return taken;
}

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout"] });
  entries = { d: entry("dashboard"), p: entry("purchases"), r: entry("receipts") };
  clicked = [];
  searched = 0;
  dialogOpen = false;
});

afterEach(() => {
  mock.timers.tick(10_000);
  mock.timers.reset();
});

for (const [key, place] of [["d", "dashboard"], ["p", "purchases"], ["r", "receipts"]]) {
  test(`g ${key} goes to the ${place}`, () => {
    assert.equal(press("g"), true);
    assert.equal(press(key), true);
    assert.deepEqual(clicked, [place]);
  });
}

test("without g these keys do nothing", () => {
  for (const key of ["d", "p", "r"]) assert.equal(press(key), false);
  assert.deepEqual(clicked, []);
});

test("g waits a moment only", () => {
  press("g");
  mock.timers.tick(1_499);
  assert.equal(press("d"), true);
  press("g");
  mock.timers.tick(1_500);
  assert.equal(press("d"), false);
  assert.deepEqual(clicked, ["dashboard"]);
});

test("another key ends the waiting", () => {
  press("g");
  assert.equal(press("z"), false);
  assert.equal(press("d"), false);
  assert.deepEqual(clicked, []);
});

test("after g the other keys mean nothing", () => {
  press("g");
  assert.equal(press("/"), false);
  assert.equal(searched, 0);
  assert.equal(press("/"), true);
  assert.equal(searched, 1);
});

test("what the reader may not open is not gone to", () => {
  entries = {};
  press("g");
  assert.equal(press("r"), false);
});

test("no key fires while somebody types, holds a key down with it, or has a dialog open", () => {
  for (const key of ["g", "/", "?", "a", "j", "k", "x", "Enter"]) {
    assert.equal(press(key, { target: field }), false, key);
    for (const held of ["ctrlKey", "metaKey", "altKey"]) assert.equal(press(key, { [held]: true }), false, key);
    dialogOpen = true;
    assert.equal(press(key), false, key);
    dialogOpen = false;
  }
  assert.equal(press("d"), false);
  assert.equal(searched, 0);
});

test("typing after g does not go anywhere", () => {
  press("g");
  assert.equal(press("d", { target: field }), false);
  assert.deepEqual(clicked, []);
});
