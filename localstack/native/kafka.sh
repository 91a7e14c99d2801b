# shellcheck shell=bash disable=SC2154 # what is not assigned here is set in parts.sh
# Apache Kafka from its jars on Maven Central: one KRaft node that is broker and controller, or, for tests of faults,
# more brokers beside it (ROOMTONE_KAFKA_BROKERS_COUNT) on the ports above the controller's.

kafka_port=${ROOMTONE_KAFKA_PORT:-9092}
kafka_controller_port=${ROOMTONE_KAFKA_CONTROLLER_PORT:-$((kafka_port + 1))}
kafka_brokers_count=${ROOMTONE_KAFKA_BROKERS_COUNT:-1}
# Of each record: how many copies, and how many must have it before it counts as written.
kafka_copies=1 kafka_in_sync=1
if [ "$kafka_brokers_count" -ge 3 ]; then kafka_copies=3 kafka_in_sync=2; fi

# The ports of the brokers: 9092, then 9094, 9095 …
kafka_ports() {
  local node
  printf '%s\n' "$kafka_port"
  for ((node = 2; node <= kafka_brokers_count; node++)); do printf '%s\n' "$((kafka_controller_port + node - 1))"; done
}

kafka_where() {
  local brokers
  brokers=$(kafka_ports | sed 's/^/127.0.0.1:/' | tr '\n' ,)
  printf 'KAFKA_BROKERS=%s' "${brokers%,}"
}

kafka_install() { need_java Kafka && need_maven_jars kafka Kafka; }

kafka_download() { maven_jars kafka "$1" -DincludeScope=runtime; }

kafka_java() {
  java -Xmx256m -cp "$packages/kafka/*" "-Dlog4j2.configurationFile=$here/native/kafka/log4j2.yaml" "$@"
}

# kafka_properties NODE PORT FOLDER
kafka_properties() {
  local roles=broker listeners=BROKER://127.0.0.1:$2
  if [ "$1" -eq 1 ]; then
    roles=broker,controller
    listeners=$listeners,CONTROLLER://127.0.0.1:$kafka_controller_port
  fi
  cat <<END
node.id=$1
process.roles=$roles
listeners=$listeners
advertised.listeners=BROKER://127.0.0.1:$2
listener.security.protocol.map=BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=BROKER
controller.listener.names=CONTROLLER
controller.quorum.voters=1@127.0.0.1:$kafka_controller_port
log.dirs=$3/log

# Who uses a topic says what it should be like.
auto.create.topics.enable=false
default.replication.factor=$kafka_copies
min.insync.replicas=$kafka_in_sync
offsets.topic.replication.factor=$kafka_copies
transaction.state.log.replication.factor=$kafka_copies
transaction.state.log.min.isr=$kafka_in_sync
share.coordinator.state.topic.replication.factor=$kafka_copies
share.coordinator.state.topic.min.isr=$kafka_in_sync

# Small: one machine, few clients.
offsets.topic.num.partitions=4
transaction.state.log.num.partitions=4
share.coordinator.state.topic.num.partitions=4
num.network.threads=2
num.io.threads=4
log.cleaner.dedupe.buffer.size=8388608

# Quick: nobody here waits for others who may yet come.
group.initial.rebalance.delay.ms=0
broker.heartbeat.interval.ms=500
# A broker that is back leads again soon what it led.
leader.imbalance.check.interval.seconds=5
leader.imbalance.per.broker.percentage=0
END
}

# kafka_prepare NODE PORT FOLDER: writes the settings, and formats the folder if it is new.
kafka_prepare() {
  local id=$data/kafka/cluster-id
  mkdir -p "$3" || return 1
  kafka_properties "$@" >"$3/server.properties" || return 1
  if [ -e "$3/log/meta.properties" ]; then return 0; fi
  # 16 octets, as Kafka writes them; an id that began with a dash would be taken for a flag.
  if [ ! -s "$id" ]; then head -c 16 /dev/urandom | base64 | tr '+/' 'AB' | tr -d '=\n' >"$id"; fi
  kafka_java kafka.tools.StorageTool format --cluster-id "$(cat "$id")" --config "$3/server.properties" \
    >"$logs/kafka-format.log" 2>&1 || {
    tail -n 5 "$logs/kafka-format.log" >&2
    return 1
  }
}

kafka_start() {
  local node=0 port name folder
  for port in $(kafka_ports); do
    node=$((node + 1)) name=kafka
    if [ "$node" -gt 1 ]; then name=kafka-$node; fi
    folder=$data/kafka/$node
    if ! alive "$name"; then kafka_prepare "$node" "$port" "$folder" || return 1; fi
    begin "$name" "$port" java -Xms256m -Xmx512m -XX:+ExitOnOutOfMemoryError -cp "$packages/kafka/*" \
      "-Dlog4j2.configurationFile=$here/native/kafka/log4j2.yaml" kafka.Kafka "$folder/server.properties" || return 1
  done
}

# ApiVersions, version 0, with the correlation id "room": a broker answers nothing before the controller has let it in.
kafka_probe() {
  local port
  for port in $(kafka_ports); do
    ask "$port" '\0000\0000\0000\0012\0000\0022\0000\0000room\0377\0377' room || return 1
  done
}

kafka_version() { sed -n 's|.*<version>\(.*\)</version> *<!-- Kafka -->.*|Kafka \1|p' "$here/native/kafka/pom.xml"; }
