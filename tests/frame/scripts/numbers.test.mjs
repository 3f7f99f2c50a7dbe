import assert from "node:assert/strict";
import { test } from "node:test";
import { localNumber } from "../../../app/static/src/scripts/numbers.js";

for (const [text, locale, decimals, expected] of [
  ["1180", "en-US", undefined, "1,180"],
  ["1180.5", "de-DE", undefined, "1.180,5"],
  ["6930", "en-US", 2, "6,930.00"],
  ["0.0375", "de-DE", 4, "0,0375"],
  ["-12", "en-US", undefined, "-12"],
  // More digits than a float can hold.
  ["12345678901234567890.123", "en-US", undefined, "12,345,678,901,234,567,890.123"],
]) {
  test(`${text} in ${locale} is ${expected}`, () => assert.equal(localNumber(text, locale, decimals), expected));
}
