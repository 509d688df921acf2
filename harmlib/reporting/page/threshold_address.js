// What is shown, in the page's address, so that a link opens it again: #explorer:model=…&threshold=…
const ADDRESSED = ["day", "miss", "alarm", "review"]; // number fields; `prevalence` may also be empty

/** The hash of what is shown; `name` tells apart the explorers of one page. */
function addressOf(name, { curve, k, goal, limit, percent: share, amounts }) {
  const told = new URLSearchParams({
    section: curve.modality, model: curve.model, epoch: curve.epoch, threshold: thresholdText(k), goal,
  });
  if (GOALS[goal].limit) told.set("limit", limit / LIMIT_UNIT);
  if (share !== null) told.set("prevalence", share);
  for (const key of ADDRESSED) told.set(key, amounts[key]);
  return `#${name}:${told}`;
}

/** The number that a text says, if the field would take it; NaN otherwise. */
function numberFor(field, text) {
  const value = text === null || text.trim() === "" ? NaN : Number(text);
  return value >= Number(field.min) && value <= Number(field.max) ? value : NaN;
}

/** What a hash says, or null where it says anything that this page does not have. */
function readAddress(hash, name, curves, field) {
  const told = new URLSearchParams(hash.slice(name.length + 2));
  const read = (key) => numberFor(field(key), told.get(key));
  const curve = curves.find(
    (c) => c.modality === told.get("section") && c.model === told.get("model") && String(c.epoch) === told.get("epoch"),
  );
  const goal = told.get("goal");
  if (!curve || !Object.hasOwn(GOALS, goal)) return null;
  const state = {
    curve, goal,
    k: Math.round(numberFor(field("number"), told.get("threshold")) * STEPS),
    limit: GOALS[goal].limit ? Math.round(read("limit") * LIMIT_UNIT) : 0,
    percent: told.has("prevalence") ? read("prevalence") : null,
    amounts: Object.fromEntries(ADDRESSED.map((key) => [key, read(key)])),
  };
  const numbers = [state.k, state.limit, state.percent ?? 0, ...Object.values(state.amounts)];
  return numbers.some(Number.isNaN) ? null : state;
}
