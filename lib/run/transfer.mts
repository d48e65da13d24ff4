/** Reads the progress meter of curl. */
import { formatDuration } from "../text.mts";

/** The state of a transfer. */
export interface Transfer {
  /** The received part: `44.0 MiB`. */
  received: string;
  /** The total size, if the server reports it. */
  total: string | undefined;
  /** Per second: `10.5 MiB/s`. */
  rate: string;
  /** Time left, `0:00:31`; undefined where the total is not known. */
  left: string | undefined;
}

// percent, total, percent, received, percent, sent, two average rates, three times, current rate
// (curl, lib/progress.c)
const row =
  /^ *\d+ +([\d.]+[kMGTP]?) +\d+ +([\d.]+[kMGTP]?) +\d+ +[\d.]+[kMGTP]? +[\d.]+[kMGTP]? +[\d.]+[kMGTP]? +[-\d:dh ]+? +[-\d:dh ]+? +([-\d:dh ]+?) +([\d.]+[kMGTP]?) *$/;
const heading = /^ *% Total +% Received|^ *Dload +Upload/;

const sized = (text: string) =>
  /[kMGTP]$/.test(text) ? `${text.slice(0, -1)} ${text.at(-1)!.toUpperCase()}iB` : `${text} B`;

/** The transfer in a row of curl's meter; undefined for any other line. */
export function transferOf(line: string): Transfer | undefined {
  const [, total = "", received = "", left = "", rate = ""] = row.exec(line) ?? [];
  if (received === "") return undefined;
  // without a total from the server, its column shows the received bytes
  const hasTotal = total !== "0" && (total !== received || /\d/.test(left));
  return {
    received: sized(received),
    total: hasTotal ? sized(total) : undefined,
    rate: `${sized(rate)}/s`,
    left: /^[\d:]+$/.test(left) ? left : undefined,
  };
}

/** A transfer in one line: `44.0 MiB of 360 MiB, 10.5 MiB/s, 31 s left`. */
export function describeTransfer({ received, total, rate, left }: Transfer): string {
  return [
    `${received}${total === undefined ? "" : ` of ${total}`}`,
    rate,
    ...(left === undefined ? [] : [`${formatDuration(1000 * secondsOf(left))} left`]),
  ]
    .join(", ");
}

/** Seconds of a time as `0:00:31`. */
const secondsOf = (time: string) => time.split(":").reduce((sum, part) => 60 * sum + Number(part), 0);

/** A program's output without the rows of curl's meter, and the last of these rows in words. */
export function withoutMeter(text: string): { rest: string; last: string | undefined } {
  let last: string | undefined;
  const rest = text.split(/(?<=[\r\n])/).filter((piece) => {
    const line = piece.replace(/[\r\n]+$/, "");
    const transfer = transferOf(line);
    if (transfer) last = describeTransfer(transfer);
    return !transfer && !heading.test(line);
  });
  return { rest: rest.join(""), last };
}
