// One threshold explorer. It runs in a function of its fragment, where `library` holds parse, View and expressionInterpreter of Vega.
const STEPS = 1000;
const BIN = 25; // steps that a bar of the histogram spans
const REST_MS = 400; // how long the threshold must rest before its summary is announced

const root = document.currentScript.closest(".harm-explorer");
const [words, curves, specs] = JSON.parse(root.querySelector("template").content.textContent);
const part = (name) => root.querySelector(`[data-part="${name}"]`);
const state = { curve: null, k: 0 };

// ---- counts and rates

/** How many items score above k/1000, for every k; `drops` is encoded by threshold_explorer.py. */
function decode(drops, total) {
  const above = [];
  for (const drop of drops) {
    if (drop > 0) above.push((total -= drop));
    else above.push(...Array(-drop).fill(total));
  }
  return above;
}

/** Counts and rates where `tp` harmful and `fp` safe items are flagged. */
function rates({ harmful, safe }, tp, fp) {
  const fn = harmful - tp;
  const tn = safe - fp;
  const n = harmful + safe;
  const flagged = tp + fp;
  return {
    tp, fp, fn, tn, n, harmful, safe, flagged,
    passed: fn + tn,
    precision: tp / flagged,
    recall: tp / harmful,
    f1: (2 * tp) / (flagged + harmful),
    accuracy: (tp + tn) / n,
    share: flagged / n,
  };
}

const ratesAt = (curve, k) => rates(curve, curve.tp[k], curve.fp[k]);
const ratesAtOperating = (curve) => rates(curve, curve.operating_threshold.tp, curve.operating_threshold.fp);
const ratesOfBaseline = (curve) => rates(curve, curve.harmful, curve.safe);

/** Rounds as Python does, so that the report's tables agree: exact halves go to the even digit. */
function fixed(value, digits) {
  if (Number.isNaN(value)) return "–";
  const text = value.toFixed(digits);
  const isHalf = (value * 2 ** (digits + 1)) % 2 === 1;
  return isHalf && text.at(-1) % 2 === 1 ? (value - 10 ** -digits / 4).toFixed(digits) : text;
}

const metric = (value) => fixed(value, 4);
const percent = (value) => (Number.isNaN(value) ? "–" : `${fixed(value * 100, 1)}%`);
const count = (value) => value.toLocaleString("en-US");
const thresholdText = (k) => (k / STEPS).toFixed(3);
const say = (key, values) => words[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);

// ---- words and tables

function stateWords({ curve, k }) {
  const name = `${words.modality[curve.modality] ?? curve.modality} ${curve.model}`;
  return say("state", { name, epoch: curve.epoch, threshold: thresholdText(k) });
}

const counted = (at) =>
  Object.fromEntries(
    ["tp", "fp", "fn", "tn", "n", "harmful", "safe", "flagged", "passed"].map((name) => [name, count(at[name])]),
  );

function summaryWords({ curve, k }) {
  const at = ratesAt(curve, k);
  const f1 = metric(at.f1);
  const baseline = ratesOfBaseline(curve).f1;
  const difference = metric(Math.abs(at.f1 - baseline));
  const compared = Number(difference) === 0 ? "equal" : at.f1 > baseline ? "above" : "below";
  return [
    say("found", { threshold: thresholdText(k), ...counted(at) }),
    at.flagged ? "" : words.none_flagged,
    say("f1", { f1 }),
    say(compared, { baseline: metric(baseline), difference }),
  ].filter(Boolean).join(" ");
}

function writeNumbers(at, operating, baseline) {
  for (const [name, text] of Object.entries(counted(at))) part(name).textContent = text;
  for (const name of ["f1", "precision", "recall", "accuracy", "share"]) {
    const format = name === "share" ? percent : metric;
    part(name).textContent = format(at[name]);
    part(`${name}-operating`).textContent = say("at_operating", { value: format(operating[name]) });
  }
  part("f1-baseline").textContent = say("baseline", { value: metric(baseline.f1) });
  part("caption").textContent = say("matrix", { state: stateWords(state), n: count(at.n) });
}

