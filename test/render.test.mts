import { suite } from "uvu";
import * as assert from "uvu/assert";
import { joinBlocks, nothing, render } from "../lib/render.mts";

const test = suite("render");

test("quotes each value for its language", () => {
  assert.is(render("x = {{a}}", { a: "it's #{here} \\ $X" }).text, "x = 'it\\'s #{here} \\\\ $X'");
  assert.is(render("x={{a}}", { a: "it's $X" }, "shell").text, "x='it'\\''s $X'");
  assert.is(render("{{a}} {{b}} {{c}}", { a: 1, b: true, c: ["x", 2] }).text, "1 true ['x', 2]");
});

test("inserts rendered lines, and removes a line that becomes empty", () => {
  const inner = joinBlocks([render("a = {{v}}", { v: 1 }), render("b\n\nc", {})]);
  assert.is(
    render("do\n  {{inner}}\n  {{none}}\nend\n", { inner, none: nothing }).text,
    "do\n  a = 1\n  b\n\n  c\nend",
  );
});

test("throws for a name without a value, a value without a name, and an unsupported value", () => {
  assert.throws(() => render("{{a}}", {}), /no value for {{a}}/);
  assert.throws(() => render("", { a: 1 }), /no {{a}} in the template/);
  assert.throws(() => render("{{a}}", { a: {} }), /cannot be written in ruby/);
  assert.throws(() => render("{{a}}", { a: ["x"] }, "shell"), /cannot be written in shell/);
});

test.run();
