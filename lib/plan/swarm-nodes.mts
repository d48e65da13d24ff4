/** The nodes of a Swarm with machines on several hosts: what they answer, and what they are asked next. */
import type { SwarmState } from "../host/state.mts";
import { factsOf } from "../verify/guest-facts.mts";

/** What `swarm-node.sh ticket` prints: how a node joins. */
export interface Ticket {
  /** The manager's address. */
  address: string;
  /** The ids of the nodes. */
  nodes: string[];
  /** The token for workers: a secret. */
  token: string;
}

/** What `swarm-node.sh facts` prints. */
export interface NodeFacts {
  /** The id of the node; absent if the machine is in no Swarm. */
  id?: string;
  /** The number of its NVIDIA cards. */
  cards: number;
}

/** The ticket in an answer of the manager; undefined if it is incomplete or malformed. */
export function ticketIn(text: string): Ticket | undefined {
  const facts = factsOf(text);
  const address = facts.one("address") ?? "";
  const token = facts.one("token") ?? "";
  const nodes = facts.all("node");
  if (!/^[0-9.]+$/.test(address) || !/^[A-Za-z0-9-]+$/.test(token)) return undefined;
  return nodes.every((id) => /^[a-z0-9]+$/.test(id)) ? { address, nodes, token } : undefined;
}

/** The most cards of one machine: swarm-node.sh gives the node a label for each. */
const mostCards = 64;

/** The facts in an answer of a machine; undefined if it is incomplete, or no machine has that many cards. */
export function nodeFactsIn(text: string): NodeFacts | undefined {
  const { one } = factsOf(text);
  const id = one("id") ?? "";
  const cards = one("cards") ?? "";
  if (!/^(?:[a-z0-9]+|-)$/.test(id) || !/^\d+$/.test(cards) || Number(cards) > mostCards) return undefined;
  return { ...(id === "-" ? {} : { id }), cards: Number(cards) };
}

/**
 * What a machine does to become a node: nothing; join; or first leave the Swarm that it joined last, which the manager
 * does not know any more. `known`: its id when it joined. A machine in a Swarm that was not recorded is left as it is:
 * `join` refuses it.
 */
export function joiningWay(id: string | undefined, known: string | undefined, nodes: string[]): ("leave" | "join")[] {
  if (id !== undefined && nodes.includes(id)) return [];
  return id !== undefined && id === known ? ["leave", "join"] : ["join"];
}

/** The record of a lab with these nodes, by their ids, besides its other nodes in the same Swarm. */
export function withNodes(before: SwarmState | undefined, manager: string, ids: Record<string, string>): SwarmState {
  const same: SwarmState = before?.manager === manager ? before : { manager, nodes: [] };
  return { ...same, nodes: [...new Set([...same.nodes, ...Object.keys(ids)])], ids: { ...same.ids, ...ids } };
}
