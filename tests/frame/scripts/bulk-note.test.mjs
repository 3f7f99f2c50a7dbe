import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { startBulkNote, words } from "../../../app/static/src/scripts/bulk-note.js";

const RUNNING = { label: "Archive", settled: 1200, total: 3400, runs: true, state: "running", skipped: 7, failed: 1 };
for (const [told, expected] of [
  [{}, "Archive: 1,200 of 3,400"],
  [{ settled: 0, state: "queued" }, "Archive: 0 of 3,400"],
  [{ runs: false, state: "done" }, "Archive: done, 7 skipped, 1 failed"],
  [{ runs: false, state: "done", skipped: 0, failed: 0 }, "Archive: done"],
  [{ runs: false, state: "done", skipped: 1234, failed: 0 }, "Archive: done, 1,234 skipped"],
  [{ runs: false, state: "canceled", skipped: 0, failed: 2 }, "Archive: canceled, 2 failed"],
  [{ runs: false, state: "failed", skipped: 0, failed: 0 }, "Archive: failed"],
]) {
  test(`it says “${expected}”`, () => assert.equal(words({ ...RUNNING, ...told }, "en-US"), expected));
}

// A page with as much of a browser as the note asks for.
const kept = new Map();
let asked;
let notes;
let timer;

/** One element that remembers what was done to it. */
function element(tag) {
  return {
    tag,
    attributes: {},
    children: [],
    removed: false,
    setAttribute(name, value) { this.attributes[name] = value; },
    append(...more) { this.children.push(...more); },
    querySelector(wanted) { return this.children.find((child) => child.tag === wanted); },
    addEventListener(_name, act) { this.act = act; },
    remove() { this.removed = true; },
  };
}

/** Open a page: `dataset` is that of a job's own page, `answer` what the server says about the remembered job. */
function open(dataset, answer) {
  globalThis.document = {
    querySelector: () => (dataset ? { dataset } : null),
    getElementById: () => notes.at(-1) ?? null,
    createElement: element,
    body: { append: (note) => notes.push(note) },
  };
  globalThis.fetch = async (address) => {
    asked.push(address);
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return startBulkNote();
}

const json = (told) => ({ ok: true, status: 200, json: async () => ({ ...RUNNING, href: "/bulk-jobs/show/12", ...told }) });

beforeEach(() => {
  kept.clear();
  asked = [];
  notes = [];
  globalThis.window = { sessionStorage: { getItem: (name) => kept.get(name) ?? null, setItem: (name, text) => kept.set(name, text), removeItem: (name) => kept.delete(name) } };
  // The next question is asked in three seconds: the tests do not wait for it, they ask when they like.
  timer = null;
  globalThis.setTimeout = (act) => { timer = act; };
});

test("a tab remembers the running job that it shows, and asks nothing there", () => {
  open({ bulkJob: "12", bulkRuns: "1" });
  assert.equal(kept.get("inlet.bulk"), "12");
  assert.deepEqual(asked, []);
});

test("a page without a job says nothing where none is remembered", async () => {
  await open(null);
  assert.deepEqual([asked, notes], [[], []]);
});

test("other pages tell how far the job is, and go on asking", async () => {
  kept.set("inlet.bulk", "12");
  await open(null, json({}));
  assert.deepEqual(asked, ["/bulk-jobs/progress/12"]);
  const [link] = notes[0].children;
  assert.deepEqual([link.textContent, link.href, link.attributes.role], ["Archive: 1,200 of 3,400", "/bulk-jobs/show/12", "status"]);
  assert.equal(kept.get("inlet.bulk"), "12");
});

test("the end is told once", async () => {
  kept.set("inlet.bulk", "12");
  await open(null, json({ runs: false, state: "done" }));
  assert.equal(notes[0].children[0].textContent, "Archive: done, 7 skipped, 1 failed");
  assert.equal(kept.has("inlet.bulk"), false);
});

test("the own page of a job that has ended says it by itself", async () => {
  kept.set("inlet.bulk", "12");
  await open({ bulkJob: "12" }, json({ runs: false }));
  assert.deepEqual([asked, notes, kept.has("inlet.bulk")], [[], [], false]);
});

test("the page of another job that has ended still tells of the running one", async () => {
  kept.set("inlet.bulk", "12");
  await open({ bulkJob: "9" }, json({}));
  assert.equal(notes.length, 1);
});

test("the note goes up with the job", async () => {
  kept.set("inlet.bulk", "12");
  const answer = json({});
  await open(null, answer);
  answer.json = async () => ({ ...RUNNING, settled: 3400, runs: false, state: "done" });
  await timer();
  assert.equal(notes.length, 1);
  assert.equal(notes[0].children[0].textContent, "Archive: done, 7 skipped, 1 failed");
});

test("hiding the note forgets the job, and it does not come back", async () => {
  kept.set("inlet.bulk", "12");
  await open(null, json({}));
  const [, hide] = notes[0].children;
  hide.act();
  await timer();
  assert.deepEqual([notes.length, notes[0].removed, kept.has("inlet.bulk")], [1, true, false]);
});

for (const [name, answer] of [["gone", { ok: false, status: 404 }], ["forbidden", { ok: false, status: 403 }], ["behind the door", { ok: true, status: 200, redirected: true }]]) {
  test(`a job that is ${name} is forgotten`, async () => {
    kept.set("inlet.bulk", "12");
    await open(null, answer);
    assert.deepEqual([notes, kept.has("inlet.bulk")], [[], false]);
  });
}

for (const [name, answer] of [["busy", { ok: false, status: 503 }], ["away", new Error("no network")]]) {
  test(`a server that is ${name} is asked again`, async () => {
    kept.set("inlet.bulk", "12");
    await open(null, answer);
    assert.deepEqual([notes, kept.get("inlet.bulk")], [[], "12"]);
  });
}

test("what is no number is asked of nobody", async () => {
  kept.set("inlet.bulk", "../logout");
  await open(null, json({}));
  assert.deepEqual(asked, []);
});
