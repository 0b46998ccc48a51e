/// What each metric of a node means, for the page and for those who look names up.
package enum MetricGlossary {
    /// Seconds; from what a hop in memory takes to the longest that a call waits.
    private static let seconds: [Double] = [
        0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
    ]
    /// Of sizes that are no times.
    private static let sizes: [Double] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000]

    static func bounds(of name: String) -> [Double] { name.hasSuffix("_seconds") ? seconds : sizes }

    /// One sentence; of metrics that are not ours only that they are somebody's.
    static func help(of name: String) -> String { meanings[name] ?? "Of a library." }

    /// By name.
    package static let meanings: [String: String] = [
        "satgate_ready": "1 while the node should be sent agents.",
        "satgate_build_info": "1; the version says which program runs.",
        "satgate_nodes_alive": "Nodes of the cluster seen at the last heartbeat, this one included.",
        "satgate_calls_total": "Calls that were to be sent upstream, by what came of them.",
        "satgate_call_duration_seconds": "From an agent's request to its answer, of calls that were to be sent upstream.",
        "satgate_stage_duration_seconds": "How long requests took in each stage.",
        "satgate_requests_running": "Requests of agents in sessions that are not answered yet.",
        "satgate_refusals_total": "Requests that were refused or brought no result, by reason.",
        "satgate_refusals_unenforced_total": "Calls that were made though a limit says no, because it is not enforced, by reason.",
        "satgate_charged_credits_total": "Credits charged for calls of this node.",
        "satgate_holds_open": "Holds of calls in flight on this node.",
        "satgate_holds_lapsed_total": "Holds that this node gave back because their lease had ended: their node died or was cut off.",
        "satgate_reservations_total": "Calls whose price was reserved, by way: from a slice of this node, or by the ledger in Redis.",
        "satgate_slices_total": "Slices of budgets that this node asked for, by what came of it; near: too little was free.",
        "satgate_slice_credits": "Credits in slices of this node that no call was reserved from yet.",
        "satgate_settlements_waiting": "Ends of holds that Redis has not taken yet.",
        "satgate_settlements_late_total": "Calls charged after their hold had lapsed.",
        "satgate_sessions_known": "Sessions that this node remembers.",
        "satgate_streams_open": "Streams that agents hold open, by kind: of a GET, of HTTP+SSE, of subscriptions/listen.",
        "satgate_connections_open": "Connections of agents.",
        "satgate_connections_shed_total": "Connections of agents closed at once, by what had too many: node, address.",
        "satgate_connections_cut_total": "Connections of agents closed for what was not done in time.",
        "satgate_tls_reloads_total": "Changes of the files of a port's certificate, by what became of them.",
        "satgate_tls_certificate_end_seconds": "When the certificate that a port shows ends, in unix seconds; 0: none.",
        "satgate_oauth_fetches_total": "Times that an issuer's keys were asked for, by what came of it.",
        "satgate_oauth_keys": "Keys of an issuer that prove its tokens.",
        "satgate_upstream_calls_total": "What was sent to upstreams for agents, by what came of it.",
        "satgate_upstream_connections": "Connections to upstreams that are open or being opened, and those of them that do nothing.",
        "satgate_upstream_calls_waiting": "Requests that wait for a connection to their upstream.",
        "satgate_upstreams": "Upstreams of all tenants by how they stand, as the cluster found them.",
        "satgate_redis_round_trip_seconds": "From handing a command to its connection until Redis' reply.",
        "satgate_redis_errors_total": "Commands without a good reply, by kind.",
        "satgate_redis_connections_opened_total": "Connections to Redis that became ready.",
        "satgate_redis_failovers_total": "Times that another server took a master's place.",
        "satgate_redis_connections_lost_total": "Connections to Redis, or attempts at one, that ended.",
        "satgate_redis_commands_pending": "Commands that wait for a connection or a reply.",
        "satgate_events_waiting": "Events on their way to Redis.",
        "satgate_events_dropped_total": "Events lost because too many waited.",
        "satgate_event_loop_lag_seconds": "How late event loops came to a beat that is due twice a second.",
        "process_cpu_seconds_total": "Seconds of CPU used.",
        "process_resident_memory_bytes": "Bytes of memory in use.",
        "process_open_fds": "Open file descriptors.",
        "process_max_fds": "File descriptors that may be open.",
        "process_start_time_seconds": "When the process began, in unix seconds.",
    ]
}
