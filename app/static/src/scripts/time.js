// Times in the reader's zone and words. The server writes instants in UTC and calendar dates without a zone.

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How long ago, or how far ahead, `then` is from `now` (both Dates), in words of `locale`. */
export function relative(then, now, locale) {
  const seconds = Math.round((then - now) / 1000);
  const away = Math.abs(seconds);
  const words = new Intl.RelativeTimeFormat(locale, { numeric: "auto", style: "short" });
  if (away < 45) return words.format(0, "second");
  if (away < 45 * MINUTE) return words.format(Math.round(seconds / MINUTE), "minute");
  if (away < 22 * HOUR) return words.format(Math.round(seconds / HOUR), "hour");
  if (away < 10 * DAY) return words.format(calendarDays(then, now), "day");
  return shortDate(then, now, locale);
}

/** Days between two instants as a calendar counts them: ten to midnight is yesterday, ten minutes later. */
function calendarDays(then, now) {
  const midnight = (date) => Date.UTC(date.getFullYear(), date.getMonth(), date.getDate());
  return Math.round((midnight(then) - midnight(now)) / (DAY * 1000));
}

/** The day of `then`; the year is left out where it is this one. */
export function shortDate(then, now, locale, timeZone) {
  const sameYear = then.getFullYear() === now.getFullYear();
  const year = sameYear ? undefined : "numeric";
  return new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", year, timeZone }).format(then);
}

/** The instant to the second with its zone, for the title of what is shown shorter. */
export function exact(then, locale) {
  return new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "long" }).format(then);
}

/** The time of day, to the minute. */
export function clock(then, locale) {
  return new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit" }).format(then);
}

/** An instant in a sentence: the time of day, and the day before it where that is not today. */
export function moment(then, now, locale) {
  const today = calendarDays(then, now) === 0;
  return today ? clock(then, locale) : `${shortDate(then, now, locale)}, ${clock(then, locale)}`;
}

/** Write every <time data-show> inside `root`: relative, clock, moment, full, or day. */
export function writeTimes(root) {
  const now = new Date();
  for (const element of root.querySelectorAll("time[data-show]")) writeTime(element, now, navigator.language);
  for (const timeline of root.querySelectorAll(".timeline:not([data-grouped])")) groupByDay(timeline, now);
}

/** The server grouped the entries by UTC days; the reader's midnight is another one. */
function groupByDay(timeline, now) {
  timeline.dataset.grouped = "";
  for (const heading of timeline.querySelectorAll(".timeline-day")) heading.remove();
  let before = "";
  for (const entry of [...timeline.children]) {
    const then = new Date(entry.querySelector("time").getAttribute("datetime"));
    const name = dayName(then, now, navigator.language);
    const first = name !== before;
    before = name;
    if (!first) continue;
    const heading = document.createElement("li");
    heading.className = "timeline-day";
    heading.textContent = name;
    entry.previousElementSibling?.classList.add("last");
    entry.before(heading);
  }
}

/** "today", "yesterday", or the date. */
export function dayName(then, now, locale) {
  const days = calendarDays(then, now);
  const word = new Intl.RelativeTimeFormat(locale, { numeric: "auto" }).format(days, "day");
  return days === 0 || days === -1 ? word : shortDate(then, now, locale);
}

function writeTime(element, now, locale) {
  const stamp = element.getAttribute("datetime");
  if (element.dataset.show === "day") {
    // A calendar date is the same day in every zone: read and written as UTC.
    element.textContent = shortDate(new Date(`${stamp}T00:00:00Z`), now, locale, "UTC");
    element.title = stamp;
    return;
  }
  const then = new Date(stamp);
  if (Number.isNaN(then.getTime())) return;
  const shown = {
    clock: () => clock(then, locale),
    full: () => exact(then, locale),
    moment: () => moment(then, now, locale),
  }[element.dataset.show];
  element.textContent = shown ? shown() : relative(then, now, locale);
  element.title = exact(then, locale);
}

/** Keep "3 min. ago" true while the page is open. */
export function startClock() {
  setInterval(() => {
    if (!document.hidden) writeTimes(document.body);
  }, 30_000);
}
