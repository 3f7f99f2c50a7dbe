import htmx from "htmx.org";
import { filterAttributes } from "./scripts/attributes.js";
import { startBulkNote } from "./scripts/bulk-note.js";
import { contents } from "./scripts/content.js";
import { startDialogs } from "./scripts/dialogs.js";
import { startFacets } from "./scripts/facets.js";
import { dressForms, startForms } from "./scripts/forms.js";
import { startFrame } from "./scripts/frame.js";
import { startKeys } from "./scripts/keys.js";
import { startMenus } from "./scripts/menus.js";
import { writeNumbers } from "./scripts/numbers.js";
import { startPartials } from "./scripts/partials.js";
import { startRefreshing } from "./scripts/refreshing.js";
import { fitTables } from "./scripts/scrolling.js";
import { startSelection } from "./scripts/selection.js";
import { startStockFilters } from "./scripts/stock-filters.js";
import { startTabs } from "./scripts/tabs.js";
import { writeTimes, startClock } from "./scripts/time.js";
import { tellZone } from "./scripts/zone.js";

// The Content-Security-Policy allows neither eval nor styles without a nonce.
htmx.config.allowEval = false;
htmx.config.includeIndicatorStyles = false;
// A page that a script changed is asked for again, not drawn from a copy.
htmx.config.historyCacheSize = 0;
htmx.config.refreshOnHistoryMiss = true;

tellZone();
startFrame();
startMenus();
startDialogs();
startKeys();
startForms();
startPartials();
startTabs();
startClock();
startBulkNote();
startRefreshing();

// What is in the page now, and whatever is loaded into it later.
contents(writeTimes, writeNumbers, fitTables, dressForms, startSelection, startFacets, startStockFilters, filterAttributes);
