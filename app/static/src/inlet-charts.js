// Loaded by the pages that have charts: the library that draws them is larger than all the other scripts together.
import { startCharts } from "./scripts/charts.js";

startCharts();
