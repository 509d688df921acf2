// What the explorer says of its state, in the texts of threshold_explorer_texts.py.
function stateWords({ curve, k }) {
  const name = `${words.section[curve.modality]} ${curve.name}`;
  return say("state", { name, epoch: curve.epoch, threshold: thresholdText(k) });
}

const counted = (at) =>
  Object.fromEntries(
    ["tp", "fp", "fn", "tn", "n", "harmful", "safe", "flagged", "passed"].map((name) => [name, amount(at[name])]),
  );

/** Which sentence fits: of all, of none, or where there is nothing to count. */
const extent = (part, whole) => (whole === 0 ? "_no_items" : part === 0 ? "_none" : part === whole ? "_all" : "");

function summaryWords({ curve, k }) {
  const counts = rated(countsAt(curve, k));
  const { f1 } = ratedHere(counts);
  const baseline = ratedHere(countsOfBaseline(curve)).f1;
  const difference = metric(Math.abs(f1 - baseline));
  const compared = Number(difference) === 0 ? "equal" : f1 > baseline ? "above" : "below";
  return [
    say(`found${extent(counts.tp, counts.harmful)}`, { threshold: thresholdText(k), ...counted(counts) }),
    say(`alarms${extent(counts.fp, counts.safe)}`, counted(counts)),
    counts.flagged ? "" : words.none_flagged,
    Number.isNaN(f1) ? "" : say(share() === null ? "f1" : "f1_mixed", { f1: metric(f1), share: state.percent }),
    Number.isNaN(f1) ? "" : say(compared, { baseline: metric(baseline), difference }),
  ].filter(Boolean).join(" ");
}

function goalWords({ goal, limit, picked }) {
  const name = say(limit ? "sought_within" : "sought", { goal: words.goals[goal], limit: limit / LIMIT_UNIT });
  if (picked.k === null) return `${name} ${words.states[picked.state]}`;
  const value = (it) => (goal === "cost" ? `${amount(it, 2)} ${settings.unit}` : metric(it));
  const shown = { threshold: thresholdText(picked.k), value: value(picked.value), measure: words.measures[goal] };
  const compared = picked.baseline === null
    ? words.baseline_fails
    : say("baseline_value", { value: value(picked.baseline) });
  return [name, say("picked", shown), compared, picked.isAbove ? "" : words.not_above].filter(Boolean).join(" ");
}
