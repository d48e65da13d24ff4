import type { Failure } from "../types.mts";
import { guestFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";
import { serviceWords } from "./script-lines.mts";

const ps = guestFix("Check which services run, and how others ended", "docker compose ps --all");
const log = guestFix("Read its log from the first line", "docker compose logs --no-color SERVICE");
const owner = guestFix("Check the owner and mode of the folder, as numbers", "ls -ln FOLDER");

/** What Prisma, which many services in Node.js use for their database, says by its codes. */
export const serviceDatabaseFailures = (): Failure[] =>
  rows({
    layer: "docker",
    source: "Prisma (error reference), PostgreSQL (pg_hba.conf); BerriAI/litellm#9876 (2025-04), " +
      "langfuse/oss-llmops-stack#9 (2025-02), langfuse/langfuse#3676 (2024-10), read 2026-11",
  }, [
    [
      "verify.service",
      "cause",
      /P1000: Authentication failed against database server|MongoServerError: Authentication failed/,
      "the database refuses the name or password of the service: it keeps those of its first start in its volume, " +
      "whatever the environment says later",
      "Write the first password into the service's database URL (special characters URL-encoded), or change it " +
      "inside the database",
      "If the data may go: docker compose down --volumes deletes all volumes of the project, then up -d",
    ],
    [
      "verify.service",
      "symptom",
      /P1001: Can't reach database server at|P1017: Server has closed the connection/,
      "the service does not reach its database: that one does not run yet, ended, or is in another network",
      ps,
      "Read the database's log first; then depends_on: with condition: service_healthy and a healthcheck:",
    ],
    [
      "verify.service",
      "cause",
      /(?<![A-Za-z] )Error(?: code)?: P3005\b|database schema is not empty\. Read more about how to baseline/,
      "the service finds a database that other tables are in already, and no record of its own migrations: it is " +
      "another program's, or was restored without that record",
      "Give the service a database of its own; or restore the whole backup, with the table _prisma_migrations",
    ],
    [
      "verify.service",
      "symptom",
      /The table [`']?[\w.]{1,80}[`']? does not exist in the current database/,
      "the service's database has no tables yet or those of another release: the service that makes them (web, " +
      "migrate) has not run or failed",
      "Wait until that one is ready, and read its log if it is not; then restart this service",
    ],
    [
      "verify.service",
      "cause",
      /no pg_hba\.conf entry for host "/,
      "PostgreSQL does not allow that user to log in from this address, or not without encryption",
      "Add a line for the network of the containers to pg_hba.conf (host DATABASE USER 172.16.0.0/12 scram-sha-256), " +
      "then reload it",
      "If the line says “no encryption”: connect with sslmode=require",
    ],
  ]);

/** What the runtimes of languages print in a container: memory, versions, files of the program itself. */
export const serviceRuntimeFailures = (): Failure[] =>
  rows({
    layer: "image",
    near: serviceWords,
    shared: true,
    source:
      "Node.js 24 (V8), OpenJDK 25, npm, Ruby 3.4, musl 1.2, dash; langfuse/langfuse#4683 (2024-12), read 2026-11",
  }, [
    [
      "host.memory",
      "cause",
      /JavaScript heap out of memory|OutOfMemoryError: (?:Java heap space|GC overhead|Metaspace|Compressed class)/,
      "the service used up the memory that its runtime (Node.js, Java) allows it, which is less than the machine's",
      "Node.js: NODE_OPTIONS=--max-old-space-size=4096; Java: -Xmx4g in JAVA_OPTS or JAVA_TOOL_OPTIONS; and " +
      "mem_limit: of the service above it",
    ],
    [
      "host.memory",
      "symptom",
      /^MemoryError(?:: |$)|memory allocation of \d{4,16} bytes failed|instance of 'std::bad_alloc'|Worker \(pid:\d{1,8}\) was sent SIGKILL!|\bfork: Cannot allocate memory/,
      "the program got no more memory (RAM): the container's limit or the machine's is reached, or a file that it " +
      "reads is damaged",
      guestFix("Check what is used", "free -m"),
      "Raise mem_limit: of that service, or give the machine more (memory:)",
    ],
    [
      "guest.image",
      "cause",
      /UnsupportedClassVersionError|The engine "node" is incompatible with this module/,
      "the program is made for a newer Java or Node.js than the image has",
      "Use an image with the release that the line names, or an older release of the program",
    ],
    [
      "guest.image",
      "cause",
      /Error relocating \/\S{1,160}: \w{1,60}: symbol not found/,
      "a library or program for another C library (glibc) runs on an image of Alpine (musl), or was built for " +
      "another release of it",
      "Use the image's variant for Debian (without -alpine), or install the Alpine package of that program",
    ],
    [
      "guest.image",
      "fallback",
      /Unable to access jarfile |Could not find or load main class |FileNotFoundException: \/\S{1,160} \(No such file/,
      "Java does not find a file in the container: a mount hides it, its path is wrong, or the image was built " +
      "without it",
      "Check that no volume is mounted over the program's folder, and that volumes: brings the files it needs",
      log,
    ],
    [
      "verify.service",
      "fallback",
      anyOf(
        /: (?:line )?[12]: (?:syntax error: unexpected "?[()]|Syntax error: (?:"\(" unexpected|word unexpected))/,
        /cannot execute binary file: Exec format/,
      ),
      "the shell read a program as if it were a script: it is built for another CPU architecture, or is not a whole " +
      "file",
      guestFix("Show the machine's architecture", "uname -m"),
      "Use the image for it (platform: of that service must not name another), and build or download the program for " +
      "it",
    ],
    [
      "verify.service",
      "fallback",
      /TomlDecodeError|TOML parse error at line/,
      "a TOML file of the service is not correct at the place that the line names",
      "Correct that file; text values need quotes",
    ],
    [
      "verify.service",
      "fallback",
      anyOf(
        /Permission denied @ (?:rb_sysopen|dir_s_mkdir|apply2files|rb_file_s_\w{3,12})/,
        /filesystem error: [^\n]{1,200}Permission denied|in '\/[^'\n]{1,160}': eacces\b|cookie file '\/[^'\n]{1,160}': eacces/,
        /kind: PermissionDenied, message: |_DIR is not writ(?:e)?able|(?:directory|folder) \S{1,160} is not writ(?:e)?able/,
        /GF_PATHS_DATA='[^'\n]{1,160}' is not writable|Unable to open log file \S{1,160} for writing/,
      ),
      "the service is not allowed to write to the file or folder that the line names: its volume most often " +
      "belongs to another user than the one the service runs as",
      owner,
      "Give it to the service's user: chown -R UID:GID FOLDER (the numbers of user:, PUID and PGID, or of the image)",
    ],
    [
      "verify.service",
      "fallback",
      anyOf(
        /Address (?:is )?(?:already )?in use(?!\w)|EADDRINUSE/,
        /bind\(\) to \S{1,60} failed \(98: |Port \d{2,5} (?:was|is) (?:already )?in use|Connection in use: \('/,
        /Socket '\S{4,60}' already in use/,
      ),
      "another program in that container has the port; with network_mode: host, any program of the machine",
      guestFix("With network_mode: host, see which", "ss -lntp"),
      "Do not start the service's program twice (command: and the image's own), or set another port for it",
    ],
    [
      "verify.service",
      "fallback",
      anyOf(
        /java\.net\.ConnectException: Connection refused|Connection to \S{1,80}:\d{2,5} refused\. Check that/,
        /httpx\.ConnectError: (?:All connection attempts failed|\[Errno 111\])|Connect call failed \('|SocketException \(111\): Connection refused/,
        /ConnectionRefusedError: \[Errno 111\]|Connection refused \(os error 111\)/,
        /curl: \(7\) Failed to connect to \S{1,80} port \d{1,5}(?: after \d{1,6} ms)?: (?:Connection refused|Couldn't connect|Could not connect)/,
        /Failed to establish a new connection: \[Errno 111\]/,
      ),
      "nothing answers at the address that the service asks: the other service does not run yet, ended, or listens " +
      "for itself only (127.0.0.1); in a container, localhost is the container itself",
      ps,
      "Use the other service's name instead of localhost, and let it listen on 0.0.0.0; for a program of the host: " +
      "host.docker.internal with extra_hosts: ['host.docker.internal:host-gateway']",
    ],
    [
      "verify.service",
      "cause",
      /permissions \d{3,4} for \/\S{1,160} are too open/,
      "the service does not take a file with secrets that other users may read",
      guestFix("Leave it to its owner", "chmod 600 FILE"),
      "A share or a folder of Windows keeps no such modes: use a named volume",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /cannot open '?\/dev\/(?:tty(?:ACM|USB|AMA)\d|serial\/)|Error (?:opening|while opening serialport) '?\/dev\/(?:tty|serial)/,
        /could not open port '?\/dev\/(?:tty|serial)|No such file or directory:? '?\/dev\/(?:tty(?:ACM|USB|AMA)\d|serial\/)/,
      ),
      "the service does not find its USB or serial device: it was not given to the container, or has another name " +
      "since it was plugged in again",
      guestFix("List them", "ls -l /dev/serial/by-id"),
      "Write devices: ['/dev/serial/by-id/NAME:/dev/ttyACM0'] for that service; in a VM, pass the USB device to it " +
      "first",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /is CONFIG_TUN enabled in your kernel|Cannot open TUN\/TAP dev/,
        /creating tun device: [^\n]{0,120}(?:not permitted|denied|no such (?:file|device)|resource busy|file exists)/,
        /\/dev\/net\/tun\S{0,2}:? (?:no such file|operation not permitted|does not exist)/,
      ),
      "the VPN's container has no TUN device, or is not allowed to use it",
      "Write devices: [/dev/net/tun] and cap_add: [NET_ADMIN] for that service",
      guestFix("Check that the machine has it", "sh -c 'modprobe tun; ls -l /dev/net/tun'"),
    ],
    [
      "verify.service",
      "cause",
      /Unable to access interface: Protocol not supported/,
      "the service needs WireGuard from the kernel that runs, which has none or could not load its module",
      guestFix("Load it on the machine", "modprobe wireguard"),
      "After an update of the kernel: reboot first; then create the container again",
    ],
  ]);
