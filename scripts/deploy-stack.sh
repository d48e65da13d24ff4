#!/bin/sh
# Deploys a stack to the Swarm, and waits until its services run. Run it in the guest that is the
# manager, as root. A second run changes nothing.
#
#   deploy-stack.sh NAME TRIES     NAME: of the stack. TRIES: how often it looks, every 2 seconds,
#                                  while nothing is prepared (images are fetched)
#   PULL=yes                       looks for newer images and starts the services with them
#   SERVICES_ROOT=FOLDER           default: /opt/homelab-gpu
#
# In the folder is swarm.new.yaml; or, from a Compose project, model.json, which apply-stack.sh config
# wrote, and which swarm.new.yaml is made from. A file without services removes the stack; named volumes
# stay. On success the file is renamed to swarm.yaml, and a line for each service is printed:
# web: 2 running on ai bob; for a Compose project: NAME/web: …
#
#   deploy-stack.sh --keep NAME…   removes the stacks of all other Compose projects; keeps their volumes
#                                  and folders. SERVICES_ROOT: the folder of the projects
set -eu
name=$1 pause=${PAUSE:-2}
say() { printf 'deploy-stack: %s\n' "$*" >&2; }
root=${SERVICES_ROOT:-/opt/homelab-gpu}
# nothing was copied to this VM
if [ "$name" = --keep ] && ! [ -d "$root" ]; then exit 0; fi
cd "$root"
manager=$(docker info --format '{{.Swarm.ControlAvailable}}')
# a VM that is in no Swarm has no stacks, but may have the folders of some
if [ "$manager" != true ] && [ "$name" != --keep ]; then
  say "this node is not a manager of a Swarm"
  exit 1
fi
remove() { # NAME
  [ "$manager" = true ] || return 0
  docker stack ls --format '{{.Name}}' | grep -qx "$1" || return 0
  docker stack rm "$1" >&2
  # Docker does not wait until the networks, and with them the ports, are free
  left=30
  while [ "$left" -gt 0 ] && [ -n "$(docker network ls -q --filter "label=com.docker.stack.namespace=$1")" ]; do
    left=$((left - 1))
    sleep "$pause"
  done
}
if [ "$name" = --keep ]; then
  for path in */model.json; do
    one=${path%/model.json}
    case " $* " in *" $one "*) continue ;; esac
    [ -e "$path" ] || continue
    remove "$one"
    rm -rf "${one:?}"
    say "$one is removed; kept: its volumes, and ${PWD%/projects}/stacks/$one"
  done
  exit 0
