import assert from "node:assert/strict";
import { test } from "node:test";
import { clock, dayName, exact, relative, shortDate } from "../../../app/static/src/scripts/time.js";

// The tests run with TZ=Europe/Berlin.
const now = new Date("2026-11-23T09:00:00Z");
const at = (text) => new Date(text);

for (const [then, expected] of [
  ["2026-11-23T09:00:20Z", "now"],
  ["2026-11-23T08:59:30Z", "now"],
  ["2026-11-23T08:48:00Z", "12 min. ago"],
  ["2026-11-23T09:08:00Z", "in 8 min."],
  ["2026-11-23T06:00:00Z", "3 hr. ago"],
  ["2026-11-22T13:00:00Z", "20 hr. ago"],
  ["2026-11-22T09:00:00Z", "yesterday"],
  ["2026-11-24T12:00:00Z", "tomorrow"],
  ["2026-11-20T23:30:00Z", "2 days ago"],
  ["2026-10-05T09:00:00Z", "Oct 5"],
  ["2025-10-05T09:00:00Z", "Oct 5, 2025"],
]) {
  test(`${then} reads "${expected}"`, () => assert.equal(relative(at(then), now, "en-US"), expected));
}

test("an instant of the evening in UTC is the next day for a reader in Berlin", () => {
  assert.equal(dayName(at("2026-11-22T23:30:00Z"), now, "en-US"), "today");
  assert.equal(dayName(at("2026-11-22T22:30:00Z"), now, "en-US"), "yesterday");
  assert.equal(dayName(at("2026-11-20T12:00:00Z"), now, "en-US"), "Nov 20");
});

test("a calendar date stays what it is", () => {
  assert.equal(shortDate(at("2026-12-01T00:00:00Z"), now, "en-GB", "UTC"), "1 Dec");
  assert.equal(shortDate(at("2027-01-01T00:00:00Z"), now, "en-GB", "UTC"), "1 Jan 2027");
});

test("the exact time is in the reader's zone and words", () => {
  assert.equal(clock(at("2026-11-23T09:05:00Z"), "de-DE"), "10:05");
  assert.match(exact(at("2026-11-23T09:05:09Z"), "en-GB"), /^23 Nov 2026(,| at) 10:05:09 (CET|GMT\+1)$/);
});
