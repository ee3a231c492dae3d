"use strict";
const rows = JSON.parse(document.getElementById("rows").textContent);
const check = makeChecker(JSON.parse(document.getElementById("grammar").textContent));
const storageKey = "mumer-audit " + JSON.parse(document.getElementById("key").textContent);
const KEYS = { k: "keep", t: "take", e: "edit", d: "drop", u: "unsure" };
const decisions = JSON.parse(localStorage.getItem(storageKey) || "{}");
const byId = (id) => document.getElementById(id);
let at = Math.max(0, rows.findIndex((row) => !decidedRow(row)));

function decidedRow(row) {
  const decision = decisions[row.id];
  return decision && decision.old === row.label ? decision : null;
}

function save() { localStorage.setItem(storageKey, JSON.stringify(decisions)); }

function decide(verdict, label) {
  const row = rows[at];
  if (verdict === "take" && !row.proposal) return;
  const text = { take: row.proposal, edit: label, drop: "" }[verdict] ?? row.label;
  const when = new Date().toISOString().slice(0, 19) + "Z";
  decisions[row.id] = { old: row.label, label: text, verdict, who: byId("who").value.trim(), when };
  save();
  go(at + 1);
}

function go(number) {
  at = Math.min(Math.max(number, 0), rows.length - 1);
  closeEditor();
  show();
}

// A hidden input keeps the focus until the next frame, and would swallow the next key.
function closeEditor() {
  byId("text").blur();
  byId("editor").hidden = true;
}

function picture(element, svg, text) {
  element.replaceChildren();
  if (svg) element.innerHTML = svg;
  else element.textContent = text ? "cannot be typeset" : "no proposal";
}

function show() {
  const row = rows[at];
  if (!row) return;
  const decision = decidedRow(row);
  byId("place").textContent = `${at + 1} of ${rows.length}`;
  byId("done").textContent = `${rows.filter(decidedRow).length} decided`;
  byId("id").textContent = row.id;
  byId("probability").textContent = `P(wrong) ${row.probability.toFixed(2)}`;
  const signals = Object.entries(row.signals).map(([name, value]) => `${name.replaceAll("_", " ")}: ${value}`);
  if (row.agreement) signals.push(`share of votes for the proposal: ${row.agreement}`);
  if (row.misfit >= 3) signals.push(`ink does not fit (${row.misfit} standard deviations)`);
  byId("signals").textContent = signals.join("; ");
  byId("image").hidden = !row.image;
  byId("image").src = row.image || "data:,";
  byId("noimage").hidden = Boolean(row.image);
  picture(byId("label"), row.labelSvg, row.label);
  picture(byId("proposal"), row.proposalSvg, row.proposal);
  byId("labeltext").textContent = row.label;
  byId("proposaltext").textContent = row.proposal;
  byId("decision").textContent = decision ? `${decision.verdict}: ${decision.label || "row dropped"}` : "not decided";
  for (const button of document.querySelectorAll("button[data-verdict]")) {
    button.classList.toggle("chosen", Boolean(decision) && decision.verdict === button.dataset.verdict);
    if (button.dataset.verdict === "take") button.disabled = !row.proposal;
  }
}

function edit() {
  byId("editor").hidden = false;
  byId("text").value = (decidedRow(rows[at]) || {}).label || rows[at].proposal || rows[at].label;
  validate();
  byId("text").focus();
}

function validate() {
  const problem = check(byId("text").value);
  byId("problem").textContent = problem || "parses";
  byId("problem").className = problem ? "bad" : "good";
  byId("accept").disabled = Boolean(problem);
  return !problem;
}

function accept() {
  if (validate()) decide("edit", byId("text").value.split(/\s+/).filter(Boolean).join(" "));
}

function exported() {
  const clean = (text) => text.replace(/\s+/g, " ");
  const lines = rows.filter(decidedRow).map((row) => {
    const one = decisions[row.id];
    return [row.id, one.old, one.label, one.verdict, one.who, one.when].map(clean).join("\t");
  });
  return ["id\told label\tnew label\tverdict\twho\twhen", ...lines].join("\n") + "\n";
}

function download() {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([exported()], { type: "text/tab-separated-values" }));
  link.download = "corrections.tsv";
  link.click();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target === byId("text")) {
    if (event.key === "Enter") { event.preventDefault(); accept(); }
    if (event.key === "Escape") closeEditor();
    return;
  }
  if (event.target.tagName === "INPUT") return;
  const verdict = KEYS[event.key];
  if (verdict === "edit") { event.preventDefault(); edit(); }
  else if (verdict) decide(verdict);
  else if (event.key === "ArrowRight" || event.key === "n") go(at + 1);
  else if (event.key === "ArrowLeft" || event.key === "p") go(at - 1);
});
for (const button of document.querySelectorAll("button[data-verdict]"))
  button.addEventListener("click", () => (button.dataset.verdict === "edit" ? edit() : decide(button.dataset.verdict)));
byId("text").addEventListener("input", validate);
byId("accept").addEventListener("click", accept);
byId("export").addEventListener("click", download);
byId("previous").addEventListener("click", () => go(at - 1));
byId("next").addEventListener("click", () => go(at + 1));
byId("who").value = localStorage.getItem("mumer-audit who") || "";
byId("who").addEventListener("input", () => localStorage.setItem("mumer-audit who", byId("who").value));
show();
