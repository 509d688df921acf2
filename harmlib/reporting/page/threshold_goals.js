// What the threshold is sought for: the objectives of harmlib.analysis.objectives, and the choice
// among the steps as harmlib.analysis.choice makes it. Counts may be those of a mixture.
const TIE = 1e-12; // of a full unit of the objective: values closer than this differ by rounding alone
const LIMIT_UNIT = 1000; // floors and budgets have three decimals: they are compared as whole numbers

const ratio = (part, whole) => (whole === 0 ? 0 : part / whole);
const precisionOf = ({ tp, fp }) => ratio(tp, tp + fp);
const recallOf = ({ tp, fn }) => ratio(tp, tp + fn);
const itemsIn = ({ tp, fp, fn, tn }) => tp + fp + fn + tn;

/** Whether part/whole reaches a number of thousandths, up to rounding: counts may be of a mixture. */
const reaches = (part, whole, thousandths) => whole > 0 && part * LIMIT_UNIT >= whole * thousandths * (1 - TIE);

function correlation({ tp, fp, fn, tn }) {
  return ratio(tp * tn - fp * fn, Math.sqrt((tp + fn) * (fp + tn) * ((tp + fp) * (fn + tn))));
}

const perItem = (at, { miss, alarm, review }) => (miss * at.fn + alarm * at.fp + review * (at.tp + at.fp)) / itemsIn(at);

// By objective: what a threshold gains, whether it may be chosen, and the limit that it starts with.
// `fewest`: of thresholds that gain the same, those with the fewest false alarms are best.
const GOALS = {
  f1: { gain: ({ tp, fp, fn }) => ratio(2 * tp, tp + fp + (tp + fn)) },
  "fbeta:2": { gain: ({ tp, fp, fn }) => ratio(5 * tp, 5 * tp + (4 * fn + fp)) },
  mcc: { gain: correlation },
  youden: { gain: (at) => recallOf(at) + ratio(at.tn, at.fp + at.tn) - 1 },
  "precision@recall>=": {
    gain: precisionOf, limit: 950, allows: ({ tp, fn }, limit) => reaches(tp, tp + fn, limit),
  },
  "recall@precision>=": {
    gain: recallOf, limit: 950, fewest: true, allows: ({ tp, fp }, limit) => reaches(tp, tp + fp, limit),
  },
  "recall@flagged<=": {
    gain: recallOf, limit: 500, fewest: true,
    allows: (at, limit) => reaches(at.fn + at.tn, itemsIn(at), LIMIT_UNIT - limit),
  },
  cost: { gain: (at, costs) => -perItem(at, costs), sign: -1 },
};

/** Whether harmlib.params would take the prices. */
const areCosts = ({ miss, alarm, review }) => miss > review && alarm + review > 0;

/**
 * The best step for a goal, or the reason why there is none: state, k, value and the baseline's value
 * (null where the goal does not allow it), and whether the value is above the baseline's.
 */
function choose(curve, { goal, limit, costs, share }) {
  const { gain, allows = () => true, sign = 1, fewest = false } = GOALS[goal];
  const scale = goal === "cost" ? Math.max(costs.miss, costs.alarm, costs.review) : 1;
  const none = (state) => ({ state, k: null });
  if (goal === "cost" && !areCosts(costs)) return none("no_costs");
  if (curve.harmful === 0 || curve.safe === 0) return none("one_class");
  if (curve.constant) return none("constant_scores");
  const all = curve.tp.map((_, k) => mixed(countsAt(curve, k), share));
  const gains = all.map((at) => (allows(at, limit) ? gain(at, costs) : -Infinity));
  const top = Math.max(...gains);
  if (top === -Infinity) return none("infeasible");
  const tied = gains.map((value) => value >= top - TIE * scale);
  const alarms = Math.min(...all.filter((_, k) => tied[k]).map((at) => at.fp));
  const k = tied.findIndex((isTied, i) => isTied && (!fewest || all[i].fp === alarms));
  const everything = mixed(countsOfBaseline(curve), share);
  const baseline = allows(everything, limit) ? gain(everything, costs) : null;
  return {
    state: "ok", k,
    value: sign * gains[k],
    baseline: baseline === null ? null : sign * baseline,
    isAbove: baseline === null || gains[k] > baseline + TIE * scale,
  };
}
