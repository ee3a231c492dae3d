// TeX -> MathML by MathJax: one JSON string per line in, one JSON object per line out, {"mathml"} or {"error"}.
// Usage: node mathjax_mathml.js FOLDER, which holds node_modules/mathjax-full. Used by bench_normalize_render.py.
'use strict';
const path = require('path');
const readline = require('readline');
const load = (name) => require(path.join(path.resolve(process.argv[2]), 'node_modules', 'mathjax-full', 'js', name));

const {mathjax} = load('mathjax.js');
const {TeX} = load('input/tex.js');
const {AllPackages} = load('input/tex/AllPackages.js');
const {liteAdaptor} = load('adaptors/liteAdaptor.js');
const {RegisterHTMLHandler} = load('handlers/html.js');
const {SerializedMmlVisitor} = load('core/MmlTree/SerializedMmlVisitor.js');
const {STATE} = load('core/MathItem.js');

RegisterHTMLHandler(liteAdaptor());
// Without the packages that turn an error into a picture, that load others later, or that need measured boxes.
const left_out = ['noerrors', 'noundefined', 'require', 'autoload', 'bussproofs'];
const packages = AllPackages.filter((name) => !left_out.includes(name));
const visitor = new SerializedMmlVisitor();

function mathml(source) {
  const formatError = (jax, error) => { throw error; };
  // A new parser for each formula: what one defines (\def, \newcommand) must not reach the next.
  const page = mathjax.document('', {InputJax: new TeX({packages, formatError})});
  return visitor.visitTree(page.convert(source, {display: true, end: STATE.CONVERT}), page);
}

readline.createInterface({input: process.stdin}).on('line', (line) => {
  let answer;
  try {
    answer = {mathml: mathml(JSON.parse(line))};
  } catch (error) {
    answer = {error: String(error.message || error)};
  }
  process.stdout.write(JSON.stringify(answer) + '\n');
});
