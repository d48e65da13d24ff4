/** The users that common images run as, and the folders in which these must be able to write. */
import { imageParts } from "./image-name.mts";

interface Row {
  /** The end of the repository's name, without a tag, so that mirrors match. */
  image: RegExp;
  /** The tags that the row applies to; without it, all of them. */
  tag?: RegExp;
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
    source: "github.com/grafana/grafana, packaging/docker/ubuntu.Dockerfile: USER 472; run.sh logs to the console",
    read,
  },
  {
    image: /(^|\/)(prom|prometheus)\/(prometheus|alertmanager)$/,
    tag: /distroless/,
    uid: 65532,
    writes: /^\/(prometheus|alertmanager)(\/|$)/,
    source: "github.com/prometheus, prometheus and alertmanager, Dockerfile.distroless: 65532, since Prometheus 3.10",
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
    image: /(^|\/)grafana\/loki$/,
    uid: 10001,
    writes: /^\/(loki|var\/loki|tmp\/loki)(\/|$)/,
    source:
      "github.com/grafana/loki, cmd/loki/Dockerfile: USER 10001; path_prefix in cmd/loki and production/helm/loki",
    read,
  },
  {
    image: /(^|\/)grafana\/tempo$/,
    // before 2.5.0 it ran as root
    tag: /^(?!v?([01]|2\.[0-4])(\.|$|-))/,
    uid: 10001,
    writes: /^\/var\/tempo(\/|$)/,
    source: "github.com/grafana/tempo, cmd/tempo/Dockerfile: USER 10001; pull request 2265, in 2.5.0",
    read,
  },
  {
    image: /(^|\/)n8nio\/n8n$/,
    uid: 1000,
    writes: /^\/home\/node(\/|$)/,
    source:
      "github.com/n8n-io/n8n, docker/images/n8n/Dockerfile: USER node, which nodejs/docker-node creates with 1000",
    read,
  },
  {
    image: /(^|\/)jupyter\/[\w-]+-notebook$/,
    uid: 1000,
    writes: /^\/home\/jovyan(\/|$)/,
    source: "github.com/jupyter/docker-stacks, images/docker-stacks-foundation/Dockerfile: NB_UID=1000",
    read,
  },
  {
    image: /(^|\/)nodered\/node-red$/,
    uid: 1000,
    writes: /^\/data(\/|$)/,
    source: "github.com/node-red/node-red-docker, .docker/Dockerfile.alpine: node-red, 1000",
    read,
  },
  {
    image: /(^|\/)langflowai\/langflow$/,
    uid: 1000,
    writes: /^\/app\/(data|langflow)(\/|$)/,
    source:
      "github.com/langflow-ai/langflow, docker/build_and_push.Dockerfile: user, 1000; docker_example for the folder",
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
    image: /(^|\/)mintplexlabs\/anythingllm$/,
    uid: 1000,
    writes: /^\/app\/(server\/storage|collector\/(hotdir|outputs))(\/|$)/,
    source: "github.com/Mintplex-Labs/anything-llm, docker/Dockerfile: ARG_UID=1000, USER anythingllm",
    read: "2026-11-28",
  },
  {
    image: /(^|\/)danny-avila\/librechat(-dev)?$/,
    uid: 1000,
    writes: /^\/app\/((api\/)?logs|uploads|client\/public\/images)(\/|$)/,
    source: "github.com/danny-avila/LibreChat, Dockerfile: USER node of node:20-alpine, 1000",
    read: "2026-11-28",
  },
  {
    image: /(^|\/)dpage\/pgadmin4$/,
    uid: 5050,
    writes: /^\/var\/lib\/pgadmin(\/|$)/,
    source: "github.com/pgadmin-org/pgadmin4, Dockerfile: USER 5050, VOLUME /var/lib/pgadmin",
    read: "2026-11-28",
  },
  {
    image: /(^|\/)bitnami(legacy|secure)?\/(postgresql|mongodb|redis|valkey|mariadb|mysql|kafka|minio|rabbitmq)$/,
    uid: 1001,
    writes: /^\/bitnami(\/|$)/,
    source: "github.com/bitnami/containers, such as bitnami/mongodb/8.0/debian-12/Dockerfile: USER 1001",
    read: "2026-11-28",
  },
  {
    image: /(^|\/)elasticsearch$/,
    uid: 1000,
    writes: /^\/usr\/share\/elasticsearch\/(data|logs)(\/|$)/,
    source: "github.com/elastic/elasticsearch, distribution/docker/src/docker, default/Dockerfile: USER 1000:0",
    read,
  },
  {
    image: /(^|\/)opensearchproject\/opensearch$/,
    uid: 1000,
    writes: /^\/usr\/share\/opensearch\/(data|logs)(\/|$)/,
    source:
      "github.com/opensearch-project/opensearch-build, docker/release/dockerfiles/opensearch.al2023.dockerfile: 1000",
    read,
  },
  {
    image: /(^|\/)jenkins\/jenkins$/,
    uid: 1000,
    writes: /^\/var\/jenkins_home(\/|$)/,
    source: "github.com/jenkinsci/docker, debian/bookworm/hotspot/Dockerfile: ARG uid=1000, USER jenkins",
    read,
  },
];

/** The first row of an image; undefined if its user is not known, or if it starts as root. */
export function imageUser(image: string): { uid: number; writes: RegExp } | undefined {
  const [name, tag] = imageParts(image);
  return imageUsers.find((row) => row.image.test(name) && (row.tag?.test(tag) ?? true));
}
