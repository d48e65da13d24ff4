// What fresh clones of public Compose projects showed: stacks of AnythingLLM, Frigate, Immich, vLLM, Firefly III,
// Langfuse, Whisper and others. What Compose says of them was run with 2.26.1 on 2026-11-28.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { placeOf } from "../lib/checks/compose-flaw.mts";
import { runChecks } from "../lib/checks/index.mts";
import { noComposeFile } from "../lib/compose/no-compose-file.mts";
import type { ComposeProject } from "../lib/compose/types.mts";
import { readProject } from "../lib/compose/read-project.mts";
import { parseConfig } from "../lib/config/parse.mts";
import { resolveConfig } from "../lib/resolve/resolve.mts";
import { fakeShell } from "./fake.mts";
import { savedHost } from "./hosts.mts";

const test = suite("compose clones");
const card = savedHost("rtx4070-desktop-debian12");
const machine =
  "machines: [{name: a, box: lab/x, image: debian-13, cpus: 4, memory: 4096, provider: libvirt, gpu: {device_id: 2786}}]";

/** Doctor's findings for one stack, as `status PLACE message -> fix`. `answer`: what Compose prints, if it is asked. */
async function findings(files: Record<string, string>, answer?: string, config = machine) {
  const paths = Object.entries(files).map(([path, text]) => [`/lab/p/${path}`, text]);
  const project = await readProject(
    fakeShell(Object.fromEntries(paths), answer === undefined ? {} : { "docker compose": { code: 15, err: answer } })
      .shell,
    { name: "p", machine: "a", folder: "/lab/p", profiles: [] },
    answer === undefined ? undefined : { command: ["docker", "compose"], version: "2.26.1" },
  );
  return runChecks(card, { ...resolveConfig(parseConfig(config), card), projects: [project] }, ["services.compose"])
    .filter(({ status }) => status === "fail" || status === "warn")
    .map(({ status, message, evidence, fix }) => `${status} ${evidence[0]?.read} ${message} -> ${fix[0]?.title ?? ""}`);
}
const compose = (text: string) => findings({ "compose.yaml": text });

test("a missing file is created, and no folder in its place for the service's user", async () => {
  const files = {
    "compose.yaml":
      'services:\n  web:\n    image: x\n    user: "1000:1000"\n    volumes: ["./.env:/app/.env", "./keys/nas_rsa:/run/key"]\n' +
      "    env_file:\n      - .env\n",
    ".env.example": "A=1\n",
  };
  assert.equal(await findings(files), [
    "fail p/compose.yaml:5 p: web mounts the files .env and keys/nas_rsa, which do not exist: Docker would create " +
    "folders of these names -> Copy .env.example to .env, and fill it in. Create keys/nas_rsa",
    "fail p/compose.yaml:7 p: web needs the env file .env, which does not exist -> Copy .env.example to .env, and fill it in",
  ]);
});

test("names that end like a key or a script, and are folders", async () => {
  const of = (path: string) => compose(`services:\n  web: {image: x, volumes: ["./${path}:/x/${path}"]}\n`);
  for (const folder of ["easy_rsa", "www.example.pl", "keys_rsa.d"]) assert.equal(await of(folder), [], folder);
  for (const file of ["id_rsa", "ssh_host_ed25519_key", "deploy_key_rsa", "keys/nas_rsa", "scripts.pl"]) {
    assert.match(String(await of(file)), /^fail .* mounts the file /, file);
  }
});

test("folders that images of AnythingLLM, pgAdmin, LibreChat and Bitnami cannot write", async () => {
  const rows: [string, string, number][] = [
    ["mintplexlabs/anythingllm:latest", "/app/server/storage", 1000],
    ["dpage/pgadmin4", "/var/lib/pgadmin", 5050],
    ["ghcr.io/danny-avila/librechat-dev:latest", "/app/api/logs", 1000],
    ["bitnami/mongodb", "/bitnami/mongodb/data", 1001],
  ];
  for (const [image, target, uid] of rows) {
    const [found = ""] = await compose(`services:\n  web: {image: "${image}", volumes: ["./data:${target}"]}\n`);
    assert.match(found, new RegExp(`^warn .*mounts data, which Docker creates for root, but runs as user ${uid} `));
    assert.equal(await compose(`services:\n  web: {image: "${image}", volumes: ["./data:/other"]}\n`), []);
  }
});