fi
# the folder of the stack, if it is a Compose project
tries=$2 label='' folder=${PWD%/projects/*}/stacks/$name

# What Compose reads becomes what docker stack deploy accepts. Its schema is an older one (docker/cli,
# cli/compose/schema): no name: at the top, numbers for published ports, texts for CPUs, no
# depends_on: with conditions; GPU requests have become constraints before. A secret or a config
# cannot change in a Swarm, so that the names of those from files end with a hash of the file.
# Numbers and texts stay as JSON has them. perl is in every Debian and Ubuntu.
# Compose creates the folder of a mount that does not exist, and a Swarm refuses it.
convert() { # VERSION FOLDER: of the stack
  perl -e '
    use strict; use warnings; my ($version, $folder, $text) = (@ARGV, do { local $/; <STDIN> });
    sub value {
      $text =~ /\G\s*/gc;
      if ($text =~ /\G\{\s*/gc) {
        my %map;
        until ($text =~ /\G\s*,?\s*\}/gc) {
          $text =~ /\G\s*,?\s*"([^"\\]*(?:\\.[^"\\]*)*)"\s*:/gcs or die "model.json is not JSON\n";
          my $key = $1;
          $map{$key} = value();
        }
        return \%map;
      }
      if ($text =~ /\G\[\s*/gc) {
        my @list;
        until ($text =~ /\G\s*\]/gc) { $text =~ /\G\s*,/gc; push @list, value(); }
        return \@list;
      }
      $text =~ /\G("[^"\\]*(?:\\.[^"\\]*)*"|[-+.\w]+)/gcs or die "model.json is not JSON\n";
      return $1;
    }
    sub json {
      my ($one) = @_;
      return ref $one eq "HASH" ? "{" . join(",", map { "\"$_\":" . json($one->{$_}) } sort keys %$one) . "}"
        : ref $one ? "[" . join(",", map { json($_) } @$one) . "]" : $one;
    }
    sub number { my ($map, @keys) = @_; for (@keys) { $map->{$_} =~ s/^"(\d+)"$/$1/ if defined $map->{$_} } }
    sub texts { my ($map, @keys) = @_; for (@keys) { $map->{$_} =~ s/^([^"].*)$/"$1"/ if defined $map->{$_} } }
    sub plain { # the text of JSON, without the $ that Compose doubles
      my $one = substr($_[0], 1, -1);
      $one =~ s/\\u([0-9a-fA-F]{4})/chr hex $1/ge; $one =~ s/\\(.)/$1/gs; $one =~ s/\$\$/\$/g;
      return $one;
    }
    my %applied = map { $_ => 1 } qw(
      image command entrypoint environment ports volumes networks labels deploy healthcheck hostname user
      working_dir stop_grace_period stop_signal ulimits sysctls cap_add cap_drop dns dns_search extra_hosts
      init logging read_only stdin_open tty configs secrets);
    my $model = value();
    my %out = map { ref $model->{$_} ? ($_ => $model->{$_}) : () } qw(networks volumes secrets configs);
    $out{version} = "\"$version\"" if $version ne "";
    for my $name (sort keys %{$model->{services}}) {
      my %one = %{$model->{services}{$name}};
      for (keys %one) { delete $one{$_} if $one{$_} eq "null" || /^x-/ }
      delete @one{qw(depends_on expose profiles gpus runtime platform attach develop)};
      delete $one{devices} if ref $one{devices} && !grep { json($_) !~ /nvidia/ } @{$one{devices}};
      my @others = grep { !$applied{$_} } sort keys %one;
      die "$name has @others, which a Swarm ignores or refuses\n" if @others;
      for (@{$one{ports} || []}) {
        next unless ref;
        delete @$_{qw(name app_protocol host_ip)};
        delete $_->{published} if ($_->{published} || "") eq "\"\"";
        number($_, "published", "target");
      }
      for (@{$one{volumes} || []}) {
        next unless ref;
        if (($_->{type} || "") eq "\"bind\"" && index(my $path = plain($_->{source} || "\"\""), "$folder/") == 0) {
          system("mkdir", "-p", "--", $path) unless -e $path || -l $path;
        }
        my $spread = ($_->{bind} || {})->{propagation};
        if (defined $spread) { $_->{bind} = {propagation => $spread} } else { delete $_->{bind} }
        for my $kind (qw(volume tmpfs)) { delete $_->{$kind} unless %{$_->{$kind} || {}} }
        number($_->{tmpfs}, "size") if $_->{tmpfs};
      }
      for (map { @{$one{$_} || []} } qw(configs secrets)) {
        next unless ref;
        $_->{mode} = oct $1 if ($_->{mode} || "") =~ /^"(0?[0-7]+)"$/;
      }
      # docker/cli#4859
      $one{extra_hosts} = [map { s/^("[^"=:]*)=/$1:/r } @{$one{extra_hosts}}] if ref $one{extra_hosts} eq "ARRAY";
      delete $one{healthcheck}{start_interval} if $version ne "" && $one{healthcheck};
      my $resources = ($one{deploy} || {})->{resources} || {};
      my @wanted = grep { json($_) =~ /gpu|nvidia/ } @{($resources->{reservations} || {})->{devices} || []};
      die "$name asks for a GPU, and its constraint is missing: run up again\n"
        if @wanted && json(($one{deploy}{placement} || {})->{constraints} || []) !~ /homelab-gpu\.gpu/;
      delete $resources->{reservations}{devices} if $resources->{reservations};
      for (grep { defined } map { $resources->{$_} } qw(limits reservations)) { texts($_, "cpus", "memory"); number($_, "pids") }
      $out{services}{$name} = \%one;
    }
    for my $all (grep { defined } map { $out{$_} } qw(secrets configs)) {
      for (values %$all) {
        next unless defined $_->{file} && defined $_->{name};
        my $file = plain($_->{file});
        open(my $sum, "-|", "sha256sum", "--", $file) or die "sha256sum: $!\n";
        my $hash = <$sum> // "";
        $hash =~ /^\\?([0-9a-f]{12})/ or die "$file cannot be read\n";
        $_->{name} = "\"" . substr(substr($_->{name}, 1, -1), 0, 51) . "-$1\"";
      }
    }
    print json(\%out), "\n";
  ' "$1" "$2"
}

if [ -e model.json ]; then
  label=$name/
  # a command line before 25 needs a version, and later ones take their newest without it
  client=$(docker version --format '{{.Client.Version}}')
  case ${client%%.*} in ? | 1? | 20 | 23 | 24) version=3.9 ;; *) version='' ;; esac
  (umask 077 && convert "$version" "$folder" <model.json >swarm.new.yaml) || {
    say "$name is not deployed"
    exit 1
  }
fi
if grep -q '^services: {}' swarm.new.yaml; then
  remove "$name"
  mv swarm.new.yaml swarm.yaml
  exit 0
fi
set -- --prune
# without it, newer versions of Docker's command line wait without a limit
if docker stack deploy --help 2>/dev/null | grep -q -e --detach; then set -- "$@" --detach=true; fi
[ -n "${PULL-}" ] || set -- "$@" --resolve-image changed
# The login of this node for private registries: without the flag the other nodes cannot pull their images.
if grep -qE '"(auths|credsStore|credHelpers)"' "${DOCKER_CONFIG:-${HOME:-/root}/.docker}/config.json" 2>/dev/null; then
  set -- "$@" --with-registry-auth
fi
before=$(docker service ls -q --filter "label=com.docker.stack.namespace=$name" | xargs)
docker stack deploy "$@" -c swarm.new.yaml "$name" >&2

# A replaced file stays mounted in its old version in a running container. Starts such services again.
if [ -s replaced ]; then
  for service in $before; do
    docker service inspect \
      --format '{{range .Spec.TaskTemplate.ContainerSpec.Mounts}}{{.Source}}{{"\n"}}{{end}}' "$service" |
      while IFS= read -r source; do
        case $source in "$folder"/*) ;; *) continue ;; esac
        grep -qxF "./${source#"$folder"/}" replaced || continue
        docker service update --force --detach --quiet "$service" >/dev/null
        break
      done
  done
fi
rm -f replaced
# former versions of secrets and configs: those in use stay
if [ -n "$label" ]; then
  for kind in secret config; do
    docker "$kind" ls -q --filter "label=com.docker.stack.namespace=$name" |
      while read -r id; do docker "$kind" rm "$id" >/dev/null 2>&1 || true; done
  done
fi

# Prints a line for each service: NAME RUNNING WANTED COMPLETED LOST UPDATE. COMPLETED: the tasks of a service that
# ends on purpose (a job, or restart_policy none or on-failure) that ended with exit code 0. LOST: tasks that failed
# and that Docker does not start again: the newest of their slot, whose desired state is Shutdown.
services() {
  docker service ls --filter "label=com.docker.stack.namespace=$name" --format '{{.Name}} {{.Replicas}}' |
    while read -r service replicas rest; do
      running=${replicas%%/*} wanted=${replicas##*/} ends='' job=''
      about=$(docker service inspect --format '{{if .UpdateStatus}}{{.UpdateStatus.State}}{{end}}|{{with .Spec.TaskTemplate.RestartPolicy}}{{.Condition}}{{end}}' "$service")
      update=${about%%|*}
      case $about in *'|none' | *'|on-failure') ends=yes ;; esac
      # a job: 0/1 (1/1 completed); a limit for each node: 1/2 (max 1 per node)
      case $rest in '('*' completed)') rest=${rest#?} job=${rest%% *} running=0 wanted=${job##*/} ;; esac
      completed=${job%%/*} lost=0
      if [ -n "$ends$job" ] || [ "$running" -lt "$wanted" ]; then
        counted=$(ended "$service" "$ends")
        lost=${counted#* }
        [ -n "$job" ] || completed=${counted% *}
      fi
      # an update of a task that ends within the time of monitor: is paused, even if its exit code is 0
      if [ -n "$ends" ] && [ "$wanted" -le 1 ] && [ "$update" = paused ]; then update=''; fi
      printf '%s %s %s %s %s %s\n' "$service" "$running" "$wanted" "${completed:-0}" "$lost" "${update:--}"
    done
}

# Prints COMPLETED LOST of a service. The newest task of a slot is first.
ended() { # SERVICE ENDS
  docker service ps --no-trunc --format '{{.Name}}|{{.DesiredState}}|{{.CurrentState}}' "$1" |
    awk -F '|' -v ends="$2" '
      { sub(/^ *\\_ /, "", $1) }
      seen[$1]++ { next }
      $3 ~ /^Complete/ && ends != "" { completed++ }
      $3 ~ /^(Failed|Rejected)/ && $2 == "Shutdown" { lost++ }
      END { print completed + 0, lost + 0 }'
}

# Docker does not try again to place a task that was pending when its service was deployed again
# (moby/moby#53722, seen with 20.10): a new task is placed.
replace_pending() { # SERVICE RUNNING
  [ "$2" = 0 ] || return 0
  tasks "$1" | grep -q '^Pending.*no suitable node' || return 0
  docker service update --force --detach --quiet "$1" >/dev/null
}

tasks() { # SERVICE
  docker service ps --no-trunc --filter desired-state=running --format '{{.CurrentState}}|{{.Node}}|{{.Error}}' "$1"
}

# A task reports only that there is no such image, whatever the registry answered (moby/moby#52570).
ask_registry() { # SERVICE ERROR
  case $2 in *'No such image'*) ;; *) return 0 ;; esac
  image=$(docker service inspect --format '{{.Spec.TaskTemplate.ContainerSpec.Image}}' "$1")
  if said=$(timeout 20 docker manifest inspect "$image" 2>&1 >/dev/null </dev/null); then
    said='this node can read it there; perhaps the node of the task does not reach the registry'
  fi
  say "$image in its registry: $(printf %s "$said" | tr -s '\n' ' ' | cut -c 1-300)"
}

again=$((tries / 2)) lost_before=''
sleep "$pause"
while :; do
  waiting='' preparing='' stuck='' lost_now=''
  all=$(services)
  while read -r service running wanted completed lost update; do
    case $update in
      paused | rollback*) stuck="$service: the update is $update" && continue ;;
    esac
    [ "$((running + completed))" -lt "${wanted:-0}" ] || [ "${lost:-0}" != 0 ] || [ "$update" = updating ] || continue
    waiting="$waiting $service"
    # an update or a new task can follow: what is seen twice stays
    if [ "$lost" != 0 ] && [ "$update" != updating ]; then
      lost_now="$lost_now $service "
      case $lost_before in *" $service "*) stuck="$service ended, and Docker does not start it again" ;; esac
    fi
    if [ "$tries" -le "$again" ]; then replace_pending "$service" "$running"; fi
    if tasks "$service" | grep -qE '^(Preparing|Assigned|Accepted)'; then preparing=yes; fi
  done <<EOT
$all
EOT
  lost_before=$lost_now
  if [ "$tries" -le "$again" ]; then again=-1; fi
  [ -n "$waiting$stuck" ] || break
  [ -n "$preparing" ] || tries=$((tries - 1))
  if [ "$tries" -le 0 ] || [ -n "$stuck" ]; then
    for service in $waiting; do
      # what its program printed, then the newest error of a task
      timeout 15 docker service logs --raw --tail 10 "$service" 2>&1 </dev/null | sed 's/^/  /' >&2 || true
      why=$(docker service ps --no-trunc --format '{{.Error}}' "$service" | grep -m 1 . || echo 'no task reports an error')
      ask_registry "$service" "$why"
      say "$service does not run: $why"
    done
    [ -z "$stuck" ] || say "$stuck"
    exit 1
  fi
  sleep "$pause"
done
printf '%s\n' "$all" | while read -r service running _ completed _; do
  [ -n "$service" ] || continue
  nodes=$(docker service ps --filter desired-state=running --format '{{.Node}}' "$service" | sort -u | xargs)
  state="$running running on ${nodes:-no node}"
  case $running,$completed in 0,[1-9]*) state="$completed completed" ;; *,[1-9]*) state="$state, $completed completed" ;; esac
  printf '%s: %s\n' "$label${service#"$name"_}" "$state"
done
mv swarm.new.yaml swarm.yaml
