// The explorer itself: its state, what it says of it, and its controls.
const REST_MS = 400; // how long everything must rest before it is announced and put into the address

const root = document.currentScript.closest(".harm-explorer");
const [words, curves, specs, settings] = JSON.parse(root.querySelector("template").content.textContent);
const part = (name) => root.querySelector(`[data-part="${name}"]`);
const say = (key, values) => words[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);

const state = {
  curve: null, k: 0, goal: "f1", limit: 0, percent: null, amounts: { ...settings.amounts },
  picked: null, // what the goal chooses, of `choose`
};
/** The harmful share of the traffic, a fraction; null: that of the items. */
const share = () => (state.percent === null ? null : Number(`${state.percent}e-2`));
const ratedHere = (counts) => rated(mixed(counts, share()));

// ---- tables and menus

function writeNumbers(counts, at, operating, baseline) {
  for (const [name, text] of Object.entries(counted(counts))) part(name).textContent = text;
  for (const name of ["f1", "precision", "recall", "accuracy", "share"]) {
    const format = name === "share" ? percent : metric;
    part(name).textContent = format(at[name]);
    part(`${name}-operating`).textContent = say("at_operating", { value: format(operating[name]) });
  }
  part("f1-baseline").textContent = say("baseline", { value: metric(baseline.f1) });
  part("caption").textContent = say("matrix", { state: stateWords(state), n: amount(counts.n) });
}

/** What a day of the traffic brings, at each of the columns; null: nothing was chosen. */
function writeDay(columns) {
  const { amounts: { day }, curve: { harmful, safe } } = state;
  const text = (items) => amount(items, items < 100 ? 1 : 0);
  for (const [column, at] of Object.entries(columns)) {
    for (const row of ["flagged", "tp", "fn", "fp"]) {
      part(`day-${row}-${column}`).textContent = at ? text((at[row] / at.n) * day) : "–";
    }
    part(`day-cost-${column}`).textContent = at ? amount(perItem(at, state.amounts) * day) : "–";
  }
  const ofItems = harmful / (harmful + safe);
  part("prevalence").placeholder = fixed(100 * ofItems, 1);
  const shown = state.percent === null ? percent(ofItems) : `${state.percent}%`;
  part("day-caption").textContent = say("day", { n: amount(day), share: shown });
}

function writePlotWords(counts, at, operating, baseline) {
  const shown = { state: stateWords(state), ...counted(counts) };
  for (const [suffix, row] of [["", at], ["_operating", operating], ["_baseline", baseline]]) {
    shown[`precision${suffix}`] = metric(row.precision);
    shown[`recall${suffix}`] = metric(row.recall);
  }
  for (const name of ["pr", "scores"]) part(`${name}-words`).setAttribute("aria-label", say(name, shown));
}

function fill(select, entries, chosen) {
  select.replaceChildren(...entries.map(([text, value]) => new Option(text, value, false, value === chosen)));
}

/** What can be chosen beside a curve: the models of its section, the epochs of its model. */
function fillMenus(curve) {
  const peers = curves.filter((other) => other.modality === curve.modality);
  const sections = [...new Set(curves.map((other) => other.modality))];
  const saved = peers.filter((other) => other.chosen);
  part("modality-label").hidden = sections.length < 2;
  fill(part("modality"), sections.map((name) => [words.section[name], name]), curve.modality);
  const named = ({ name, recommended }) => (recommended && saved.length > 1 ? say("recommended", { name }) : name);
  fill(part("model"), saved.map((other) => [named(other), other.model]), curve.model);
  const own = peers.filter(({ model }) => model === curve.model);
  part("epoch-label").hidden = own.length < 2;  // scores of others have no epochs
  fill(
    part("epoch"),
    own.map(({ epoch, chosen }) => [chosen ? say("saved", { epoch }) : epoch, String(epoch)]),
    String(curve.epoch),
  );
}