test("a wrong item of a list that Compose names has its own line, and its key has a value", async () => {
  const text = "services:\n  web:\n    image: x\n    command:\n    - --y\n    - --x='{\"a\": b}'\n    user: [1]\n";
  const said = "validating /lab/p/compose.yaml: services.web.command.1 must be a string";
  const found = await findings({ "compose.yaml": text }, said);
  assert.equal(found.filter((line) => /command/.test(line)), [
    'fail p/compose.yaml:6 p: services.web.command.1 must be a string -> Write - "--x={\\"a\\": b}"',
  ]);
  assert.not.match(found.join(), /Remove command:/);
});

test("a secret whose file is a variable without a value", async () => {
  const text = "services:\n  web: {image: x, secrets: [token, cert], environment: {ID: $ACCOUNT}}\n" +
    "secrets:\n  token:\n    file: ${TOKEN_FILE}\n  cert: {file: $CERT_FILE}\n";
  assert.equal((await compose(text)).sort(), [
    "fail p/compose.yaml:4 p: web needs the secret token and the secret cert, whose files have no name: Compose takes " +
    "the project's folder -> Set TOKEN_FILE and CERT_FILE in the project's .env",
    "warn p/compose.yaml:2 p: ACCOUNT has no value: Compose replaces it with an empty string, or omits it -> Set ACCOUNT in " +
    "the project's .env",
  ]);
});

test("limits of several services are one finding, in the file of the service that they extend", async () => {
  const found = await findings({
    "compose.yaml": "services:\n  one: {extends: {file: base.yaml, service: llm}}\n" +
      "  two:\n    extends:\n      file: base.yaml\n      service: llm\n  own: {image: y, cpus: 2, mem_reservation: 9g}\n",
    "base.yaml":
      "services:\n  llm:\n    image: x\n    cpus: 32\n    mem_limit: 64g\n    mem_reservation: 32g\n    shm_size: 16g\n",
  });
  assert.equal(found.map((one) => one.split(" -> ")[0]), [
    "fail p/base.yaml:4 p: one and two have limits of 32 CPUs, but a has 4: Docker does not start them",
    "warn p/base.yaml:5 p: one and two have limits of 65536 MiB, but a has 4096",
    "warn p/base.yaml:7 p: one and two have 16384 MiB of shared memory (shm_size), but a has 4096 MiB in all",
    "warn p/compose.yaml:7 p: own reserves 9216 MiB, but a has 4096",
  ]);
});

test("an image that exists only where it was built is one finding for all its services", async () => {
  const found = await compose("services:\n  a: {image: vllm-node-tf5}\n  b: {image: vllm-node-tf5}\n");
  assert.is(found.length, 1, found.join("\n"));
  assert.match(found[0]!, /p: a and b have the image vllm-node-tf5, which exists only where it was built/);
});

