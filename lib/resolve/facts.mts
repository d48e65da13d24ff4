/**
 * Every outside fact in the tables of `resolve/` and `host/`, with its source and the day on which
 * it was last checked.
 */
import { acsKernels } from "./acs-kernels.mts";
import { architectures, architecturesSource, chipsSource } from "./architectures.mts";
import { distroDrivers, driverBranches, firstInRepository, withoutProprietary } from "./branches.mts";
import { boardChips, migSource } from "./boards.mts";
import { capabilitySource } from "./capability.mts";
import { cardMemorySource } from "./card-memory.mts";
import { cudaSources } from "./cuda.mts";
import { imageSystems } from "./image-systems.mts";
import { imageSources, publishedFor } from "./images.mts";
import { unbuildable } from "./nvidia.mts";
import { appliances } from "../host/appliances.mts";
import { closedReleases } from "../host/closed-releases.mts";
import { withoutVtdSource } from "../host/processors.mts";
import { hashicorpFedora, hashicorpRhel } from "../host/upstream.mts";
import { packaged, packageNames } from "../host/packages.mts";
import { inits } from "../host/start-service.mts";
import { graphicsOnly, recentCards, suiteKernels } from "./graphics.mts";
import { noFunctionReset, noReset } from "./resets.mts";
import type { Source } from "./sources.mts";
import { switchBoards } from "./switch-boards.mts";
import { foreignProviders } from "./foreign-providers.mts";
import { supportTable } from "./support-table.mts";
import { vagrantPairs } from "./vagrant-pairs.mts";

/** A row of a table, or a table whose rows have one source: its subject, and its source. */
export interface Fact extends Source {
  name: string;
}

/** All facts. Add a new table here, so that its old rows are found. */
export function facts(): Fact[] {
  const named = (name: string, row: Source): Fact => ({ name, source: row.source, checked: row.checked });
  return [
    ...driverBranches.map((row) => named(`driver branch ${row.branch}`, row)),
    ...Object.entries(distroDrivers).flatMap(([suite, rows]) =>
      rows.map((row) => named(`driver ${row.branch} of ${suite}`, row))
    ),
    ...Object.entries(firstInRepository).map(([suite, row]) => named(`NVIDIA's repository for ${suite}`, row)),
    ...Object.entries(withoutProprietary).map(([source, row]) => named(`proprietary modules of ${source}`, row)),
    ...unbuildable.map((row) => named(`modules of ${row.branch} on ${row.suite}`, row)),
    ...Object.keys(architectures).map((name) => named(`architecture ${name}`, architecturesSource)),
    named("chips", chipsSource),
    ...cudaSources.map((row) => named("CUDA releases and families", row)),
    ...imageSources.map((row) => named("published images", row)),
    named("published boxes", publishedFor),
    ...imageSystems.map((row) => named(`images of ${row.name}`, row)),
    ...vagrantPairs.map((row) => named(`Vagrant for VirtualBox ${row.virtualbox}`, row)),
    ...acsKernels.map((row) => named(`ACS override of ${row.name}`, row)),
    ...[...noReset, ...noFunctionReset].map((row) => ({
      name: `reset of ${row.name}`,
      source: row.source,
      checked: row.date,
    })),
    ...boardChips.map((row) => named(`GPU of ${row.name}`, row)),
    named("cards with MIG", migSource),
    named("memory of cards", cardMemorySource),
    named("compute capabilities", capabilitySource),
    ...recentCards.map((row) => named(`first kernel of ${row.name}`, row)),
    ...graphicsOnly.map((row) => named(`computing with ${row.name}`, row)),
    ...Object.entries(suiteKernels).map(([suite, row]) => named(`kernel of ${suite}`, row)),
    ...switchBoards.map((row) => named(`board ${row.name}`, row)),
    ...appliances.map(({ name, source, date }) => ({ name: `system ${name}`, source, checked: date })),
    ...closedReleases.map(({ name, source, date }) => ({ name: `package servers of ${name}`, source, checked: date })),
    named("processors without VT-d", withoutVtdSource),
    ...inits.map(({ name, source, date }) => ({ name: `services of ${name}`, source, checked: date })),
    ...[
      ...packaged.map((row) => ({ ...row, name: `packages ${row.packages.join(" and ")}` })),
      { ...hashicorpFedora, name: "HashiCorp's folders for Fedora" },
      { ...hashicorpRhel, name: "HashiCorp's folders for RHEL" },
      ...packageNames,
    ].map(({ name, source, date }) => ({ name, source, checked: date })),
    ...supportTable.map((row) => named(`${row.provider}, ${row.uses.join(" and ")}, ${row.host}`, row)),
    ...Object.entries(foreignProviders).map(([name, row]) => named(`provider ${name}`, row)),
  ];
}

/** The facts that were last checked more than a year before a day (`2026-11-26`). */
export function oldFacts(day: string, all: Fact[] = facts()): Fact[] {
  const yearBefore = `${Number(day.slice(0, 4)) - 1}${day.slice(4)}`;
  return all.filter(({ checked }) => checked < yearBefore);
}
