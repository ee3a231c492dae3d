"use strict";
// Checks a label with the LALR(1) table of the grammar, as mumer_data/latex/lalr.py does.
function makeChecker(grammar) {
  const patterns = grammar.regexes.map(([name, text]) => [name, new RegExp("^(?:" + text + ")$", "u")]);
  const alone = new Set(grammar.alone);

  function terminalOf(token) {
    if (Object.hasOwn(grammar.exact, token)) return grammar.exact[token];
    const command = /^\\[A-Za-z]+(?=[{\[])/.exec(token);
    if (command && Object.hasOwn(grammar.exact, command[0]) && alone.has(grammar.exact[command[0]])) return "";
    for (const [name, pattern] of patterns) if (pattern.test(token)) return name;
    return "";
  }

  // Shift one terminal after its reductions; false where the grammar does not allow it.
  function shift(stack, terminal) {
    for (;;) {
      const row = grammar.actions[stack[stack.length - 1]];
      if (!Object.hasOwn(row, terminal)) return false;
      const target = row[terminal];
      if (typeof target === "number") { stack.push(target); return true; }
      const [origin, length] = target;
      if (length) stack.length -= length;
      const next = grammar.actions[stack[stack.length - 1]][origin];
      stack.push(next);
      if (next === grammar.end) return true;
    }
  }

  // "" where the label parses, else one line that names the first wrong token.
  return function check(label) {
    const tokens = label.split(/\s+/).filter(Boolean);
    if (!tokens.length) return "the label is empty";
    const stack = [grammar.start];
    for (let at = 0; at < tokens.length; at++) {
      const terminal = terminalOf(tokens[at]);
      if (!terminal) return `token ${at}: '${tokens[at]}' is not one token; separate tokens by spaces`;
      if (!shift(stack, terminal)) return `token ${at}: '${tokens[at]}' cannot stand here`;
    }
    return shift(stack, "$END") ? "" : "the label is not complete";
  };
}
if (typeof module !== "undefined") module.exports = { makeChecker };
