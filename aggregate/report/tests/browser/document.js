// A document of the report, made up for the tests of the page: every kind of chart, gaps, withheld days, names with
// markup and of right-to-left script.

const DAY = 86_400_000;
const FIRST = Date.UTC(2026, 7, 31);

/** The same numbers at every run. */
function random(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const iso = (time) => new Date(time).toISOString().slice(0, 10);
const count = (name, title) => ({name, title, kind: "count"});
const interval = (what) => [count(`${what}_estimate`, "Devices"), count(`${what}_lower`, "at least"), count(`${what}_upper`, "at most")];
const around = (value, width = 60) => [Math.round(value), Math.max(0, Math.round(value - width)), Math.round(value + width)];
const columnar = (rows, columns) => columns.map((_, index) => rows.map((row) => row[index] ?? null));

const FEATURES = [
  ["route.bicycle", "Route by bicycle"], ["route.car", "Route by car"], ["search", "Search"], ["offline.tiles", "Offline tiles"],
  ["layers.satellite", "Satellite layer"], ["share.place", "Share a place"], ["markup", "<b>Bold</b> & \"quoted\""],
  ["arabic", "البحث عن مكان قريب"], ["hebrew", "מפה"], ["export.gpx", "Export as GPX"],
  ["measure.distance", "Measure a distance between many points on the map"], ["print", "Print"]
];

export function sample({days = 90, apps = ["maps", "notes", "player"], isSynthetic = true} = {}) {
  const last = FIRST + (days - 1) * DAY;
  const weeks = Math.floor(days / 7);
  const report = {
    format: 1, synthetic: isSynthetic, made_by: "kaiku 0.1.0",
    days: {first: iso(FIRST), last: iso(last), sealed: days - 1, gaps: days > 40 ? ["2026-10-04"] : []},
    weeks: {first: iso(FIRST), last: iso(FIRST + Math.max(0, weeks - 1) * 7 * DAY), sealed: weeks},
    manifest: {number: 104, hash: "7d1f".repeat(16), spent: {rho: 0.335281, week_epsilon: 5.29, delta: 1e-9}},
    policies: [{name: "small", hash: "ab".repeat(32), from: iso(FIRST), k: 50}],
    program: {title: "Improvement program", controller: "Example Oy", contact: "privacy@example.org"},
    guarantee: ["One device changes what could be published by little."],
    releases: Object.fromEntries(apps.map((app) => [app, [
      {release: "4.0", since: iso(FIRST - 60 * DAY)}, {release: "4.1", since: iso(FIRST + 18 * DAY)},
      {release: "4.2", since: iso(FIRST + 35 * DAY)}, {release: "4.2.1", since: iso(FIRST + 38 * DAY)},
      {release: "5.0-beta", since: iso(FIRST + 80 * DAY)}]])),
    apps: apps.map((app, index) => ({app, title: app[0].toUpperCase() + app.slice(1), owner: `${app}@example.org`,
      sections: sections({days, weeks, seed: index + 7, scale: [1, 0.35, 0.1][index % 3]})}))
  };
  return report;
}

function sections({days, weeks, seed, scale}) {
  const next = random(seed);
  const dates = Array.from({length: days}, (_, index) => iso(FIRST + index * DAY));
  const mondays = Array.from({length: weeks}, (_, index) => iso(FIRST + index * 7 * DAY));
  const busy = (index) => 1 + (index % 7 > 4 ? -0.12 : 0.03) + (next() - 0.5) * 0.02 + index * 0.0006;
  const made = [];
  const add = (about) => made.push({empty: null, withheld: [], charts: [], tile: null, ...about});

  // At a glance.
  add({id: "heard", group: "glance", title: "Devices heard from", table: "activity_daily",
    sentence: "Devices that sent anything on the last sealed day; the interval covers the noise, not people who do not take part.",
    columns: [{name: "day", title: "Day", kind: "period"}, ...interval("devices")],
    data: columnar([[dates.at(-1), ...around(20125 * scale)]], Array(4).fill(0)),
    tile: {value: Math.round(20125 * scale).toLocaleString("en"), unit: "devices", detail: `at least ${Math.round(20065 * scale)}, at most ${Math.round(20185 * scale)}, on ${dates.at(-1)}`,
      change: {flag: "none", sentence: "No reliable change against the same weekdays before; a change of 6 % would have been seen."}}});
  add({id: "crash_free", group: "glance", title: "Crash-free devices", table: "activity_daily",
    sentence: "Devices heard from that day without a fatal failure, of all devices heard from that day.",
    columns: [{name: "day", title: "Day", kind: "period"}, {name: "rate", title: "Crash-free", kind: "rate"}],
    data: [[dates.at(-1)], [0.99482]],
    tile: {value: "99.48 %", unit: "of devices", detail: "at least 99.31 %, at most 99.66 %", change: {flag: "worse", sentence: "Fewer than in the weeks before: 99.71 %."}}});
  add({id: "top_feature", group: "glance", title: "Most used feature", table: "features_weekly", sentence: "By the lower bound.",
    columns: [{name: "feature", title: "Feature", kind: "name"}, ...interval("devices")],
    data: columnar([["search", ...around(15000 * scale)]], Array(4).fill(0)),
    tile: {value: "Search", unit: "", detail: `${Math.round(15000 * scale)} devices a week`, change: {flag: "up", sentence: "Rising: 12 % more than in the weeks before."}}});
  add({id: "worst_cause", group: "glance", title: "Worst new cause", table: "causes_weekly", sentence: "No cause is new.",
    empty: "No cause was seen for the first time in the last four weeks.", columns: [], data: []});

  // What is used.
  const used = FEATURES.map(([feature, title], index) => [feature, title, ...around(15000 * scale / (1 + index * 0.9), 90), index === 2 ? "rising" : index === 5 ? "falling" : ""]);
  used.push(["voice", "Voice input", null, null, null, ""]);
  add({id: "features", group: "used", title: "Which features are used", table: "features_weekly",
    sentence: "Devices that used a feature in the last sealed week; the dot is the estimate, the line is what the noise leaves open with 95 % certainty.",
    columns: [{name: "feature", title: "Feature", kind: "name"}, {name: "feature_title", title: "Called", kind: "text"}, ...interval("devices"), {name: "flag", title: "Change", kind: "flag"}],
    data: columnar(used, Array(6).fill(0)),
    charts: [{kind: "dots", y: "feature", x: "devices_estimate", lower: "devices_lower", upper: "devices_upper", sort: "lower", caption: "Devices a week by feature, the surest first", flag: "flag", also: ["week_before"]}]});
  const daily = [];
  FEATURES.slice(0, 9).forEach(([feature], index) => dates.forEach((day, at) => {
    const isHeld = day === "2026-10-04" || (at >= 50 && at < 53);
    const isLow = index === 4 && at < 30;
    daily.push([day, feature, ...(isHeld || isLow ? [null, null, null] : around(9000 * scale / (1 + index) * busy(at), 70))]);
  }));
  add({id: "features_trend", group: "used", title: "How use changes", table: "features_daily",
    sentence: "Devices that used a feature on a day. The band is the interval; a gap has its reason.",
    withheld: [50, 51, 52].filter((at) => at < days).map((at) => ({period: dates[at], reason: "the day was withheld by the gate: the budget of 28 days was spent"})),
    columns: [{name: "day", title: "Day", kind: "period"}, {name: "feature", title: "Feature", kind: "name"}, ...interval("devices")],
    data: columnar(daily, Array(5).fill(0)),
    charts: [{kind: "trend", x: "day", y: "devices_estimate", lower: "devices_lower", upper: "devices_upper", series: "feature", top: 6, caption: "Devices a day by feature"}]});

  // What breaks.
  const causes = ["network.timeout", "out_of_memory", "disk.full", "assertion", "permission.denied"];
  const matrix = [];
  causes.forEach((cause, y) => ["4.0", "4.1", "4.2", "4.2.1", "5.0-beta"].forEach((release, x) => {
    matrix.push([cause, release, y === 3 && x === 4 ? null : Math.round(4000 * scale / (1 + y) / (1 + Math.abs(2 - x))), null, null]);
  }));
  matrix.forEach((row) => { if (row[2] !== null) [row[3], row[4]] = [Math.max(0, row[2] - 30), row[2] + 30]; });
  add({id: "causes_by_release", group: "breaks", title: "Causes by release", table: "causes_weekly",
    sentence: "Devices that met a cause of failure, by the release that they ran.",
    columns: [{name: "cause", title: "Cause", kind: "name"}, {name: "release", title: "Release", kind: "name"}, ...interval("devices")],
    data: columnar(matrix, Array(5).fill(0)),
    charts: [{kind: "heat", x: "release", y: "cause", value: "devices_estimate", lower: "devices_lower", upper: "devices_upper", caption: "Devices by cause and release"}]});
  const models = Array.from({length: 40}, (_, index) => {
    const rate = 0.021 / (1 + index * 0.25);
    return [`Brand ${"ABCDEFG"[index % 7]} Model-${100 + index}`, rate, rate * 0.8, rate * 1.2];
  });
  add({id: "crash_by_model", group: "breaks", title: "Worst models", table: "models_weekly",
    sentence: "Of the devices of a model that were heard from, those with a fatal failure.",
    columns: [{name: "model", title: "Model", kind: "name"}, {name: "rate", title: "Crash rate", kind: "rate"}, {name: "rate_lower", title: "at least", kind: "rate"}, {name: "rate_upper", title: "at most", kind: "rate"}],
    data: columnar(models, Array(4).fill(0)),
    charts: [{kind: "dots", y: "model", x: "rate", lower: "rate_lower", upper: "rate_upper", sort: "lower", caption: "Crash rate by model, the surest first",
      lines: [{letter: "b", value: 0.0109, label: "bad behaviour by Google Play over all models: 1.09 %"}, {letter: "m", value: 0.08, label: "bad behaviour by Google Play for a model: 8 %"}, {letter: "a", value: 0.0052, label: "the whole fleet"}]}]});

  // Who uses it.
  add({id: "devices_daily", group: "who", title: "Devices a day", table: "activity_daily", sentence: "Devices heard from, day by day.",
    columns: [{name: "day", title: "Day", kind: "period"}, ...interval("devices")],
    data: columnar(dates.map((day, at) => [day, ...(day === "2026-10-04" ? [null, null, null] : around(20000 * scale * busy(at), 80))]), Array(4).fill(0)),
    charts: [{kind: "trend", x: "day", y: "devices_estimate", lower: "devices_lower", upper: "devices_upper", caption: "Devices heard from, day by day"}]});
  add({id: "devices_weekly", group: "who", title: "Devices a week", table: "activity_weekly", sentence: "Devices heard from, week by week.",
    columns: [{name: "week", title: "Week", kind: "period"}, ...interval("devices")],
    data: columnar(mondays.map((week, at) => [week, ...around(31000 * scale * (1 + at * 0.004), 300)]), Array(4).fill(0)),
    empty: weeks ? null : "No whole week is sealed yet.",
    charts: weeks ? [{kind: "trend", x: "week", y: "devices_estimate", lower: "devices_lower", upper: "devices_upper", caption: "Devices heard from, week by week"}] : []});
  add({id: "sessions", group: "who", title: "Length of sessions", table: "sessions_daily", sentence: "Sessions by how long they were.",
    columns: [{name: "bucket", title: "Length", kind: "name"}, ...interval("sessions").map((column) => ({...column, title: column.title.replace("Devices", "Sessions")}))],
    data: columnar(["under 10 s", "10 s to 1 min", "1 to 5 min", "5 to 30 min", "30 min to 2 h", "over 2 h"].map((bucket, at) => [bucket, ...(at === 5 ? [null, null, null] : around([3000, 9000, 12000, 7000, 900][at] * scale, 120))]), Array(4).fill(0)),
    charts: [{kind: "bars", y: "bucket", x: "sessions_estimate", lower: "sessions_lower", upper: "sessions_upper", caption: "Sessions by length"}]});
  const adoption = [];
  [["4.0", (at) => Math.max(0, 1 - at / 50)], ["4.1", (at) => (at < 18 ? 0 : Math.max(0.1, Math.min(1, (at - 18) / 14) - Math.max(0, at - 35) / 30))],
    ["4.2", (at) => (at < 35 ? 0 : Math.min(0.8, (at - 35) / 25))], ["5.0-beta", (at) => (at < 80 ? 0 : (at - 80) / 40)]].forEach(([release, part]) =>
    dates.forEach((day, at) => {
      const value = 20000 * scale * part(at);
      adoption.push([day, release, ...(value < 60 || day === "2026-10-04" ? [null, null, null] : around(value, 90))]);
    }));
  add({id: "releases_adoption", group: "who", title: "Adoption of releases", table: "releases_daily", sentence: "Devices by the release that they ran on a day.",
    columns: [{name: "day", title: "Day", kind: "period"}, {name: "release", title: "Release", kind: "name"}, ...interval("devices")],
    data: columnar(adoption, Array(5).fill(0)),
    charts: [{kind: "share", x: "day", y: "devices_estimate", lower: "devices_lower", upper: "devices_upper", series: "release", caption: "Devices by release, day by day"}]});

  // Used together.
  const together = [];
  FEATURES.slice(0, 8).forEach(([a], i) => FEATURES.slice(i + 1, 9).forEach(([b], j) => together.push([a, b, 0.71 / (1 + i * 0.4 + j * 0.2)])));
  add({id: "pairs", group: "together", title: "What is used together", table: "feature_pairs_weekly", sentence: "How often two features are used by the same devices: 1 is always, 0 is never.",
    columns: [{name: "a", title: "One", kind: "name"}, {name: "b", title: "Other", kind: "name"}, {name: "cosine", title: "Cosine", kind: "number"}],
    data: columnar(together, Array(3).fill(0)),
    charts: [{kind: "pairs", a: "a", b: "b", value: "cosine", caption: "The pairs that are most used together"}]});

  // What is not shown.
  add({id: "withheld", group: "unseen", title: "What is withheld", table: "", sentence: "Periods and tables without numbers, and why.",
    columns: [{name: "day", title: "Day", kind: "period"}, {name: "reason", title: "Reason", kind: "text"}],
    data: days > 53 ? [["2026-10-04", dates[50]], ["The day is not sealed.", "The budget of 28 days was spent."]] : [[], []],
    empty: days > 53 ? null : "Nothing is withheld."});
  return made;
}