function writeStops({ curve: { operating_threshold: operating }, picked }) {
  const threshold = operating.between ?? thresholdText(operating.k);
  part("operating").lastElementChild.textContent = say("operating", { threshold });
  part("operating-tick").style.setProperty("--at", operating.k / STEPS);
  const has = picked.k !== null;
  part("goal-stop").lastElementChild.textContent = has ? say("stop", { threshold: thresholdText(picked.k) }) : words.no_stop;
  part("goal-stop").disabled = !has;
  part("goal-tick").hidden = !has;
  part("copy-policy").disabled = picked.state === "no_costs";
  if (has) part("goal-tick").style.setProperty("--at", picked.k / STEPS);
  part("goal-words").textContent = goalWords(state);
}

// ---- what changes

/** Move the threshold to step k; `keep` is the field in which a person is typing. */
function moveTo(k, keep) {
  state.k = k;
  const { curve, picked } = state;
  const counts = countsAt(curve, k);
  const [at, operating, baseline] = [counts, countsOfOperating(curve), countsOfBaseline(curve)].map(ratedHere);
  const goal = picked.k === null ? null : ratedHere(countsAt(curve, picked.k));
  part("slider").value = thresholdText(k);
  part("slider").style.setProperty("--at", k / STEPS);
  if (keep !== part("number")) part("number").value = thresholdText(k);
  part("notice").textContent = "";
  part("copied").hidden = true;
  writeNumbers(rated(counts), at, operating, baseline);
  writeDay({ current: at, operating, goal, baseline });
  writePlotWords(rated(counts), at, operating, baseline);
  part("summary").textContent = summaryWords(state);
  showPoints(views.pr, { baseline, operating, ...(goal && { goal }), current: at });
  const texts = ["tp", "fp", "fn", "tn"].map((key) => [key, say(key, { n: amount(counts[key]) })]);
  showScores(views.scores, curve, k, Object.fromEntries(texts));
}

/** Choose anew: another curve, goal, price or harmful share. `follow`: the threshold goes there. */
function seek(follow) {
  state.picked = choose(state.curve, { ...state, costs: state.amounts, share: share() });
  showCurve(views.pr, state.curve, share());
  writeStops(state);
  moveTo(follow && state.picked.k !== null ? state.picked.k : state.k);
}

function open(curve, k) {
  state.curve = curve;
  fillMenus(curve);
  state.k = k;
  seek(false);
}

/** Start at the saved epoch and the operating threshold, since each model has its own scale of scores. */
function openModel(modality, isWanted) {
  const saved = curves.filter((curve) => curve.modality === modality && curve.chosen);
  const curve = saved.find(isWanted);
  open(curve, curve.operating_threshold.k);
}

/** Put goal, limit, share and amounts of the state into their fields. */
function showFields() {
  const limited = Boolean(GOALS[state.goal].limit);
  part("limit-label").hidden = !limited;
  part("goal").value = state.goal;
  const values = { limit: limited ? state.limit / LIMIT_UNIT : "", prevalence: state.percent ?? "", ...state.amounts };
  for (const [name, value] of Object.entries(values)) part(name).value = value;
  const known = settings.prevalence[state.curve.modality];
  part("traffic").hidden = !known;
  part("traffic").textContent = say("traffic", { share: known });
}

/** Show what the address says, if it speaks of this explorer. */
function openAddress() {
  if (!location.hash.startsWith(`#${addressName}:`)) return;
  const told = readAddress(location.hash, addressName, curves, part);
  if (told === null) {
    part("notice").textContent = words.bad_address;
    return;
  }
  Object.assign(state, told);
  open(told.curve, told.k);
  showFields();
  // What stays at the top of the page is there once all of it has loaded.
  if (document.readyState === "complete") root.scrollIntoView();
  else addEventListener("load", () => root.scrollIntoView(), { once: true });
}

let resting;
let announcedGoal;

/** After everything rests: say it once, and keep it in the address. */
function settle() {
  clearTimeout(resting);
  resting = setTimeout(() => {
    const goal = part("goal-words").textContent;
    const isNew = goal !== announcedGoal;
    part("announced").textContent = `${isNew ? `${goal} ` : ""}${part("summary").textContent}`;
    announcedGoal = goal;
    // In JupyterLab the address is not ours.
    if (!("jpThemeName" in document.body.dataset)) history.replaceState(history.state, "", addressOf(addressName, state));
  }, REST_MS);
}

