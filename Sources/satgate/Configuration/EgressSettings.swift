import Configuration
import Upstreams

extension EgressPolicy {
    /// Where upstreams may be: `upstreams.allow_private_networks` (true or false, false), `upstreams.allow_networks` (CIDR blocks, none).
    init(_ reader: ConfigReader) async throws {
        let networks = try (try await reader.fetchStringArray(forKey: "upstreams.allow_networks") ?? []).map { text in
            guard let network = IPNetwork(text.filter { $0 != " " }) else {
                throw BadValue(
                    key: "upstreams.allow_networks", wanted: "CIDR blocks such as 10.1.0.0/16 without bits behind the prefix")
            }
            return network
        }
        self.init(
            allowsPrivateNetworks: try await reader.fetchBool(forKey: "upstreams.allow_private_networks") ?? false,
            allowedNetworks: networks)
    }
}
