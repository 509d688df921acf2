// One threshold explorer, in several files: they run in one function of its fragment, where
// `library` holds parse, View and expressionInterpreter of Vega. Here: counts and rates at a step of
// the threshold, as harmlib.analysis computes them, and how numbers are written.
const STEPS = 1000;

/** How many items score above k/1000, for every k; `drops` is encoded by threshold_explorer_curves.py. */
function decode(drops, total) {
  const above = [];
  for (const drop of drops) {
    if (drop > 0) above.push((total -= drop));
    else above.push(...Array(-drop).fill(total));
  }
  return above;
}

const confusion = ({ harmful, safe }, tp, fp) => ({ tp, fp, fn: harmful - tp, tn: safe - fp });
const countsAt = (curve, k) => confusion(curve, curve.tp[k], curve.fp[k]);
const countsOfOperating = (curve) => confusion(curve, curve.operating_threshold.tp, curve.operating_threshold.fp);
const countsOfBaseline = (curve) => confusion(curve, curve.harmful, curve.safe);

/** The counts of a mixture of which `share` is harmful; null, or one class only: as they are. */
function mixed(counts, share) {
  const { tp, fp, fn, tn } = counts;
  const [harmful, safe] = [tp + fn, fp + tn];
  if (share === null || harmful === 0 || safe === 0) return counts;
  const heavy = (share * (harmful + safe)) / harmful;
  const light = ((1 - share) * (harmful + safe)) / safe;
  return { tp: heavy * tp, fp: light * fp, fn: heavy * fn, tn: light * tn };
}

/** Counts with their sums, and rates; NaN where a rate has no denominator. */
function rated({ tp, fp, fn, tn }) {
  const [harmful, safe, flagged, passed] = [tp + fn, fp + tn, tp + fp, fn + tn];
  const n = flagged + passed;
  return {
    tp, fp, fn, tn, n, harmful, safe, flagged, passed,
    precision: tp / flagged,
    recall: tp / harmful,
    f1: (2 * tp) / (flagged + harmful),
    accuracy: (tp + tn) / n,
    share: flagged / n,
  };
}

/** Rounds as Python does, so that the report's tables agree: exact halves go to the even digit. */
function fixed(value, digits) {
  if (Number.isNaN(value)) return "–";
  const text = value.toFixed(digits);
  const isHalf = Math.abs(value * 2 ** (digits + 1)) % 2 === 1;
  return isHalf && text.at(-1) % 2 === 1 ? (value - Math.sign(value) * 10 ** -digits / 4).toFixed(digits) : text;
}

const metric = (value) => fixed(value, 4);
const percent = (value) => (Number.isNaN(value) ? "–" : `${fixed(value * 100, 1)}%`);
const amount = (value, digits = 0) =>
  Number(fixed(value, digits)).toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
const thresholdText = (k) => (k / STEPS).toFixed(3);
