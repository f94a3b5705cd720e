/** Says which of the pairs of scripts on standard input are not the same program, comments apart. */

import { readFileSync } from "node:fs";
import ts from "typescript";

const printer = ts.createPrinter({ removeComments: true });
const program = (text) => printer.printFile(ts.createSourceFile("x.js", text, ts.ScriptTarget.ES2022, false, ts.ScriptKind.JS));
// The printer keeps the author's line breaks between elements: they are no part of the program.
const bare = (text) => program(text).replace(/\s*\n\s*\.(?!\.)/g, ".").replace(/\s*\n\s*/g, " ").replace(/([([{]) /g, "$1").replace(/ ([)\]}])/g, "$1").replace(/,\s*([)\]}])/g, "$1");
const pairs = JSON.parse(readFileSync(0, "utf-8"));
console.log(JSON.stringify(pairs.filter(({ before, after }) => bare(before) !== bare(after)).map(({ name }) => name)));
