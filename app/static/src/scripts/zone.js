// The server cannot know where the reader is, and "today" is a day of the reader: a cookie tells it the time zone.

export function tellZone() {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!zone || document.cookie.split("; ").includes(`inlet_zone=${zone}`)) return;
  document.cookie = `inlet_zone=${zone}; path=/; max-age=31536000; samesite=lax`;
}
