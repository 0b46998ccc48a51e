import Governance

/// The open streams of a node, each with the tokens whose revocation ends it.
struct WatchedStreams {
    /// Where one is held, as long as it is open.
    struct Place: Sendable, Hashable {
        fileprivate let tenant: TenantName
        fileprivate let serial: UInt64
    }

    private struct Held {
        let lineage: [TokenID]
        let end: @Sendable () -> Void
    }

    private var lastSerial: UInt64 = 0
    private var held: [TenantName: [UInt64: Held]] = [:]

    /// Holds a stream that `end` ends.
    mutating func add(_ grant: Grant, _ end: @escaping @Sendable () -> Void) -> Place {
        lastSerial += 1
        held[grant.tenant, default: [:]][lastSerial] = Held(lineage: grant.lineage, end: end)
        return Place(tenant: grant.tenant, serial: lastSerial)
    }

    /// The stream has ended.
    mutating func remove(_ place: Place) {
        held[place.tenant]?[place.serial] = nil
        if held[place.tenant]?.isEmpty == true { held[place.tenant] = nil }
    }

    /// Whether the tenant has any.
    func has(_ tenant: TenantName) -> Bool { held[tenant] != nil }

    /// What ends the streams whose lineage has one of these.
    func ends(of tenant: TenantName, withAny tokens: Set<TokenID>) -> [@Sendable () -> Void] {
        (held[tenant] ?? [:]).values.filter { !tokens.isDisjoint(with: $0.lineage) }.map(\.end)
    }
}
