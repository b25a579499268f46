"""Names that senders really use, each with what its specification says; written from there, not from the table."""

from __future__ import annotations

import pytest

from aiops.model.metric_semantics.semantics import MetricRole, Worse
from aiops.model.metric_semantics.table import MetricTable

TABLE = MetricTable()
WAYS = {"up": Worse.UP, "down": Worse.DOWN, "-": Worse.NEITHER}
OPENTELEMETRY = """
http.server.request.duration                    s               latency         up
http.server.request.duration.p50                s               latency         up
http.server.request.duration.p99                s               latency         up
http.server.request.duration.count              1               traffic         -
http.server.duration                            ms              latency         up
http.server.duration.p99                        ms              latency         up
http.server.active_requests                     {request}       queue           up
http.server.request.body.size                   By              traffic         -
http.server.response.body.size.count            1               traffic         -
http.client.request.duration                    s               latency         up
http.client.duration.p90                        ms              latency         up
http.client.open_connections                    {connection}    saturation      up
rpc.server.duration                             ms              latency         up
rpc.server.call.duration.p99                    s               latency         up
rpc.client.duration.count                       1               traffic         -
dns.lookup.duration                             s               latency         up
faas.errors                                     {error}         errors          up
faas.timeouts                                   {timeout}       errors          up
db.client.operation.duration                    s               latency         up
db.client.connection.count                      {connection}    saturation      up
db.client.connection.pending_requests           {request}       queue           up
db.client.connection.timeouts                   {timeout}       errors          up
db.client.connection.wait_time                  s               queue           up
db.client.connection.max                        {connection}    other           -
db.client.connections.usage                     {connection}    saturation      up
messaging.client.operation.duration             s               latency         up
messaging.client.sent.messages                  {message}       traffic         -
messaging.process.duration.p99                  s               latency         up
system.cpu.time                                 s               resource        up
system.cpu.utilization                          1               saturation      up
system.cpu.load_average.1m                      {thread}        saturation      up
system.cpu.logical.count                        {cpu}           other           -
system.memory.usage                             By              resource        up
system.memory.utilization                       1               saturation      up
system.memory.linux.available                   By              saturation      down
system.paging.utilization                       1               saturation      up
system.filesystem.usage                         By              resource        up
system.filesystem.utilization                   1               saturation      up
system.disk.io                                  By              resource        -
system.disk.pending_operations                  {operation}     queue           up
system.network.io                               By              traffic         -
system.network.errors                           {error}         errors          up
system.network.dropped                          {packet}        errors          up
system.network.packet.dropped                   {packet}        errors          up
system.uptime                                   s               runtime         -
process.cpu.time                                s               resource        up
process.cpu.utilization                         1               saturation      up
process.memory.usage                            By              resource        up
process.memory.virtual                          By              resource        -
process.thread.count                            {thread}        runtime         -
process.unix.file_descriptor.count              {file_descriptor} saturation    up
process.uptime                                  s               runtime         -
jvm.memory.used                                 By              resource        up
jvm.memory.limit                                By              other           -
jvm.gc.duration.p99                             s               runtime         up
jvm.gc.duration.count                           1               runtime         -
jvm.cpu.recent_utilization                      1               saturation      up
jvm.thread.count                                {thread}        runtime         -
go.goroutine.count                              {goroutine}     runtime         up
go.schedule.duration.p99                        s               saturation      up
go.memory.allocated                             By              runtime         -
nodejs.eventloop.utilization                    1               saturation      up
nodejs.eventloop.delay.p99                      s               saturation      up
v8js.gc.duration                                s               runtime         up
v8js.memory.heap.used                           By              resource        up
cpython.gc.collections                          {collection}    runtime         -
dotnet.thread_pool.queue.length                 {work_item}     queue           up
dotnet.exceptions                               {exception}     errors          up
dotnet.gc.pause.time                            s               runtime         up
kestrel.queued_requests                         {request}       queue           up
kestrel.rejected_connections                    {connection}    errors          up
k8s.container.restarts                          {restart}       availability    up
k8s.container.restart.count                     {restart}       availability    up
k8s.deployment.available                        {pod}           availability    down
k8s.deployment.pod.available                    {pod}           availability    down
k8s.deployment.desired                          {pod}           other           -
k8s.pod.memory.working_set                      By              resource        up
k8s.pod.cpu.usage                               {cpu}           resource        up
k8s.pod.cpu_limit_utilization                   1               saturation      up
k8s.container.memory_limit_utilization          1               saturation      up
k8s.container.cpu_limit                         {cpu}           other           -
k8s.pod.network.errors                          {error}         errors          up
k8s.volume.available                            By              saturation      down
k8s.node.condition_ready                        {condition}     availability    down
k8s.node.filesystem.available                   By              saturation      down
k8s.job.failed_pods                             {pod}           errors          up
container.cpu.time                              s               resource        up
container.cpu.throttling_data.throttled_time    ns              saturation      up
container.memory.available                      By              saturation      down
container.network.io.usage.rx_dropped           {packets}       errors          up
hw.errors                                       {error}         errors          up
hw.battery.charge                               1               saturation      down
hw.network.up                                   1               availability    down
hw.temperature                                  Cel             other           up
hw.gpu.utilization                              1               saturation      up
"""
RECEIVERS = """
postgresql.backends                             1               saturation      up
postgresql.commits                              1               traffic         -
postgresql.rollbacks                            1               errors          up
postgresql.deadlocks                            {deadlock}      errors          up
postgresql.connection.max                       {connections}   other           -
postgresql.replication.data_delay               By              queue           up
postgresql.wal.lag                              s               queue           up
redis.cmd.latency                               s               latency         up
redis.clients.connected                         {client}        saturation      up
redis.clients.blocked                           {client}        queue           up
redis.connections.rejected                      {connection}    errors          up
redis.keys.evicted                              {key}           saturation      up
redis.keyspace.hits                             {hit}           traffic         -
redis.keyspace.misses                           {miss}          other           up
redis.memory.used                               By              resource        up
redis.uptime                                    s               runtime         -
nginx.requests                                  requests        traffic         -
nginx.connections_current                       connections     saturation      up
haproxy.requests.queued                         {requests}      queue           up
haproxy.requests.errors                         {errors}        errors          up
haproxy.connections.retries                     {retries}       errors          up
haproxy.responses.average_time                  ms              latency         up
haproxy.sessions.average                        ms              latency         up
haproxy.sessions.limit                          {sessions}      other           -
haproxy.downtime                                s               availability    up
rabbitmq.message.current                        {messages}      queue           up
rabbitmq.message.published                      {messages}      traffic         -
rabbitmq.message.dropped                        {messages}      errors          up
rabbitmq.consumer.count                         {consumers}     availability    down
rabbitmq.node.disk_free                         {bytes}         saturation      down
kafka.consumer_group.lag                        1               queue           up
kafka.partition.replicas_in_sync                {replicas}      availability    down
kafka.request.time.99p                          ms              latency         up
kafka.partition.under_replicated                {partitions}    availability    up
"""
PROMETHEUS = """
up                                              -               availability    down
http_server_request_duration_seconds_bucket     -               latency         up
http_server_request_duration_seconds_count      -               traffic         -
http_server_request_duration_seconds_sum        -               traffic         -
http_server_active_requests                     -               queue           up
http_request_duration_seconds_bucket            -               latency         up
http_requests_total                             -               traffic         -
system_cpu_utilization_ratio                    -               saturation      up
system_memory_usage_bytes                       -               resource        up
system_network_errors_total                     -               errors          up
process_cpu_seconds_total                       -               resource        up
process_resident_memory_bytes                   -               resource        up
process_open_fds                                -               saturation      up
process_start_time_seconds                      -               other           -
go_goroutines                                   -               runtime         up
go_gc_duration_seconds                          -               runtime         up
go_gc_duration_seconds_count                    -               runtime         -
grpc_server_handling_seconds_bucket             -               latency         up
grpc_server_handled_total                       -               traffic         -
node_cpu_seconds_total                          -               resource        up
node_load1                                      -               saturation      up
node_memory_MemAvailable_bytes                  -               saturation      down
node_memory_MemTotal_bytes                      -               other           -
node_filesystem_avail_bytes                     -               saturation      down
node_filesystem_size_bytes                      -               other           -
node_filesystem_readonly                        -               availability    up
node_disk_io_time_seconds_total                 -               saturation      up
node_disk_read_bytes_total                      -               resource        -
node_network_receive_bytes_total                -               traffic         -
node_network_receive_errs_total                 -               errors          up
node_network_transmit_drop_total                -               errors          up
node_netstat_Tcp_RetransSegs                    -               errors          up
node_vmstat_oom_kill                            -               availability    up
node_pressure_memory_stalled_seconds_total      -               saturation      up
node_timex_sync_status                          -               availability    down
node_boot_time_seconds                          -               other           -
node_nf_conntrack_entries                       -               saturation      up
kube_deployment_status_replicas_available       -               availability    down
kube_deployment_status_replicas_unavailable     -               availability    up
kube_deployment_spec_replicas                   -               other           -
kube_pod_container_status_restarts_total        -               availability    up
kube_pod_container_status_ready                 -               availability    down
kube_pod_status_unschedulable                   -               availability    up
kube_endpoint_address_not_ready                 -               availability    up
kube_endpoint_address_available                 -               availability    down
kube_job_status_failed                          -               errors          up
kube_pod_info                                   -               other           -
container_cpu_usage_seconds_total               -               resource        up
container_cpu_cfs_throttled_seconds_total       -               saturation      up
container_memory_working_set_bytes              -               resource        up
container_spec_memory_limit_bytes               -               other           -
container_oom_events_total                      -               availability    up
container_fs_usage_bytes                        -               resource        up
container_network_receive_packets_dropped_total -               errors          up
jvm_memory_used_bytes                           -               resource        up
jvm_memory_max_bytes                            -               other           -
jvm_gc_collection_seconds_sum                   -               runtime         up
jvm_threads_deadlocked                          -               errors          up
java_lang_OperatingSystem_ProcessCpuLoad        -               saturation      up
java_lang_Memory_HeapMemoryUsage_used           -               resource        up
kafka_server_replicamanager_underreplicatedpartitions -         availability    up
kafka_server_brokertopicmetrics_messagesin_total -              traffic         -
kafka_server_brokertopicmetrics_failedproducerequests_total -   errors          up
kafka_network_requestmetrics_totaltimems        -               latency         up
kafka_network_requestchannel_requestqueuesize   -               queue           up
http_server_requests_seconds_bucket             -               latency         up
hikaricp_connections_pending                    -               queue           up
hikaricp_connections_timeout_total              -               errors          up
tomcat_threads_busy_threads                     -               saturation      up
pg_up                                           -               availability    down
pg_stat_database_xact_commit                    -               traffic         -
pg_stat_database_deadlocks                      -               errors          up
pg_stat_activity_count                          -               saturation      up
pg_stat_activity_max_tx_duration                -               latency         up
pg_replication_lag_seconds                      -               queue           up
pg_settings_max_connections                     -               other           -
redis_up                                        -               availability    down
redis_connected_clients                         -               saturation      up
redis_rejected_connections_total                -               errors          up
redis_keyspace_hits_total                       -               traffic         -
redis_master_link_up                            -               availability    down
redis_memory_max_bytes                          -               other           -
kafka_consumergroup_lag                         -               queue           up
kafka_topic_partition_in_sync_replica           -               availability    down
nginx_up                                        -               availability    down
nginx_connections_active                        -               saturation      up
nginx_connections_waiting                       -               other           -
nginx_http_requests_total                       -               traffic         -
nginxplus_upstream_server_unavail               -               availability    up
probe_success                                   -               availability    down
probe_duration_seconds                          -               latency         up
probe_ssl_earliest_cert_expiry                  -               availability    down
probe_http_status_code                          -               availability    up
otelcol_exporter_send_failed_spans_total        -               errors          up
otelcol_exporter_queue_size                     -               queue           up
otelcol_receiver_refused_metric_points          -               errors          up
"""


def lines(text: str) -> list[tuple[str, str, MetricRole, Worse]]:
    found = []
    for line in text.strip().splitlines():
        name, unit, role, way = line.split()
        found.append((name, "" if unit == "-" else unit, MetricRole(role), WAYS[way]))
    return found


REAL = [*lines(OPENTELEMETRY), *lines(RECEIVERS), *lines(PROMETHEUS)]


def test_there_are_many_and_each_is_there_once() -> None:
    """A list that shrank would prove less."""
    names = [name for name, *_ in REAL]
    assert len(names) >= 150
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(("metric", "unit", "role", "worse"), REAL)
def test_the_table_says_what_the_specification_says(metric: str, unit: str, role: MetricRole, worse: Worse) -> None:
    """Role and direction of each name, found in a row and not guessed."""
    found = TABLE.of(metric, unit)
    assert (found.role, found.worse, found.known) == (role, worse, True)
