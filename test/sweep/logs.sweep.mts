// Every log of test/logs in every form in which people paste logs, and after logs of other programs.
import { suite } from "uvu";
import { checkAfter, checkForm, foreign, forms, lines, texts } from "../logs.mts";

const test = suite("logs");

for (const name of Object.keys(forms)) {
  test(`finds 98 of 100 causes in ${name}`, () => checkForm(name, 0.98, [...texts, ...lines], foreign));
}

test("a log after an unrelated one is explained", () => checkAfter(texts.slice(0, 20), foreign));

test.run();