function writePlotWords(at, operating, baseline) {
  const shown = { state: stateWords(state), ...counted(at) };
  for (const [suffix, row] of [["", at], ["_operating", operating], ["_baseline", baseline]]) {
    shown[`precision${suffix}`] = metric(row.precision);
    shown[`recall${suffix}`] = metric(row.recall);
  }
  for (const name of ["pr", "scores"]) part(`${name}-words`).setAttribute("aria-label", say(name, shown));
}

// ---- plots

function openView(name) {
  const view = new library.View(library.parse(specs[name], null, { ast: true }), {
    expr: library.expressionInterpreter, renderer: "svg", container: part(name), hover: false,
  });
  new ResizeObserver(([entry]) => {
    const width = Math.floor(entry.contentRect.width);
    if (width > 0 && width !== view.width()) view.width(width).runAsync();
  }).observe(part(name));
  return view;
}

/** The PR curve of every threshold that flags something, and where F1 equals the baseline's. */
function showCurve(view, curve) {
  const baseline = ratesOfBaseline(curve);
  const rows = [];
  for (let k = 0; k <= STEPS; k += 1) {
    const { tp, fp, precision, recall } = ratesAt(curve, k);
    const before = rows.at(-1);
    if (tp + fp > 0 && !(before && before.tp === tp && before.fp === fp)) rows.push({ k, tp, fp, precision, recall });
  }
  const first = baseline.f1 / (2 - baseline.f1); // the recall at which precision 1 gives that F1
  const level = Array.from({ length: 61 }, (_, i) => {
    const recall = first + ((1 - first) * i) / 60;
    return { recall, precision: (baseline.f1 * recall) / (2 * recall - baseline.f1) };
  });
  const lowest = Math.min(baseline.precision, ...rows.map((row) => row.precision));
  view.signal("lowest", Math.max(0, Math.floor((lowest - 0.05) * 20) / 20));
  view.data("curve", rows).data("level", baseline.f1 > 0 ? level : []);
}

function showPoints(view, at, operating, baseline) {
  const points = [
    { ...baseline, kind: "baseline" },
    { ...operating, kind: "operating" },
    { ...at, kind: "current" },
  ].filter((row) => !Number.isNaN(row.precision + row.recall));
  view.data("points", points).runAsync();
}

/** Bars of one class; `sign` −1 hangs them below zero. Flagged items lie next to zero. */
function bars(above, total, k, label, sign) {
  const rows = [];
  for (let from = 0; from < STEPS; from += BIN) {
    const to = from + BIN;
    const higher = Math.min(Math.max(k, from), to);
    const flagged = above[higher] - above[to];
    const items = (from === 0 ? total : above[from]) - above[to];
    const place = { from: from / STEPS, to: to / STEPS, label };
    if (flagged) rows.push({ ...place, low: 0, high: sign * flagged, flagged: true });
    if (items > flagged) rows.push({ ...place, low: sign * flagged, high: sign * items, flagged: false });
  }
  return rows;
}

function showScores(view, { curve, k }, at) {
  const rows = [
    ...bars(curve.tp, curve.harmful, k, 1, 1),
    ...bars(curve.fp, curve.safe, k, 0, -1),
  ];
  const [most, least] = [Math.max(...rows.map((row) => row.high)), Math.min(...rows.map((row) => row.high))];
  // Room for the words above and below the bars, and for a class that has few items.
  const top = 1.25 * Math.max(most, -least / 3);
  const bottom = 1.25 * Math.min(least, -most / 3);
  const parts = [
    { key: "fn", from: 0, low: top, align: "left", dx: 6, dy: 10 },
    { key: "tp", from: 1, low: top, align: "right", dx: -6, dy: 10 },
    { key: "tn", from: 0, low: bottom, align: "left", dx: 6, dy: -10 },
    { key: "fp", from: 1, low: bottom, align: "right", dx: -6, dy: -10 },
  ].map((row) => ({ ...row, text: say(row.key, { n: count(at[row.key]) }) }));
  view.signal("top", top).signal("bottom", bottom);
  view.data("bars", rows).data("threshold", [{ from: k / STEPS }]).data("parts", parts).runAsync();
}

// ---- controls

function fill(select, entries, chosen) {
  select.replaceChildren(...entries.map(([text, value]) => new Option(text, value, false, value === chosen)));
}

const unique = (values) => [...new Set(values)];

