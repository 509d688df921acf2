// What can be copied: lines of a params file that fix the threshold, or that name the goal as a policy.
const PLAIN_NAME = /^[a-z_]+\d+$/; // such as model4; no word of YAML's own ends in a digit

/** A name as YAML reads it back: in quotes where it might be anything else than a name. */
const yamlName = (name) => (PLAIN_NAME.test(name) ? name : JSON.stringify(name));

const comment = (text) => `# ${text.replace(/\s+/g, " ")}\n`;

/** The threshold in the numbers of the model's own scores; null where they have none for it. */
function nativeThreshold({ scale, levels }, k) {
  const value = {
    probability: () => k / STEPS,
    percent: () => Number(((100 * k) / STEPS).toFixed(1)),
    logit: () => Math.log(k / (STEPS - k)),
    levels: () => levels.find((level) => (level - levels[0]) / (levels.at(-1) - levels[0]) > k / STEPS) ?? NaN,
  }[scale]();
  return Number.isFinite(value) ? value : null;
}

/** Lines that give the model this threshold; null where its own scale has no such number. */
function paramsText(curve, k, said) {
  if (!curve.scale) {
    const rule = `{threshold_rule: fixed, fixed_threshold: ${thresholdText(k)}}`;
    return `${comment(said)}variants:\n  ${yamlName(curve.model)}: ${rule}\n`;
  }
  const native = nativeThreshold(curve, k);
  return native === null ? null : `${comment(said)}threshold: {${yamlName(curve.model)}: ${native}}\n`;
}

const POLICY_GOALS = {
  "fbeta:2": () => "objective: f2",
  "precision@recall>=": (limit) => `objective: "recall>=${limit}"`,
  "recall@precision>=": (limit) => `objective: "precision>=${limit}"`,
  "recall@flagged<=": (limit) => `budget: ${limit}`,
};

/** Lines that name the goal as a policy, with the prices and the harmful share that it rests on. */
function policyText(curve, { goal, limit, costs, share }, { unit, takes_prevalence }, said) {
  const sought = POLICY_GOALS[goal]?.(limit / LIMIT_UNIT) ?? `objective: ${goal}`;
  const { miss, alarm, review } = costs;
  const prices = `costs: {miss: ${miss}, false_alarm: ${alarm}, review: ${review}, unit: ${JSON.stringify(unit)}}\n`;
  return [
    `${comment(said)}policies:\n  explored: {${sought}}\n`,
    goal === "cost" ? prices : "",
    share !== null && takes_prevalence ? `prevalence: {${yamlName(curve.modality)}: ${share}}\n` : "",
  ].join("");
}

/** Put a text on the clipboard; where the page may not, into `field`, selected, for a person to copy. */
async function isCopied(text, field) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // No clipboard for this page: refused, or unknown to some browsers on file://.
    const button = document.activeElement;
    field.value = text;
    field.hidden = false;
    field.select();
    const isDone = document.execCommand("copy");
    field.hidden = isDone;
    if (isDone) button.focus();
    return isDone;
  }
}
