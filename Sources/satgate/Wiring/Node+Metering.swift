import Console
import Gateway
import Governance
import Redis
import Store
import Telemetry

extension Node {
    /// What the node counts, for its operators.
    static func metering(_ client: RedisClient, _ names: KeyNames, _ tenants: any TenantAdmin) -> Metering {
        Metering(
            page: { MetricRegistry.installed.page }, activity: RedisActivityMonitor(redis: client, names: names), tenants: tenants)
    }
}