/** Show a curve; the menus offer what exists for the modality and the model that were chosen. */
function show(curve) {
  state.curve = curve;
  const peers = curves.filter((other) => other.modality === curve.modality);
  const modalities = unique(curves.map((other) => other.modality));
  part("modality-label").hidden = modalities.length < 2;
  fill(part("modality"), modalities.map((name) => [words.modality[name] ?? name, name]), curve.modality);
  fill(part("model"), unique(peers.map((other) => other.model)).map((name) => [name, name]), curve.model);
  const epochs = peers.filter((other) => other.model === curve.model);
  fill(
    part("epoch"),
    epochs.map(({ epoch, chosen }) => [chosen ? say("saved", { epoch }) : epoch, String(epoch)]),
    String(curve.epoch),
  );
  showStops(curve);
  showCurve(views.pr, curve);
}

function showStops({ operating_threshold: operating, best_threshold: best }) {
  const text = (key, { k, between }) =>
    say(key, { threshold: between ? say("between", { threshold: between, step: thresholdText(k) }) : thresholdText(k) });
  part("operating").lastElementChild.textContent = text("operating", operating);
  part("best").lastElementChild.textContent = best ? text("best", best) : words.no_best;
  part("best").disabled = !best;
  part("best-tick").hidden = !best;
  part("operating-tick").style.setProperty("--at", operating.k / STEPS);
  if (best) part("best-tick").style.setProperty("--at", best.k / STEPS);
}

let resting;

/** Move the threshold to step k; `keep` is the field in which a person is typing. */
function moveTo(k, keep) {
  state.k = k;
  const { curve } = state;
  const [at, operating, baseline] = [ratesAt(curve, k), ratesAtOperating(curve), ratesOfBaseline(curve)];
  part("slider").value = thresholdText(k);
  part("slider").style.setProperty("--at", k / STEPS);
  if (keep !== part("number")) part("number").value = thresholdText(k);
  part("notice").textContent = "";
  writeNumbers(at, operating, baseline);
  writePlotWords(at, operating, baseline);
  showPoints(views.pr, at, operating, baseline);
  showScores(views.scores, state, at);
  clearTimeout(resting);
  resting = setTimeout(() => (part("summary").textContent = summaryWords(state)), REST_MS);
}

/** Start at the saved epoch and the operating threshold, since each model has its own scale of scores. */
function openModel(modality, model) {
  const own = curves.filter((curve) => curve.modality === modality);
  const named = own.filter((curve) => curve.model === model);
  show((named.length ? named : own.filter((curve) => curve.model === own[0].model)).find((curve) => curve.chosen));
  moveTo(state.curve.operating_threshold.k);
}

async function copy() {
  part("notice").textContent = (await isCopied(thresholdText(state.k))) ? words.copied : words.not_copied;
}

async function isCopied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // No clipboard for this page (some browsers, file://): copy a selection instead.
    const field = Object.assign(document.createElement("textarea"), { value: text });
    root.append(field);
    field.select();
    const isDone = document.execCommand("copy");
    field.remove();
    part("copy").focus();
    return isDone;
  }
}

function listen() {
  part("modality").onchange = ({ target }) => openModel(target.value, state.curve.model);
  part("model").onchange = ({ target }) => openModel(state.curve.modality, target.value);
  part("epoch").onchange = ({ target }) => {
    const { modality, model } = state.curve;
    show(curves.find((c) => c.modality === modality && c.model === model && String(c.epoch) === target.value));
    moveTo(state.k);
  };
  part("slider").oninput = ({ target }) => moveTo(Math.round(target.value * STEPS));
  part("number").oninput = ({ target }) => {
    if (target.value !== "" && target.checkValidity()) moveTo(Math.round(target.value * STEPS), target);
  };
  part("number").onchange = ({ target }) => {
    const value = target.valueAsNumber;
    moveTo(Number.isNaN(value) ? state.k : Math.round(Math.min(Math.max(value, 0), 1) * STEPS));
  };
  part("operating").onclick = () => moveTo(state.curve.operating_threshold.k);
  part("best").onclick = () => moveTo(state.curve.best_threshold.k);
  part("copy").onclick = copy;
}

for (const curve of curves) {
  curve.tp = decode(curve.tp, curve.harmful);
  curve.fp = decode(curve.fp, curve.safe);
}
part("body").hidden = false;
const views = { pr: openView("pr"), scores: openView("scores") };
listen();
openModel(curves[0].modality, curves[0].model);