async function copy(text) {
  part("copied").hidden = true;
  if (text === null) part("notice").textContent = words.no_native;
  else part("notice").textContent = (await isCopied(text, part("copied"))) ? words.copied : words.not_copied;
}

// ---- controls

/** Do something when a part is used, and settle afterwards. */
function on(name, event, act) {
  part(name).addEventListener(event, (happened) => {
    act(happened);
    settle();
  });
}

/** A number field: `set` takes what fits while a person types; when done, the field shows what holds. */
function onNumber(name, set) {
  on(name, "input", ({ target }) => {
    if (!Number.isNaN(numberFor(target, target.value))) set(Number(target.value), target);
  });
  on(name, "change", () => showFields());
}

function listen() {
  on("modality", "change", ({ target }) => {
    openModel(target.value, (curve) => curve.recommended);
    showFields();
  });
  on("model", "change", ({ target }) => openModel(state.curve.modality, (curve) => curve.model === target.value));
  on("epoch", "change", ({ target }) => {
    const { modality, model } = state.curve;
    const isIt = (c) => c.modality === modality && c.model === model && String(c.epoch) === target.value;
    open(curves.find(isIt), state.k);
  });
  on("goal", "change", ({ target }) => {
    state.goal = target.value;
    state.limit = GOALS[state.goal].limit ?? 0;
    showFields();
    seek(true);
  });
  onNumber("limit", (value) => {
    state.limit = Math.round(value * LIMIT_UNIT);
    seek(true);
  });
  onNumber("prevalence", (value) => {
    state.percent = value;
    seek(false);
  });
  on("prevalence", "input", ({ target }) => {
    if (target.value !== "" || target.validity.badInput) return;
    state.percent = null;
    seek(false);
  });
  on("traffic", "click", () => {
    state.percent = settings.prevalence[state.curve.modality];
    showFields();
    seek(false);
  });
  for (const name of ADDRESSED) {
    onNumber(name, (value) => {
      state.amounts[name] = value;
      seek(state.goal === "cost" && name !== "day");
    });
  }
  on("slider", "input", ({ target }) => moveTo(Math.round(target.value * STEPS)));
  on("number", "input", ({ target }) => {
    if (target.value !== "" && target.checkValidity()) moveTo(Math.round(target.value * STEPS), target);
  });
  on("number", "change", ({ target }) => {
    const value = target.valueAsNumber;
    moveTo(Number.isNaN(value) ? state.k : Math.round(Math.min(Math.max(value, 0), 1) * STEPS));
  });
  on("operating", "click", () => moveTo(state.curve.operating_threshold.k));
  on("goal-stop", "click", () => moveTo(state.picked.k));
  on("pr", "click", (event) => moveTo(nearestStep(views.pr, event) ?? state.k));
  on("scores", "click", (event) => moveTo(stepAt(views.scores, event)));
  part("copy").onclick = () => copy(thresholdText(state.k));
  part("copy-params").onclick = () => copy(paramsText(state.curve, state.k, say("fixed_here", { state: stateWords(state) })));
  part("copy-policy").onclick = () =>
    copy(policyText(state.curve, { ...state, costs: state.amounts, share: share() }, settings, words.sought_here));
  addEventListener("hashchange", openAddress);
}

for (const curve of curves) {
  curve.tp = decode(curve.tp, curve.harmful);
  curve.fp = decode(curve.fp, curve.safe);
}
part("body").hidden = false;
const views = { pr: openView(specs.pr, part("pr")), scores: openView(specs.scores, part("scores")) };
const before = [...document.querySelectorAll(".harm-explorer")].indexOf(root);
const addressName = `explorer${before ? before + 1 : ""}`;
openModel(curves[0].modality, (curve) => curve.recommended);
showFields();
announcedGoal = part("goal-words").textContent;
listen();
openAddress();
