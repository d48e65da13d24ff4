/** The users that common images run as, and the folders in which these must be able to write. */

interface Row {
  /** The end of the repository's name, without a tag, so that mirrors match. */
  image: RegExp;
  /** Number of the user. */
  uid: number;
  /** Folders in the container that the program writes into. */
  writes: RegExp;
  source: string;
  /** When the source was read. */
  read: string;
}

const read = "2026-11-27";

/**
 * Images that start as another user than root and do not change the owner of what is mounted. Those that start as root
 * (Open WebUI, Ollama, PostgreSQL, Redis, linuxserver.io's) need no row.
 */
export const imageUsers: Row[] = [
  {
    image: /(^|\/)grafana\/grafana(-oss|-enterprise)?$/,
    uid: 472,
    // dashboards of a project are only read
    writes: /^\/var\/lib\/grafana(\/(?!dashboards)|$)/,
    source: "grafana.com/docs/grafana, setup by Docker: user 472",
    read,
  },
  {
    image: /(^|\/)(prom|prometheus)\/prometheus$/,
    uid: 65534,
    writes: /^\/prometheus(\/|$)/,
    source: "github.com/prometheus/prometheus, Dockerfile: USER nobody",
    read,
  },
  {
    image: /(^|\/)(prom|prometheus)\/alertmanager$/,
    uid: 65534,
    writes: /^\/alertmanager(\/|$)/,
    source: "github.com/prometheus/alertmanager, Dockerfile: USER nobody",
    read,
  },
  {
    image: /(^|\/)grafana\/(loki|tempo)$/,
    uid: 10001,
    writes: /^\/(loki|var\/loki|tmp\/loki|var\/tempo)(\/|$)/,
    source: "github.com/grafana/loki, cmd/loki/Dockerfile: USER 10001; grafana/tempo likewise",
    read,
  },
  {
    image: /(^|\/)n8nio\/n8n$/,
    uid: 1000,
    writes: /^\/home\/node(\/|$)/,
    source: "github.com/n8n-io/n8n, docker/images/n8n/Dockerfile: USER node",
    read,
  },
  {
    image: /(^|\/)jupyter\/[\w-]+-notebook$/,
    uid: 1000,
    writes: /^\/home\/jovyan(\/|$)/,
    source: "github.com/jupyter/docker-stacks, docker-stacks-foundation/Dockerfile: NB_UID=1000",
    read,
  },
  {
    image: /(^|\/)nodered\/node-red$/,
    uid: 1000,
    writes: /^\/data(\/|$)/,
    source: "github.com/node-red/node-red-docker, Dockerfile.alpine: node-red, 1000",
    read,
  },
  {
    image: /(^|\/)langflowai\/langflow$/,
    uid: 1000,
    writes: /^\/app\/(data|langflow)(\/|$)/,
    source: "github.com/langflow-ai/langflow, docker/build_and_push.Dockerfile: user, 1000",
    read,
  },
  {
    image: /(^|\/)speaches-ai\/speaches$/,
    uid: 1000,
    writes: /^\/home\/ubuntu(\/|$)/,
    source: "github.com/speaches-ai/speaches, Dockerfile: USER ubuntu, 1000",
    read,
  },
  {
    image: /(^|\/)(elasticsearch|opensearchproject\/opensearch)$/,
    uid: 1000,
    writes: /^\/usr\/share\/(elasticsearch|opensearch)\/(data|logs)(\/|$)/,
    source: "elastic.co/guide, install by Docker: user 1000:0; opensearch.org likewise",
    read,
  },
  {
    image: /(^|\/)jenkins\/jenkins$/,
    uid: 1000,
    writes: /^\/var\/jenkins_home(\/|$)/,
    source: "github.com/jenkinsci/docker, README: user 1000",
    read,
  },
];

/** The row of an image; undefined if its user is not known, or if it starts as root. */
export function imageUser(image: string): { uid: number; writes: RegExp } | undefined {
  const plain = image.split("@")[0]!.replace(/:[^/:]*$/, "");
  return imageUsers.find((row) => row.image.test(plain));
}