test("an env file outside the project's folder that does not exist is created first", async () => {
  const text = "services:\n  web:\n    image: x\n    env_file: ../env/.env.dev\n";
  const said = "env file /lab/env/.env.dev not found: stat /lab/env/.env.dev: no such file or directory";
  for (const answer of [undefined, said]) {
    const [found = "", ...more] = await findings({ "compose.yaml": text }, answer);
    assert.equal(more, []);
    assert.match(found, /^fail p\/compose\.yaml:4 .* outside the project's folder, where it does not exist -> Create /);
  }
  const secrets = "services: {web: {image: x, secrets: [a, b]}}\nsecrets: {a: {file: ../a}, b: {file: ../b}}\n";
  assert.match((await findings({ "compose.yaml": secrets })).join(), /, where they do not exist -> /);
});

test("/etc/timezone, which Debian 13 and Ubuntu 26.04 do not have", async () => {
  const text =
    'services:\n  web: {image: x, volumes: ["/etc/timezone:/etc/timezone:ro", "/etc/localtime:/etc/localtime"]}\n';
  const on = (image: string, more = "") =>
    findings({ "compose.yaml": text }, undefined, machine.replace("image: debian-13", `image: ${image}${more}`));
  assert.equal(await on("debian-12"), []);
  assert.equal(await on("ubuntu-24.04"), []);
  assert.equal(await on("debian-13", ", provision: [./zone.sh]"), []);
  assert.match(String(await on("ubuntu-26.04")), /^warn .*mounts \/etc\/timezone, which Ubuntu 26\.04 does not have/);
  assert.equal(await on("debian-13"), [
    "warn p/compose.yaml:2 p: web mounts /etc/timezone, which Debian 13 does not have: Docker makes a folder of that " +
    "name, and an image with this file does not start -> Remove the mount, and set TZ in the service's environment, " +
    "such as TZ: Europe/Berlin",
  ]);
  assert.match(String(await on("debian-13", ", engine: podman")), /fail .*Podman does not start the container/);
});

test("a dollar sign in a password is one, not a variable", async () => {
  const files = {
    "compose.yaml":
      "services:\n  web:\n    image: x\n    environment:\n      A: pa$word1\n      B: $A\n      C: x-$OTHER\n",
    ".env": "A=M$vHvX!i\n",
  };
  assert.equal((await findings(files)).map((one) => one.replace(/ p: .* -> /, " ")), [
    "warn p/compose.yaml:5, p/.env:1 If the dollar signs are part of the values, write $$ (compose.yaml:5) and put the " +
    "value in single quotes (.env:1); otherwise set word1 and vHvX",
    "warn p/compose.yaml:7 Set OTHER in the project's .env",
  ]);
  assert.equal(
    (await findings({ ...files, "compose.yaml": "services: {web: {image: x, environment: {B: $A}}}\n" })).map((one) =>
      one.split(" -> ")[1]
    ),
    ["If the dollar sign is part of the value, put the value in single quotes (.env:1); otherwise set vHvX"],
  );
  const text = "services:\n  web:\n    image: x\n    environment:\n      A: pa$word1\n";
  assert.match(String(await compose(text)), /part of the value, write \$\$ \(compose\.yaml:5\); otherwise set word1$/);
});

test("the hash of a password has dollar signs, and no variables", async () => {
  const of = async (value: string) =>
    (await compose(`services:\n  web:\n    image: x\n    labels:\n      - ${value}\n`)).map((one) =>
      one.replace(/^.* -> /, "")
    );
  for (
    const [hash, names] of [
      ["users=admin:$apr1$H6uskkkW$IgXLP6ewTrSuBkTrqE8wj/", "apr1, H6uskkkW and IgXLP6ewTrSuBkTrqE8wj"],
      ["users=$2y$05$abcdefgABCDEFG", "abcdefgABCDEFG"],
      ["hash=$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$RdescudvJC", "argon2id, v, m, c29tZXNhbHQ and RdescudvJC"],
    ]
  ) {
    const many = names!.includes(",");
    assert.equal(await of(hash!), [
      `If the dollar sign${many ? "s are" : " is"} part of the value${many ? "s" : ""}, write $$ (compose.yaml:5); ` +
      `otherwise set ${names}`,
    ]);
  }
  assert.equal(await of("path=$HOST/$DIR"), ["Set HOST, DIR in the project's .env"]);
  const image = await compose("services:\n  web:\n    image: x/y:v$VERSION\n    command: x-$HOST\n");
  assert.match(String(image), /-> Set VERSION, HOST in the project's \.env$/);
  // in one line with the image
  for (const line of ['{p: {image: x, command: "--addr=$A$B"}}', '{p: {command: "--addr=$A$B", image: x:1}}']) {
    assert.match(
      String(await compose(`services: ${line}\n`)),
      /write \$\$ \(compose\.yaml:1\); otherwise set A and B$/,
    );
  }
  assert.match(
    String(await compose("services: {p: {image: x:v$A$B, command: y}}\n")),
    /Set A, B in the project's \.env$/,
  );
  // a variable that the example of .env has is one
  const files = {
    "compose.yaml": "services:\n  web:\n    image: x\n    command: v$TAG\n",
    ".env.example": "TAG=1\n",
  };
  assert.match(String(await findings(files)), /-> Copy \.env\.example to \.env/);
  const env = await findings({
    "compose.yaml": "services: {web: {image: x, env_file: .env}}\n",
    ".env": "U=admin:$apr1$H6usk$IgX\n",
  });
  assert.match(String(env), /put the value in single quotes \(\.env:1\); otherwise set apr1, H6usk and IgX$/);
});

test("a secret without a name that no service gets hides no variable", async () => {
  const text = "services: {web: {image: x}}\nsecrets: {a: {file: $FILE}}\n";
  assert.match(
    String(await compose(text)),
    /FILE has no value: Compose replaces it .* -> Set FILE in the project's \.env/,
  );
});

test("a key of which all that was below it is a comment", async () => {
  const text = "services:\n  web:\n    image: x\n    environment:\n      # - A=1\n    ports: ['80:80']\n";
  const said = "validating /lab/p/compose.yaml: services.web.environment must be a mapping";
  assert.equal(await findings({ "compose.yaml": text }, said), [
    "fail p/compose.yaml:4 p: services.web.environment must be a mapping -> Remove environment:, which has no value, " +
    "or write its value",
  ]);
});

test("an Ollama at localhost of a service in the VM's network, where none runs", async () => {
  const text = (more = "", tag = "main") =>
    `services:\n  ui:\n    image: ghcr.io/open-webui/open-webui:${tag}\n    network_mode: host\n` +
    `    environment:\n      OLLAMA_BASE_URL: http://localhost:11434\n${more}`;
  assert.match(String(await compose(text())), /^warn p\/compose\.yaml:6 .*nothing on a runs Ollama -> Run Ollama in/);
  assert.equal(await compose(text("", "ollama")), []);
  const on = machine.replace("gpu:", "provision: [./ollama.sh], gpu:");
  assert.equal(await findings({ "compose.yaml": text() }, undefined, on), []);
  const other = (body: string) => `  other: {image: y, network_mode: host, ${body}}\n`;
  assert.equal(await compose(text(other("command: --listen :11434"))), []);
  assert.equal(await compose(text(other('environment: {PORT: "11434"}'))), []);
  // another one that calls it
  assert.match(
    String(await compose(text(other("environment: {A: http://localhost:11434}")))),
    /^warn .*ui and other have/,
  );
  assert.equal(await compose(`services:\n${other("environment: {OLLAMA_HOST: 127.0.0.1:11434}")}`), []);
  assert.equal(await compose(text("  llm: {image: ollama/ollama, network_mode: host, gpus: all}\n")), []);
});

test("an InfiniBand adapter is not in the VM", async () => {
  const found = await compose("services:\n  llm: {image: x, devices: [/dev/infiniband:/dev/infiniband]}\n");
  assert.match(
    String(found),
    /^fail .*uses \/dev\/infiniband \(an InfiniBand or RDMA adapter\), which the VM does not/,
  );
});

test("of several Compose files, those are proposed that a comment names together", async () => {
  const files = {
    "gpu.compose.yaml":
      "# docker compose -f base.compose.yaml -f gpu.compose.yaml up -d\nservices:\n  a: {gpus: all}\n",
    "base.compose.yaml": "services:\n  a: {build: ., ports: ['80:80']}\n",
  };
  const { shell } = fakeShell(Object.fromEntries(Object.entries(files).map(([name, text]) => [`/srv/${name}`, text])));
  const says = (names: string[]) => noComposeFile(shell, "/srv", names);
  assert.match(await says(Object.keys(files)), /COMPOSE_FILE=base\.compose\.yaml:gpu\.compose\.yaml into \/srv\/\.env/);
  assert.match(await says(["gpu.compose.yaml"]), /COMPOSE_FILE=gpu\.compose\.yaml into/);
  const set = async (comments: string, names: string[]) => {
    const texts = names.map((name) => [`/srv/${name}.compose.yaml`, "services: {}\n"]);
    const disk = { ...Object.fromEntries(texts), "/srv/base.compose.yaml": `${comments}services: {a: {image: x}}\n` };
    const found = await noComposeFile(
      fakeShell(disk).shell,
      "/srv",
      ["base", ...names].map((one) => `${one}.compose.yaml`),
    );
    return /COMPOSE_FILE=(\S+)/.exec(found)![1]!.replaceAll(".compose.yaml", "");
  };
  const line = (...names: string[]) => `docker compose${names.map((one) => ` -f ${one}.compose.yaml`).join("")}`;
  const both = `# CPU: ${line("base", "cpu")} up\n# GPU: ${line("base", "gpu")} up\n`;
  assert.is(await set(both, ["cpu", "gpu"]), "base:gpu");
  for (const mark of [";", " &&"]) {
    assert.is(await set(`# ${line("base", "gpu")} pull${mark} ${line("base", "gpu")} up\n`, ["gpu"]), "base:gpu");
  }
  // a command in two lines, and options without a space
  const twoLines = "# docker compose -f base.compose.yaml \\\n#   -f gpu.compose.yaml up\n";
  assert.is(await set(twoLines, ["gpu"]), "base:gpu");
  assert.is(await set("# docker compose -fbase.compose.yaml -fgpu.compose.yaml up\n", ["gpu"]), "base:gpu");
  // a set with a file for development is not proposed, though it has one for NVIDIA's cards
  const dev = `# ${line("base", "gpu", "dev")} up\n# ${line("base", "gpu")} up\n`;
  assert.is(await set(dev, ["gpu", "dev"]), "base:gpu");
  // "dev" is no word of these names, and amd64 is no card
  for (const name of ["devices", "swarm", "latest", "x-amd64"]) {
    assert.is(await set(`# ${line("base", name)} up\n`, [name]), `base:${name}`);
  }
  for (const name of ["dev", "x-windows", "macos.x", "arm64", "amd"]) {
    assert.is(await set(`# ${line("base", name)} up\n`, [name]), "base");
  }
});

test("a password of a database that is written without a value", async () => {
  const text = (image: string, line: string) =>
    `services:\n  db:\n    image: ${image}\n    environment:\n      - ${line}\n      - MYSQL_DATABASE=app\n    volumes: [./db:/var/lib/mysql]\n`;
  assert.equal(await compose(text("mysql:latest", "MYSQL_ROOT_PASSWORD=  # a strong password")), [
    "fail p/compose.yaml:5 p: db has MYSQL_ROOT_PASSWORD without a value: the container ends at its first start -> " +
    "Write a password as MYSQL_ROOT_PASSWORD",
  ]);
  assert.equal(await compose(text("mysql:latest", "MYSQL_ROOT_PASSWORD=x")), []);
  assert.equal(await compose(text("mysql:latest", "MYSQL_ALLOW_EMPTY_PASSWORD=yes")), []);
  // a value of these opens the database, so the password is named
  for (const name of ["MYSQL_ALLOW_EMPTY_PASSWORD", "MYSQL_RANDOM_ROOT_PASSWORD", "MYSQL_ROOT_PASSWORD_FILE"]) {
    assert.match(String(await compose(text("mysql:8", `${name}=`))), /-> Write a password as MYSQL_ROOT_PASSWORD$/);
  }
  assert.match(
    String(await compose(text("postgres:17", "POSTGRES_HOST_AUTH_METHOD="))),
    /-> Write a password as POSTGRES_PASSWORD$/,
  );
  assert.match(
    String(await compose(text("postgres:17", "POSTGRES_PASSWORD=${PW:-}"))),
    /^fail .* POSTGRES_PASSWORD without a value: .* -> Set PW in the project's \.env$/,
  );
  assert.match(
    String(await findings({ "compose.yaml": text("postgres:17", "POSTGRES_PASSWORD=$PW"), ".env": "PW=\n" })),
    /^fail .* -> Set PW in the project's \.env$/,
  );
  const shared = "x-db: &db {image: postgres:16, environment: {POSTGRES_PASSWORD: ''}}\n" +
    "services:\n  a:\n    <<: *db\n  b:\n    <<: *db\n";
  assert.equal((await compose(shared)).map((one) => one.replace(/^fail \S+ /, "")), [
    "p: a and b have POSTGRES_PASSWORD without a value: the containers end at their first start -> Write a password as " +
    "POSTGRES_PASSWORD",
  ]);
  const [unset = "", ...more] = await compose(text("postgres:17", "POSTGRES_PASSWORD=$PW"));
  assert.equal(more, []);
  assert.match(unset, /p: PW has no value: db does not start without a password/);
  const anchored = "x-e: &e {POSTGRES_PASSWORD: $PW}\nservices:\n  db: {image: postgres:17, environment: *e}\n";
  assert.match(String(await compose(anchored)), /^\w+ \S+ p: PW has no value: db does not start without a password/);
});

test("a password without a value: variables of other lines, services and values do not fill it", async () => {
  const db = "services:\n  db:\n    image: postgres:17\n    environment:\n";
  const empty = `${db}      POSTGRES_PASSWORD: ''\n`;
  const app = "  app:\n    image: x\n    environment: {POSTGRES_PASSWORD: $APP}\n";
  for (
    const text of [
      `${empty}    healthcheck:\n      test: PGPASSWORD=$$POSTGRES_PASSWORD psql -U $$POSTGRES_USER\n`,
      `${empty}      # POSTGRES_PASSWORD: $OLD\n`,
      empty + app,
      "services: {app: {image: x, environment: {POSTGRES_PASSWORD: $APP}}, db: {image: 'postgres:17', environment: {POSTGRES_PASSWORD: ''}}}\n",
      "services: {db: {image: 'postgres:17', environment: {POSTGRES_PASSWORD: ''}}, app: {image: x, environment: {POSTGRES_PASSWORD: $APP}}}\n",
      db.replace("environment:\n", "environment: {POSTGRES_PASSWORD: '', POSTGRES_USER: $DBUSER}\n"),
    ]
  ) {
    const found = await findings({ "compose.yaml": text, ".env": "OLD=1\nAPP=2\nDBUSER=3\n" });
    assert.match(
      found.join("\n"),
      /^fail [^\n]* POSTGRES_PASSWORD without a value: [^\n]* -> Write a password as POSTGRES_PASSWORD$/,
    );
    assert.match((await compose(text)).join("\n"), /^fail .* POSTGRES_PASSWORD without a value/m);
  }
});

test("the place of an entry that does not have the text is its own line, not another one with the text", () => {
  const texts = { "c.yaml": "services:\n  a: {image: gone}\nsecrets:\n  word:\n    file: x\n" };
  const project = { name: "p", machine: "a", folder: "/lab/p", profiles: [], texts } as unknown as ComposeProject;
  assert.is(placeOf(project, "gone", { section: "secrets", key: "word" }), "p/c.yaml:4");
});

test("a space in the default of an image's tag", async () => {
  assert.equal(await compose('services:\n  desk: {image: "lscr.io/linuxserver/webtop:${VERSION:- latest}"}\n'), [
    "fail p/compose.yaml:2 p: desk has the image “lscr.io/linuxserver/webtop: latest”, which is not an image name: it " +
    "has a space -> Write lscr.io/linuxserver/webtop:latest",
  ]);
});

test("texts that are not an image name: what is wrong, and the name that is meant where it is clear", async () => {
  for (
    const [image, answer] of [
      [
        "nginx latest",
        "“nginx latest”, which is not an image name: it has a space -> Write the image's name and tag, such as nginx:1.27",
      ],
      [
        '"nginx:1.27 # pinned"',
        "“nginx:1.27 # pinned”, which is not an image name: it has a space -> Write nginx:1.27",
      ],
      ['"nginx:1.27 "', "“nginx:1.27 ”, which is not an image name: it has a space -> Write nginx:1.27"],
      [
        "|\n      nginx:1.27\n",
        "“nginx:1.27\\n”, which is not an image name: it has a line break -> Write nginx:1.27 in the line of image:",
      ],
      [
        "x_/y:1",
        "“x_/y:1”, which is not an image name: its part x_ begins or ends with - . or _ -> Write the image's name and " +
        "tag, such as nginx:1.27",
      ],
      ['"nginx:\\t1.27"', "“nginx:\\t1.27”, which is not an image name: it has a tab -> Write nginx:1.27"],
      [`"'nginx:1.27'"`, "“'nginx:1.27'”, which is not an image name: it has quotes in it -> Write nginx:1.27"],
      ['"nginx:"', "“nginx:”, which is not an image name: it ends with : -> Write the tag after nginx:, or only nginx"],
      [
        '"nginx:: 1.27"',
        "“nginx:: 1.27”, which is not an image name: it has a space -> Write the image's name and tag, such as nginx:1.27",
      ],
      [
        '"http://ghcr.io/x/y: 1"',
        "“http://ghcr.io/x/y: 1”, which is not an image name: it has a space -> Write ghcr.io/x/y:1",
      ],
      [
        "https://hub.docker.com/r/grafana/grafana",
        "“https://hub.docker.com/r/grafana/grafana”, which is not an image name: it is a URL -> Write grafana/grafana",
      ],
      [
        "https://hub.docker.com/_/nginx/",
        "“https://hub.docker.com/_/nginx/”, which is not an image name: it is a URL -> Write nginx",
      ],
      [
        "docker://ghcr.io/x/y:1",
        "“docker://ghcr.io/x/y:1”, which is not an image name: it is a URL -> Write ghcr.io/x/y:1",
      ],
      ['"NGINX : 1.27"', "“NGINX : 1.27”, which is not an image name: it has a space -> Write nginx:1.27"],
      [
        '"nginx:1.27@"',
        "“nginx:1.27@”, which is not an image name: it ends with @ -> Write the digest after nginx:1.27@, or only nginx:1.27",
      ],
      ['"nginx:1.27:"', "“nginx:1.27:”, which is not an image name: it ends with : -> Write nginx:1.27"],
      [
        '"localhost:5000/:"',
        "“localhost:5000/:”, which is not an image name: it ends with : -> Write the image's name and tag, such as nginx:1.27",
      ],
      ['"NGINX:"', "“NGINX:”, which is not an image name: it ends with : -> Write the tag after nginx:, or only nginx"],
    ]
  ) {
    const found = await compose(`services:\n  web:\n    image: ${image}\n`);
    assert.equal(found.map((one) => one.replace(/^fail \S+ p: web has the image /, "")), [answer]);
  }
});

test("health checks of Loki from 3.6 on, Promtail and redis_exporter, whose images have no program for them", async () => {
  const text = (image: string, test: string) =>
    `services:\n  log: {image: "${image}", healthcheck: {test: ${test}}}\n` +
    "  web: {image: x, depends_on: {log: {condition: service_healthy}}}\n";
  const wget = '["CMD", "wget", "-q", "http://localhost:3100/ready"]';
  const own = /^fail .* wget, which the image .* -> Write test: \["CMD", "\/usr\/bin\/loki", "-health"\]$/;
  const none = /^fail .* which the image .* -> Remove the healthcheck, and write condition: service_started/;
  for (
    const [image, answer] of [
      ["grafana/loki:latest", own],
      ["grafana/loki", own],
      ["grafana/loki:3", own],
      ["grafana/loki:3.6.5", own],
      ["grafana/loki:3.7.2", own],
      ["grafana/loki:4.0.0", own],
      ["grafana/loki:3.6.4", none],
      ["oliver006/redis_exporter", none],
    ] as const
  ) {
    const [found = "", ...more] = await compose(text(image, wget));
    assert.equal(more, []);
    assert.match(found, answer, image);
  }
  // Loki tests itself at its default port only, and a shell is missing for its own test too
  assert.match(String(await compose(text("grafana/loki", wget.replace("3100", "3200")))), none);
  const shell = '"/usr/bin/loki -health || exit 1"';
  assert.match(
    String(await compose(text("grafana/loki", shell))),
    /with a shell, which .* Write test: \["CMD", "\/usr/,
  );
  assert.equal(await compose(text("grafana/loki", '["CMD", "/usr/bin/loki", "-health"]')), []);
  for (
    const image of [
      "grafana/loki:2.9.8",
      "grafana/loki:3.5.1",
      "grafana/promtail:2.9.8",
      "oliver006/redis_exporter:v1-alpine",
    ]
  ) {
    assert.equal(await compose(text(image, wget)), []);
  }
  // the port is that of the old test
  assert.match(String(await compose(text("grafana/promtail", wget))), /Write test: \["CMD", "bash", .*0\.1\/3100"\]$/);
  assert.match(String(await compose(text("n8nio/n8n", '"curl -f localhost:80"'))), /"http:\/\/localhost:80\/healthz"/);
  // in a container the service's own name is a host too
  assert.match(String(await compose(text("grafana/loki", wget.replace("localhost:3100", "log:3200")))), none);
  assert.match(String(await compose(text("grafana/loki", wget.replace("localhost", "log")))), own);
  assert.match(String(await compose(text("grafana/promtail:3", '"wget -q http://log:9999/ready"'))), /0\.1\/9999"\]$/);
  // no test is proposed for a port that is not known, nor one by HTTP where HTTPS is
  for (
    const [image, test] of [
      ["n8nio/n8n", '"curl -f http://localhost:$$N8N_PORT/"'],
      ["grafana/promtail", '"wget -q http://log:$${PORT}/ready"'],
      ["grafana/loki", '"wget -q http://localhost:$$PORT/ready"'],
      ["n8nio/n8n", '"curl -fk https://localhost:5678/"'],
    ] as const
  ) {
    assert.match(String(await compose(text(image, test))), none, test);
  }
  assert.match(
    String(await compose(text("ollama/ollama", '"curl -f http://localhost:$$PORT/"'))),
    /Write test: \["CMD", "ollama", "list"\]/,
  );
});

test("words of a shell after curl in a list are addresses: the services that wait do not start", async () => {
  const text = (image: string) =>
    `services:\n  app: {image: ${image}, healthcheck: {test: ["CMD", "curl", "-f", "http://localhost", "||", "exit", "1"]}}\n` +
    "  web: {image: x, depends_on: {app: {condition: service_healthy}}}\n";
  assert.match(
    String(await compose(text("y"))),
    /^fail .* passes \|\| to curl as a word: the services that wait for it do not start -> Write test: \["CMD-SHELL",/,
  );
  const quoted = '["CMD", "wget", "-qO-", "http://l/?a&b", "|", "grep", "a b", ">/dev/null"]';
  assert.match(
    String(await compose(`services:\n  app: {image: y, healthcheck: {test: ${quoted}}}\n`)),
    /Write test: \["CMD-SHELL","wget -qO- 'http:\/\/l\/\?a&b' \| grep 'a b' >\/dev\/null"\]$/,
  );
  // words keep their meaning in the shell
  for (
    const [words, command] of [
      ['"", "||", "exit 1"', "'' || exit 1"],
      ['"http://[::1]:80/~{a}", "||", "false"', "'http://[::1]:80/~{a}' || false"],
      ['"http://$$HOST/?a b", "||", "exit", "1"', '"http://$$HOST/?a b" || exit 1'],
      ['"a`b$$C", "||", "exit 2"', '"a\\`b$$C" || exit 2'],
    ]
  ) {
    const found = String(await compose(`services:\n  app: {image: y, healthcheck: {test: [CMD, curl, ${words}]}}\n`));
    assert.is(found.split("Write test: ")[1], JSON.stringify(["CMD-SHELL", `curl ${command}`]));
  }
  const ready = "services:\n  app: {image: y, healthcheck: {test: CMD pg_isready -U $$POSTGRES_USER}}\n";
  assert.match(String(await compose(ready)), /Write test: pg_isready -U \$\$POSTGRES_USER$/);
  // an image without the program has one finding, with another fix
  const ollama = (await compose(text("ollama/ollama"))).filter((one) => one.includes("healthcheck"));
  assert.match(ollama.join("\n"), /^fail [^\n]* -> Write test: \["CMD", "ollama", "list"\]$/);
});

test("env files that git-crypt encrypted, and the example of .env for another env file", async () => {
  const encrypted = "\0GITCRYPT\0q\x01=\n\x02\x03\n";
  const text = (file: string) => `services:\n  web: {image: x, env_file: ${file}, environment: {A: $A}}\n`;
  assert.equal(await findings({ "compose.yaml": text(".env"), ".env": encrypted }), [
    "fail p/.env:1 p: .env is encrypted by git-crypt: Compose cannot read it -> Run git-crypt unlock in the repository, " +
    "with its key",
  ]);
  assert.match(
    String(await findings({ "compose.yaml": text("app.env"), "app.env": encrypted, ".env": "A=1\n" })),
    /^fail p\/app\.env:1 p: app\.env is encrypted by git-crypt[^,]*, with its key$/,
  );
  const both = { "compose.yaml": text("[.env, .rr.env]"), ".env.example": "A=1\n" };
  assert.match(String(await findings(both)), /-> Copy \.env\.example to \.env, and fill it in\. Create \.rr\.env$/);
  const one = { "compose.yaml": text("prod.env"), ".env.example": "A=1\n" };
  assert.match(String(await findings(one)), /-> Copy \.env\.example to prod\.env, and fill it in$/);
});

test.run();
