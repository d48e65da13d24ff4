/** Turns messages of programs that answered in another language back into English. */
import { chinese, french, german, musl, spanish } from "./translations.mts";
import { korean, traditionalChinese } from "./translations-east.mts";
import { italian, japanese, portuguese, russian } from "./translations-more.mts";
import {
  chinesePackages,
  frenchPackages,
  germanPackages,
  italianPackages,
  japanesePackages,
  portuguesePackages,
  russianPackages,
  spanishPackages,
} from "./translations-packages.mts";
import {
  chineseWindows,
  japaneseWindows,
  koreanWindows,
  latinWindows,
  russianWindows,
} from "./translations-windows.mts";

/** A language: words that show it, and its messages as a text of lines. */
type Language = [marks: RegExp, messages: string];

const languages: Language[] = [
  [
    /\b(?:nicht|der|die|das|wurde|Fehler|keine?|Speicherplatz|erlaubt|fehl|keiner|nichts|Konflikt|Abhängigkeits\w{0,20}|Paketes?)\b/i,
    germanPackages + german,
  ],
  [
    /\b(?:impossible|aucune?|erreur|refusée|commande|dépendances|paquets?|pas|trop|réseau|clé|déjà)(?![a-z])/i,
    frenchPackages + french,
  ],
  [
    /\b(?:no (?:se|existe|queda)|permiso|error (?:de|al|interno)|fallo|falló|pero|paquetes?|rehusada|orden)\b/i,
    spanishPackages + spanish,
  ],
  [/[\u4e00-\u9fff]/, chinesePackages + chinese + traditionalChinese + chineseWindows],
  [/não |falha |erro |inexistente|negada|recusada|impossível/i, portuguesePackages + portuguese],
  [
    /\b(?:impossibile|errore|negato|rifiutata|occupata|scaduta|esaurito|pacchett[oi])\b|non (?:esist|valid|perm|trovat|supp|ha |è )/i,
    italianPackages + italian,
  ],
  [/[\u0400-\u04ff]/, russianPackages + russian + russianWindows],
  [/[\u3040-\u30ff]/, japanesePackages + japanese + japaneseWindows],
  [/[\uac00-\ud7af]/, korean + koreanWindows],
  [
    /[à-ÿąćęłńśźż]|\b(?:der|ist|durch|beim|dass|wird|nicht|de|du|della|il|nel|non|una|une|est|del|la|el|los|las|para|ao|nie|jest|lub|dystrybucji|richiede|completare|Eine)\b|h[iy]pervisor|inesperado|imprevisto|inattendu|Unerwartet|Nieoczekiw/i,
    latinWindows,
  ],
  [/\bAddress in use\b|Name does not resolve|No file descriptors available/, musl],
];

const rules = new Map<Language, [of: RegExp, english: string][]>();

/** What stands for a punctuation mark. */
const pieces: Record<string, string> = { "'": "['\"]?", ":": "[:\uff1a]", ",": "[,\uff0c]" };

/** What stands for a placeholder: a word, or words between quotes. */
const word = "['\"]?((?<=['\"])[^'\"\\n]{1,200}(?=['\"])|[^\\s'\"]{1,200})['\"]?";

/** The expression that finds a translation, and the replacement. */
function ruleOf(line: string): [RegExp, string] {
  const [english, translation] = line.split(" = ") as [string, string];
  const order = [...translation.matchAll(/\{(\d)\}/g)].map(([, number]) => number!);
  const source = translation.replace(/[.*+?^$()|[\]\\/]/g, "\\$&").replace(
    / ?(?:\{\d\}|[':,]) ?| /g,
    (part) => part === " " ? "[ \\n]{1,3}" : `[ \\n]{0,3}${pieces[part.trim()] ?? word} {0,3}`,
  );
  const replacement = english.replace(/\{(\d)\}/g, (_, number) => `$${order.indexOf(number) + 1}`);
  return [new RegExp(source, "gi"), english.endsWith(":") ? `${replacement} ` : replacement];
}

/**
 * Replaces known translations in a text by the English messages. Its lines stay the same in number.
 */
export function translated(text: string): string {
  let found = text;
  for (const language of languages) {
    const [marks, messages] = language;
    if (!marks.test(text)) continue;
    // the quotation marks of French, German and Spanish
    found = found.replace(
      /\u00ab ?([^\u00ab\u00bb\n]{1,200}?) ?\u00bb|\u00bb([^\u00ab\u00bb\n]{1,200})\u00ab/g,
      "'$1$2'",
    );
    if (!rules.has(language)) rules.set(language, messages.trim().split(/\n+/).map(ruleOf));
    for (const [of, english] of rules.get(language)!) {
      found = found.replace(of, (part: string, ...words: unknown[]) =>
        // a window can have broken the message: what follows stays on its line
        english.replace(/\$(\d)/g, (_, number) => `${words[Number(number) - 1]}`) + part.replace(/[^\n]/g, ""));
    }
  }
  return found;
}
