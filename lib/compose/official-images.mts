/** The names of Docker Hub's official images. */
import { imageParts } from "./image-name.mts";

/**
 * Docker Hub's official images, whose names have no slash: those of today, and those that were removed and can still be
 * pulled. Source: github.com/docker-library/official-images, files below library/ and its history; read 2026-11-27.
 */
const official = new Set([
  ..."adminer adoptopenjdk aerospike almalinux alpine alt amazoncorretto amazonlinux api-firewall arangodb".split(" "),
  ..."archlinux azul-zulu backdrop bash bonita buildpack-deps busybox caddy cassandra celery centos chronograf".split(
    " ",
  ),
  ..."cirros clearlinux clefos clickhouse clojure composer consul convertigo couchbase couchdb couchdb-nouveau".split(
    " ",
  ),
  ..."crate crux dart debian django docker docker-dev drupal eclipse-mosquitto eclipse-temurin eggdrop".split(" "),
  ..."elasticsearch elixir emqx erlang espocrm euleros express-gateway fedora flink fluentd friendica fsharp".split(
    " ",
  ),
  ..."gazebo gcc geonetwork ghost glassfish golang gradle groovy haproxy haskell haxe hello-seattle hello-world".split(
    " ",
  ),
  ..."hipache hitch hola-mundo httpd hylang ibm-semeru-runtimes ibmjava influxdb iojs irssi java jenkins jetty".split(
    " ",
  ),
  ..."jobber joomla jruby julia kaazing-gateway kapacitor kibana known kong krakend lightstreamer".split(" "),
  ..."lightstreamer-server liquibase logstash mageia mariadb matomo maven mediawiki memcached mongo mongo-express"
    .split(" "),
  ..."monica mono mosquitto mysql nats nats-streaming neo4j neurodebian nextcloud nginx nim node notary".split(" "),
  ..."notary-server notary-signer nuxeo odoo open-liberty openjdk opensuse oraclelinux orientdb owncloud percona".split(
    " ",
  ),
  ..."perl photon php php-zendserver phpmyadmin piwik plone postfixadmin postgres pypy python r-base rabbitmq".split(
    " ",
  ),
  ..."rails rakudo-star rapidoid redis redmine registry rethinkdb rocket.chat rockylinux ros ruby rust sapmachine"
    .split(" "),
  ..."satosa scratch sentry silverpeas sl solr sonarqube sourcemage spark spiped storm swarm swift swipl".split(" "),
  ..."teamspeak telegraf thrift tomcat tomee traefik ubuntu ubuntu-debootstrap ubuntu-upstart unit varnish vault".split(
    " ",
  ),
  ..."websphere-liberty wordpress xwiki yourls zend-php znc zookeeper".split(" "),
]);

/**
 * Why Docker Hub has no image of a name; undefined if it may have one. A name without a slash is that of an official
 * image. An account of Docker Hub has only lower-case letters and digits in its name (docs.docker.com, accounts, create
 * an account; read 2026-11-29); underscores are left out, since old accounts may have them.
 */
export function absentOnHub(image: string): string | undefined {
  const name = imageParts(image)[0].replace(/^(docker\.io\/)?(library\/)?/, "");
  const [account, ...rest] = name.split("/");
  if (rest.length === 1 && /^[a-z0-9]+(-[a-z0-9]+)+$/.test(account!)) {
    return "names of Docker Hub's accounts have no hyphen";
  }
  // a name of one letter stands for some image
  return /^[a-z0-9._-]{2,}$/.test(name) && !official.has(name)
    ? "Docker Hub has no official image of that name"
    : undefined;
}
